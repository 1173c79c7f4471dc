from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from casebus.cases.visibility import Access, Viewer
from gateway.cases.history import closed_history, in_fold_order
from tests.case_events import ROOT

ACCESS = Access.load(ROOT / "policies")


def row(name: str, day: int) -> dict[str, Any]:
    return {"source": "a", "id": name, "legal_at": datetime(2026, 3, day, tzinfo=UTC)}


def names(rows: list[Any]) -> str:
    return "".join(one["id"] for one in rows)


def order(text: str) -> list[tuple[str, str]]:
    return [("a", name) for name in text]


def test_events_stand_in_the_order_of_the_fold_and_not_of_time() -> None:
    rows = [row("x", 5), row("y", 2), row("z", 9)]
    assert names(in_fold_order(rows, order("xyz"))) == "xyz"


def test_what_was_not_folded_stands_by_its_legal_time() -> None:
    rows = [row("x", 1), row("y", 5), row("b", 3), row("c", 9), row("d", 5)]
    assert names(in_fold_order(rows, order("xy"))) == "xbydc"


def test_a_case_that_was_never_folded_is_shown_by_legal_time() -> None:
    assert names(in_fold_order([row("b", 1), row("a", 2)], [])) == "ba"


def test_a_closed_case_shows_types_and_months_in_an_order_that_says_nothing() -> None:
    viewer = Viewer("us", "court", has_role=False, is_secret=True)

    def event(name: str, day: int, author: str, to: tuple[str, ...] = ()) -> dict[str, Any]:
        more = {"author": author, "recipients": to, "type": f"casebus.{name}.v1"}
        return {**row(name, day), **more}

    rows = [
        event("b.told", 2, "them"),
        event("a.told", 3, "them"),
        event("note.sent", 4, "them", ("us",)),
        event("clock.breached", 5, "bus"),
        event("intake.received", 6, "them"),
        event("note.answered", 7, "us"),
    ]
    seen = closed_history(viewer, ACCESS, rows)
    assert [one if isinstance(one, dict) else one[:3] for one in seen] == [
        ("2026-03-1", "casebus.a.told.v1", "2026-03"),
        ("2026-03-2", "casebus.b.told.v1", "2026-03"),
        rows[2],
        rows[5],
    ]
    # Another order, and what the bus says of it, change nothing.
    other = [rows[1], rows[0], event("finding.raised", 1, "bus"), rows[2], rows[5]]
    assert closed_history(viewer, ACCESS, other) == seen
