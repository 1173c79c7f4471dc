"""What is shown to who may not know is a function of what it may know alone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casebus.cases.visibility import Access, Viewer
from casebus.events.legaltime import CHINA
from gateway.access import redaction
from gateway.cases.history import closed_history
from tests.case_events import OTHER_PSB, PSB, ROOT, event, folded, storyline
from tests.world import SCHEMAS

ACCESS = Access.load(ROOT / "policies")
STORYLINE = storyline()
NAMES = st.sampled_from(["case.noted", "referral.filed", "referral.sent", "case.linked"])
TYPES = st.sampled_from(["casebus.a.told.v1", "casebus.b.told.v1"])
START = datetime(2026, 1, 31, 15, tzinfo=UTC)
CLOSED = Viewer("us", "court", has_role=False, is_secret=True)


@given(st.integers(1, len(STORYLINE)), st.integers(1, len(STORYLINE)), NAMES, st.booleans())
def test_how_a_case_stands_is_told_to_no_stranger(
    one: int, other: int, name: str, secret: bool
) -> None:
    """A stranger that writes into it is told the same whatever has happened there."""
    late = event(OTHER_PSB, name, "2026-12-01", id="theirs", to=(PSB,))
    mark = "MINOR" if secret else "NONE"
    marked = event(STORYLINE[0].source, "case.noted", "2026-03-02", id="mark", secrecy=mark)

    def told(length: int) -> list[Any]:
        case = folded([*STORYLINE[:length], marked, late])
        return [found for found in case.findings if OTHER_PSB in found.tell]

    seen, elsewhere = told(max(one, 3)), told(max(other, 3))
    assert seen
    assert [found.to_json() for found in seen] == [found.to_json() for found in elsewhere]


@st.composite
def events(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Of one case: ours, sent to us, others', and the bus's own."""
    found = []
    for at in range(draw(st.integers(0, 8))):
        author = draw(st.sampled_from(["us", "them", "bus"]))
        to = draw(st.sampled_from([(), ("us",)]))
        day = START + timedelta(days=draw(st.integers(0, 40)))
        found.append(
            {
                "source": author,
                "id": str(at),
                "author": author,
                "recipients": to,
                "type": draw(TYPES),
                "legal_at": day,
                "text": draw(st.text(max_size=3)),
            }
        )
    return found


@given(events(), st.randoms(use_true_random=False), st.integers(1, 5))
def test_of_a_closed_case_types_and_months_are_all_that_others_acts_show(
    rows: list[dict[str, Any]], random: Any, bus: int
) -> None:
    def ours(row: dict[str, Any]) -> bool:
        return row["author"] == "us" or "us" in row["recipients"]

    hidden = [row for row in rows if not ours(row) and row["author"] != "bus"]
    random.shuffle(hidden)
    month = [row["legal_at"].astimezone(CHINA).strftime("%Y-%m") for row in hidden]
    elsewhere = [
        {
            **row,
            "source": "somebody",
            "author": "somebody",
            "id": f"x{at}",
            "text": "other",
            "legal_at": datetime.fromisoformat(f"{month[at]}-1{at}T00:00:00+08:00"),
        }
        for at, row in enumerate(hidden)
    ]
    more = [{**one, "source": "bus", "author": "bus"} for one in elsewhere[:bus]]
    other = [*elsewhere, *more, *(row for row in rows if ours(row))]
    assert closed_history(CLOSED, ACCESS, other) == closed_history(CLOSED, ACCESS, rows)


@given(st.sampled_from(["", "AAA"]), st.uuids(), st.uuids(), st.text(max_size=5))
def test_a_link_to_a_case_that_one_may_not_know_names_none(
    sector: str, stream: Any, other: Any, number: str
) -> None:
    """There or not, and whichever it is: what is shown is the same."""
    viewer = Viewer("us", sector or "court", has_role=True, is_secret=False)
    schema = SCHEMAS.latest("casebus.case.linked.v1")

    def shown(to: Any, said: str) -> redaction.Seen:
        body = {"linked": {"stream": str(to), "number": said}, "relation": "SAME_RIGHT"}
        row = {"author": "them", "recipients": ()}
        return redaction.of_event(
            viewer, ACCESS, schema, body, row=row, legal="2026-03-02", known=()
        )

    assert shown(stream, number) == shown(other, "x")
    assert "linked" not in shown(stream, number).data
