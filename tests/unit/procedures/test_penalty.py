"""A penalty after its decision: service, copies, publication, withdrawal, end of showing."""

from __future__ import annotations

from typing import Any

import pytest

from casebus.cases import Case, CaseEvent
from casebus.cases.facets import CopiesFacet
from tests.case_events import AMR, COURT, due, event, folded, kinds, lapse, the_clock

HOME = "cn-440106-amr"


def decided(at: str = "2026-09-25", **data: Any) -> list[CaseEvent]:
    return [event(AMR, "penalty.decided", at, **data)]


def published(at: str = "2026-10-20", **data: Any) -> list[CaseEvent]:
    return [
        *decided(**data),
        event(AMR, "penalty.served", "2026-09-28"),
        event(AMR, "decision.published", "2026-09-30"),
        event(AMR, "penalty.published", at),
    ]


def running(case: Case) -> list[str]:
    return sorted(one.id for one in case.clocks if one.status == "running")


def test_every_period_after_a_decision() -> None:
    case = folded(decided())
    # Mid-autumn 2026-09-25 to 27, National Day 10-01 to 07, 10-10 worked.
    assert {one.id: due(one) for one in case.clocks} == {
        "A06d": "2026-10-12",
        "A07": "2026-10-29",
        "A07a": "2026-10-15",
        "A08": "2026-10-12",
        "A09a": "2026-12-25",
        "A09b": "2029-09-25",
        "T20": "2026-10-08",
    }


def test_a_mere_warning_is_not_published() -> None:
    assert "A07" not in running(folded(decided(warning_only=True)))


def test_a_decision_after_the_transfer_owes_no_copy() -> None:
    assert "T20" not in running(folded(decided(referred=True)))


def test_the_copy_goes_to_police_and_procuratorate_within_ten_days() -> None:
    case = folded([*decided(), event(AMR, "penalty.copied", "2026-10-08")])
    assert the_clock(case, "T20").status == "met"
    assert [one.rule for one in case.of(CopiesFacet)] == [
        "same_division:police",
        "same_division:procuratorate",
    ]


def test_publication_meets_its_clocks() -> None:
    case = folded(published())
    assert (case.status, the_clock(case, "A07").status, the_clock(case, "A08").status) == (
        "published",
        "met",
        "met",
    )
    assert kinds(case) == []


def test_another_province_is_pushed_to_and_publishes_in_ten_working_days() -> None:
    pushed = [*decided(), event(AMR, "penalty.pushed", "2026-10-14", to=(HOME,))]
    case = folded(pushed)
    assert (the_clock(case, "A07a").status, the_clock(case, "A07").status) == ("met", "cancelled")
    found = the_clock(case, "A07b")
    assert (due(found), found.actor) == ("2026-10-28", HOME)
    shown = folded([*pushed, event(HOME, "penalty.published", "2026-10-26", to=(AMR,))])
    assert (shown.status, the_clock(shown, "A07b").status) == ("published", "met")


def test_an_annulled_penalty_is_withdrawn_in_three_working_days() -> None:
    annulled = [*published(), event(AMR, "penalty.annulled", "2026-11-20")]
    found = the_clock(folded(annulled), "A09")
    assert (due(found), found.status) == ("2026-11-25", "running")
    case = folded([*annulled, event(AMR, "penalty.withdrawn", "2026-11-24")])
    assert (case.status, the_clock(case, "A09").status) == ("withdrawn", "met")
    assert not [one for one in case.work if one.is_open]


def test_an_annulled_penalty_is_to_be_shown_nowhere() -> None:
    case = folded([*decided(), event(AMR, "penalty.annulled", "2026-09-26")])
    assert {one.id: one.status for one in case.clocks if one.id in {"A07", "A08"}} == {
        "A07": "cancelled",
        "A08": "cancelled",
    }


def test_a_court_that_was_told_of_the_case_may_annul_its_penalty() -> None:
    told = event(AMR, "case.noted", "2026-11-02", to=(COURT,))
    case = folded([*published(), told, event(COURT, "penalty.annulled", "2026-11-20", to=(AMR,))])
    assert (case.status, kinds(case)) == ("annulled", [])


@pytest.mark.parametrize(
    ("severity", "shortest", "longest"),
    [
        ("MINOR", None, "2026-12-25"),
        ("GENERAL", "2026-12-25", "2027-09-25"),
        ("SERIOUS", "2027-09-25", "2029-09-25"),
    ],
)
def test_since_april_2026_the_showing_counts_from_the_decision_by_its_gravity(
    severity: str, shortest: str | None, longest: str
) -> None:
    case = folded(published(display_severity=severity))
    ends = {one.id: due(one) for one in case.clocks}
    assert (ends.get("A09a"), ends["A09b"]) == (shortest, longest)


def test_before_april_2026_the_showing_counts_from_the_publication() -> None:
    events = [*decided("2026-01-12"), event(AMR, "penalty.published", "2026-01-20")]
    case = folded(events)
    assert due(the_clock(case, "A09a")) == "2026-04-20"
    assert due(the_clock(case, "A09b")) == "2029-01-20"
    assert the_clock(case, "A09b").law_version == "2021-09-01"
    # On request, by the regulators' practice of then.
    assert due(the_clock(case, "A09c")) == "2026-07-20"


def test_at_the_longest_showing_the_agency_is_to_end_it() -> None:
    trigger = (AMR, "penalty.decided")
    over = lapse("A09b", trigger, "2027-09-25 23:59:59")
    case = folded([*published(display_severity="GENERAL"), over])
    assert [one.duty for one in case.work if one.is_open] == ["copy", "end_display"]
    ended = event(AMR, "penalty.display_ended", "2027-09-26")
    assert folded([*published(display_severity="GENERAL"), over, ended]).status == "display_ended"
