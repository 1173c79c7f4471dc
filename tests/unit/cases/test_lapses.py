"""The end of a clock as a transition (ADR 0018)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from casebus.cases import Case, CaseEvent, Derived, derive, fold, lapse_of
from tests.case_events import AMR, clock, event, kinds
from tests.small_law import law

LAW = law()
ARB = "cn-330100-arb"
#: Fifteen days from 2026-09-20 end on National Day's eve of work: 2026-10-08.
ASKED = event(ARB, "mediation.asked", "2026-09-20", to=(AMR,))


def case(*events: CaseEvent) -> Case:
    return fold([ASKED, *events], LAW)


def journaled(derived: Derived, at: str = "2026-10-09 01:00") -> CaseEvent:
    name = derived.type.removeprefix("casebus.").removesuffix(".v1")
    data = {**derived.data, "told": ["cn-330100-amr"]}
    made = event(
        "bus", name, at, id=derived.id, causation=derived.causation, recorded_at=at, **data
    )
    return made if derived.legal is None else replace(made, legal=derived.legal)


def lapse() -> CaseEvent:
    return journaled(lapse_of(clock(case(), "M01")))


def answered(at: str, **data: Any) -> CaseEvent:
    return event(AMR, "mediation.answered", at, to=(ARB,), **data)


def test_a_lapse_that_a_transition_waits_for_is_to_be_said_after_the_due_moment() -> None:
    found = clock(case(), "M01")
    assert found.lapse_after.isoformat() == "2026-10-08T23:59:59+08:00"
    assert found.breach_after is None
    said = lapse_of(found)
    assert (said.type, str(said.legal)) == (
        "casebus.clock.lapsed.v1",
        "2026-10-08T23:59:59+08:00",
    )
    assert derive(case()) == [], "the scheduler says it, behind its barrier"


def test_a_lapse_that_nobody_waits_for_is_none() -> None:
    found = fold([event(AMR, "penalty.filed", "2026-03-02")], LAW)
    assert clock(found, "A07").lapse_after is None


def test_a_lapse_moves_the_case_and_starts_what_follows() -> None:
    found = case(lapse())
    assert (found.status, kinds(found)) == ("silent", [])
    assert clock(found, "M01").status == "lapsed"
    assert clock(found, "M01").lapse_after is None
    assert str(clock(found, "M02").due) == "2026-11-09 23:59:59+08:00"
    assert [(one.duty, one.agency, one.is_open) for one in found.work] == [
        ("decide", AMR, False),
        ("proceed", ARB, True),
    ]
    assert derive(found) == []


def test_an_act_in_the_last_second_comes_before_the_lapse() -> None:
    found = case(lapse(), answered("2026-10-08 23:59:59"))
    assert (found.status, clock(found, "M01").status) == ("answered", "met")


def test_an_act_after_the_lapse_finds_the_case_moved() -> None:
    found = case(lapse(), answered("2026-10-09 00:00:00"))
    assert (found.status, kinds(found)) == ("silent", ["out_of_procedure"])


def test_a_late_act_without_a_lapse_shows_that_the_clock_lapsed_before() -> None:
    found = case(answered("2026-10-10"))
    [said] = derive(found)
    assert said.id == lapse_of(clock(case(), "M01")).id
    told = case(answered("2026-10-10"), journaled(said, "2026-10-10 10:00"))
    assert (told.status, clock(told, "M01").status) == ("silent", "lapsed")


def test_a_late_proof_of_an_earlier_act_takes_the_lapse_back_once() -> None:
    said, proof = lapse(), answered("2026-10-08", posted_on="2026-10-01")
    found = case(said, proof)
    assert (found.status, clock(found, "M01").status) == ("answered", "met")
    [taken_back] = derive(found)
    assert taken_back.type == "casebus.clock.lapse_withdrawn.v1"
    assert taken_back.causation == (said.id,)
    assert taken_back.to == ("cn-330100-amr",)
    withdrawn = journaled(taken_back, "2026-10-20")
    after = case(said, proof, withdrawn)
    assert (derive(after), after.status) == ([], "answered")


def test_a_lapse_that_was_taken_back_counts_no_more_and_another_can_be_said() -> None:
    said = lapse()
    [taken_back] = derive(case(said, answered("2026-10-08")))
    withdrawn = journaled(taken_back, "2026-10-20")
    # The proof is gone again: a correction, another author.
    found = case(said, withdrawn)
    assert (found.status, clock(found, "M01").status) == ("asked", "running")
    assert clock(found, "M01").revision == 1
    again = lapse_of(clock(found, "M01"))
    assert again.id != said.id
    assert case(said, withdrawn, journaled(again)).status == "silent"


def test_a_lapse_before_a_due_moment_that_has_moved_is_unfounded() -> None:
    said = lapse()
    paused = event(AMR, "clock.paused", "2026-10-01", clock="M01")
    resumed = event(AMR, "clock.resumed", "2026-10-05", clock="M01")
    found = case(said, paused, resumed)
    assert (found.status, clock(found, "M01").status) == ("asked", "running")
    [taken_back] = derive(found)
    assert taken_back.data["reasons"] == "the due date has moved"


def test_a_lapse_that_another_than_the_bus_says_moves_nothing() -> None:
    found = case(replace(lapse(), source="bus/scheduler"))
    assert found.status == "asked"


def test_what_an_import_minted_lapses_in_silence() -> None:
    found = clock(fold([replace(ASKED, imported=True)], LAW), "M01")
    assert (found.historic, found.lapse_after, found.warn_after) == (True, None, None)
