"""Arbitration, the review of awards, and the enforcement that waits for it."""

from __future__ import annotations

from casebus.cases import CaseEvent
from tests.case_events import due, event, folded, lapse, region, status_of, the_clock

ARB, SEAT, ELSEWHERE = "cn-330100-arb", "cn-330100-court", "cn-440100-court"


def awarded(at: str = "2026-04-01") -> list[CaseEvent]:
    return [
        event(ARB, "arbitration.requested", "2025-11-03"),
        event(ARB, "arbitration.accepted", "2025-11-06"),
        event(ARB, "arbitration.tribunal_formed", "2025-12-01"),
        event(ARB, "arbitration.hearing_held", "2026-01-20"),
        event(ARB, "arbitration.awarded", at),
    ]


def enforced() -> list[CaseEvent]:
    return [
        *awarded(),
        event(ELSEWHERE, "enforcement.requested", "2026-04-20", to=(ARB,)),
        event(ELSEWHERE, "enforcement.accepted", "2026-04-24"),
        event(ELSEWHERE, "enforcement.started", "2026-04-28"),
    ]


def attacked() -> list[CaseEvent]:
    return [
        *enforced(),
        event(SEAT, "arbitration.set_aside_requested", "2026-06-15", to=(ARB, ELSEWHERE)),
        event(ELSEWHERE, "arbitration.enforcement_stayed", "2026-06-18", to=(SEAT,)),
    ]


def test_a_request_is_accepted_or_declined_in_five_days() -> None:
    found = the_clock(folded(awarded()[:1]), "C14")
    assert (str(found.nominal), due(found)) == ("2025-11-08", "2025-11-10")


def test_an_award_from_march_2026_on_can_be_attacked_for_three_months() -> None:
    found = the_clock(folded(awarded("2026-03-01")), "C14b")
    assert (due(found), found.law_version) == ("2026-06-01", "2026-03-01")


def test_an_award_of_before_march_2026_can_be_attacked_for_six_months() -> None:
    found = the_clock(folded(awarded("2026-02-28")), "C14b")
    assert (due(found), found.confidence) == ("2026-08-28", "M+")


def test_what_attacks_an_award_too_late_is_flagged() -> None:
    case = folded(
        [
            *awarded(),
            lapse("C14b", (ARB, "arbitration.awarded"), "2026-07-01 23:59:59"),
            event(SEAT, "arbitration.set_aside_requested", "2026-07-02", to=(ARB,)),
        ]
    )
    assert status_of(case, "arbitration") == "set_aside_lapsed"
    assert status_of(case, "award_review") == "requested"
    assert [one.detail["reason"] for one in case.findings] == ["too_late"]


def test_the_court_decides_on_the_award_in_two_months() -> None:
    found = the_clock(folded(attacked()), "C14c")
    assert (found.actor, str(found.nominal), due(found)) == (SEAT, "2026-08-15", "2026-08-17")


def test_sending_the_award_back_to_the_tribunal_stops_the_two_months() -> None:
    case = folded([*attacked(), event(SEAT, "proceeding.suspended", "2026-07-01")])
    assert status_of(case, "award_review") == "rearbitration"
    assert the_clock(case, "C14c").status == "paused"


def test_the_enforcing_court_and_the_court_of_the_award_are_not_mixed_up() -> None:
    case = folded(attacked())
    assert region(case, "enforcement").roles["court"] == (ELSEWHERE,)
    assert region(case, "award_review").roles["court"] == (SEAT,)


def test_an_application_to_set_aside_obliges_the_enforcing_court_to_stay() -> None:
    case = folded(attacked()[:-1])
    [item] = [one for one in case.work if one.duty == "stay_for_review"]
    assert (item.agency, item.is_open) == (ELSEWHERE, True)


def test_enforcement_stands_still_while_the_award_is_attacked() -> None:
    case = folded(attacked())
    assert status_of(case, "enforcement") == "stayed"
    assert the_clock(case, "C12").status == "paused"


def test_a_dismissal_lets_the_enforcement_go_on_and_the_stay_does_not_count() -> None:
    case = folded(
        [
            *attacked(),
            event(SEAT, "arbitration.set_aside_decided", "2026-08-10", to=(ELSEWHERE,)),
            event(ELSEWHERE, "arbitration.stay_lifted", "2026-08-13"),
        ]
    )
    assert status_of(case, "enforcement") == "executing"
    assert due(the_clock(case, "C12")) == "2026-12-15"
    assert the_clock(case, "C14c").status == "met"


def test_an_award_that_falls_ends_its_enforcement() -> None:
    case = folded(
        [
            *attacked(),
            event(SEAT, "arbitration.set_aside_decided", "2026-08-10", to=(ELSEWHERE,)),
            event(ELSEWHERE, "enforcement.terminated", "2026-08-13"),
        ]
    )
    assert status_of(case, "enforcement") == "terminated"
    assert the_clock(case, "C12").status == "cancelled"


def test_enforcement_is_asked_for_within_two_years_of_the_award() -> None:
    assert the_clock(folded(awarded()), "C10").provisional
    assert the_clock(folded(enforced()), "C10").status == "met"
