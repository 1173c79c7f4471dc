"""Recalls in any order, however often: one state, and every act stands."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from casebus.cases import CaseEvent, derive
from casebus.cases.facets import OrganisationsFacet, RecallsFacet, RightsFacet
from tests.case_events import AMR, COURT, OTHER_PSB, PRO, PSB, event, folded, storyline

AUTHORS = [AMR, f"{AMR}/2", PSB, PRO, COURT, OTHER_PSB]
NAMED = [*(one.id for one in storyline()), "r0", "r1", "fix", "nothing"]


@st.composite
def recalls(draw: st.DrawFn, at: int) -> CaseEvent:
    """Of an event of its author's, or of anything else that there is or is not."""
    target = draw(st.sampled_from(storyline()))
    own = draw(st.booleans())
    source = target.source if own else draw(st.sampled_from(AUTHORS))
    return event(
        source,
        "case.recalled",
        "2026-03-08",
        id=f"r{at}",
        position=100 + at,
        to=tuple(draw(st.lists(st.sampled_from([AMR, PSB, PRO]), max_size=2, unique=True))),
        recalled_source=target.source if own else draw(st.sampled_from(AUTHORS)),
        recalled_id=target.id if own else draw(st.sampled_from(NAMED)),
        reasons=draw(st.sampled_from(["", "错送"])),
    )


FIX = event(
    AMR,
    "case.corrected",
    "2026-03-09",
    id="fix",
    position=99,
    to=(COURT,),
    corrected_source=AMR,
    corrected_id="referral.sent",
    changes={"$legaltime": '"2026-03-06"', "note": '"x"'},
)


@given(st.lists(st.integers(0, 5), max_size=5, unique=True), st.data())
def test_any_order_of_recalls_ends_in_one_state(which: list[int], data: st.DataObject) -> None:
    whole = [replace(one, position=(1, 0, at)) for at, one in enumerate([*storyline(), FIX])]
    made = [data.draw(recalls(at)) for at in which]
    events = [*whole, *made]
    again = [replace(one, position=(1, 0, 1000)) for one in events if data.draw(st.booleans())]
    arrived, recorded = folded(data.draw(st.permutations([*events, *again]))), folded(events)
    assert arrived.digest() == recorded.digest()
    assert derive(arrived) == derive(recorded)
    assert (arrived.of(RecallsFacet), arrived.participants, arrived.team) == (
        recorded.of(RecallsFacet),
        recorded.participants,
        recorded.team,
    )
    assert arrived.of(OrganisationsFacet) == recorded.of(OrganisationsFacet)
    assert arrived.of(RightsFacet) == recorded.of(RightsFacet)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=5, unique=True), st.data())
def test_no_recall_moves_a_state_a_role_a_clock_or_a_duty(
    which: list[int], data: st.DataObject
) -> None:
    events = [*storyline(), *(data.draw(recalls(at)) for at in which)]
    before, after = folded(storyline()), folded(events)
    assert (after.regions, after.roles, after.clocks) == (
        before.regions,
        before.roles,
        before.clocks,
    )
    assert [replace(one, taken_by="") for one in after.work] == [
        replace(one, taken_by="") for one in before.work
    ]
    assert set(after.team) == set(before.team)
