from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from gateway.history import in_fold_order


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
