"""The civil suit, preservation before it, and enforcement delegated to a court elsewhere."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from casebus.cases import CaseEvent
from casebus.law.compiled import clock_in_force
from tests.case_events import LAW, due, event, folded, kinds, lapse, status_of, the_clock

COURT, UPPER = "cn-330106-court", "cn-330100-court"
ELSEWHERE, ITS_SUPERIOR = "cn-440100-court", "cn-440000-court"


def filed(**accepted: Any) -> list[CaseEvent]:
    return [
        event(COURT, "civil_suit.received", "2026-03-02"),
        event(COURT, "civil_suit.accepted", "2026-03-06", **accepted),
    ]


def judged() -> list[CaseEvent]:
    return [
        *filed(),
        event(COURT, "civil_suit.tried", "2026-05-11"),
        event(COURT, "civil_suit.judged", "2026-06-15"),
    ]


def preserved() -> list[CaseEvent]:
    return [
        event(COURT, "preservation.requested", "2026-04-06 10:00"),
        event(COURT, "preservation.ordered", "2026-04-07 16:00"),
        event(COURT, "preservation.executed", "2026-04-08 09:00"),
    ]


def delegated() -> list[CaseEvent]:
    return [
        event(COURT, "enforcement.requested", "2026-03-02"),
        event(COURT, "enforcement.accepted", "2026-03-05"),
        event(COURT, "enforcement.delegated", "2026-03-09", to=(ELSEWHERE,)),
    ]


def test_a_suit_is_filed_or_refused_in_seven_days() -> None:
    assert due(the_clock(folded(filed()[:1]), "C01")) == "2026-03-09"


@pytest.mark.parametrize(
    ("track", "last_day"),
    [("ORDINARY", "2026-09-07"), ("SIMPLE", "2026-06-08"), ("SMALL_CLAIMS", "2026-05-06")],
)
def test_the_track_chooses_the_period_of_the_first_instance(track: str, last_day: str) -> None:
    found = [one for one in folded(filed(track=track)).clocks if one.id == "C05"]
    assert [due(one) for one in found] == [last_day]


@pytest.mark.parametrize(("day", "months"), [("2021-12-31", 0), ("2022-01-01", 1)])
def test_since_2022_a_simple_procedure_may_take_one_month_more(day: str, months: int) -> None:
    rule = clock_in_force(LAW.clocks["C05"], dt.date.fromisoformat(day), {"track": "SIMPLE"})
    assert rule is not None
    assert (rule.amount, len(rule.extensions)) == (3, months)


def test_the_first_instance_is_extended_by_six_months_and_again_by_the_superior() -> None:
    longer = event(COURT, "clock.extended", "2026-08-20", clock="C05")
    assert str(the_clock(folded([*filed(), longer]), "C05").nominal) == "2027-03-06"


def test_a_suit_that_waits_for_the_validity_of_the_right_stands_still() -> None:
    waiting = [*filed(), event(COURT, "proceeding.suspended", "2026-04-01")]
    case = folded(waiting)
    assert (case.status, the_clock(case, "C05").status) == ("suspended", "paused")
    case = folded([*waiting, event(COURT, "proceeding.resumed", "2026-05-01")])
    assert due(the_clock(case, "C05")) == "2026-10-08"


def test_the_time_of_an_appraisal_does_not_count() -> None:
    case = folded(
        [
            *filed(),
            event(COURT, "appraisal.requested", "2026-04-01"),
            event(COURT, "appraisal.issued", "2026-04-11"),
        ]
    )
    assert due(the_clock(case, "C05")) == "2026-09-16"


def test_a_judgment_is_appealed_in_fifteen_days_a_ruling_in_ten() -> None:
    assert due(the_clock(folded(judged()), "C06")) == "2026-06-30"
    refused = [filed()[0], event(COURT, "civil_suit.declined", "2026-03-06")]
    assert due(the_clock(folded(refused), "C06a")) == "2026-03-16"


def test_the_end_of_the_appeal_period_is_shown_but_the_court_says_what_is_final() -> None:
    over = [*judged(), lapse("C06", (COURT, "civil_suit.judged"), "2026-06-30 23:59:59")]
    assert folded(over).status == "appeal_period_over"
    case = folded([*over, event(COURT, "civil_suit.final", "2026-07-06")])
    assert (case.status, kinds(case)) == ("final", [])
    assert str(the_clock(case, "C10").nominal) == "2028-07-06"


def test_the_second_instance_has_three_months() -> None:
    appealed = event(COURT, "civil_suit.appealed", "2026-06-25", to=(UPPER,))
    case = folded([*judged(), appealed])
    found = the_clock(case, "C06b")
    assert (case.status, found.actor, due(found)) == ("appealed", UPPER, "2026-09-28")
    case = folded([*judged(), appealed, event(UPPER, "civil_suit.second_judged", "2026-09-01")])
    assert (case.status, the_clock(case, "C06b").status) == ("second_judged", "met")


def test_a_suit_is_transferred_once() -> None:
    moved = [
        *filed(),
        event(COURT, "civil_suit.transferred", "2026-03-20", to=(UPPER,)),
        event(UPPER, "civil_suit.accepted", "2026-03-25", id="filed_again"),
    ]
    case = folded(moved)
    assert (case.status, case.roles["court"]) == ("filed_after_transfer", (UPPER,))
    again = event(UPPER, "civil_suit.transferred", "2026-04-01", id="on", to=(COURT,))
    assert kinds(folded([*moved, again])) == ["out_of_procedure"]


def test_punitive_damages_are_recorded_with_the_judgment() -> None:
    case = folded([*judged(), event(COURT, "damages.awarded", "2026-06-15 11:00", punitive=True)])
    assert (case.status, kinds(case)) == ("judged", [])


def test_an_urgent_preservation_is_ruled_on_in_forty_eight_hours() -> None:
    found = the_clock(folded(preserved()), "C02")
    assert found.due.isoformat() == "2026-04-08T10:00:00+08:00"
    assert found.status == "met"


def test_the_respondent_is_served_in_five_days_at_the_latest() -> None:
    assert due(the_clock(folded(preserved()), "C04")) == "2026-04-13"


def test_a_measure_within_a_suit_waits_for_none() -> None:
    executed = event(
        COURT, "preservation.executed", "2026-04-08", stage="IN_SUIT", preservation_kind="PROPERTY"
    )
    assert [one.id for one in folded([*preserved()[:-1], executed]).clocks] == ["C02", "C02a"]


def test_a_measure_without_a_suit_in_thirty_days_is_to_be_lifted() -> None:
    assert due(the_clock(folded(preserved()), "C03")) == "2026-05-08"
    over = [*preserved(), lapse("C03", (COURT, "preservation.executed"), "2026-05-08 23:59:59")]
    case = folded(over)
    assert case.status == "lapsed"
    assert [one.duty for one in case.work if one.is_open] == ["serve", "lift"]
    assert folded([*over, event(COURT, "preservation.lifted", "2026-05-11")]).status == "lifted"


def test_a_suit_in_the_same_case_keeps_the_measure() -> None:
    case = folded([*preserved(), event(COURT, "civil_suit.received", "2026-05-08")])
    assert status_of(case, "preservation") == "suit_proved"
    assert the_clock(case, "C03").status == "met"


def test_a_suit_before_another_court_keeps_the_measure_too() -> None:
    case = folded([*preserved(), event(UPPER, "civil_suit.received", "2026-05-06")])
    assert status_of(case, "preservation") == "suit_proved"
    assert status_of(case, "civil_suit") == "received"


def test_the_delegated_court_begins_in_fifteen_days_and_reports_in_thirty() -> None:
    case = folded(delegated())
    assert (the_clock(case, "C11").actor, due(the_clock(case, "C11"))) == (ELSEWHERE, "2026-03-24")
    assert due(the_clock(case, "C11a")) == "2026-04-08"
    assert [one.duty for one in case.work if one.agency == ELSEWHERE and one.is_open] == [
        "start_delegated",
        "report_delegated",
    ]


def test_a_late_delegated_court_is_told_of_to_its_superior_and_to_who_delegated() -> None:
    assert the_clock(folded(delegated()), "C11").tell == ("superior", f"agency:{COURT}")


def test_the_superior_of_the_delegated_court_orders_the_enforcement() -> None:
    case = folded(
        [
            *delegated(),
            event(COURT, "enforcement.overdue", "2026-03-26", to=(ITS_SUPERIOR,)),
            event(ITS_SUPERIOR, "enforcement.superior_ordered", "2026-03-30", to=(ELSEWHERE,)),
            event(ELSEWHERE, "enforcement.started", "2026-04-01"),
            event(ELSEWHERE, "enforcement.progress", "2026-04-08"),
            event(ELSEWHERE, "enforcement.completed", "2026-05-20", to=(COURT,)),
        ]
    )
    assert (case.status, kinds(case)) == ("completed", [])
    assert the_clock(case, "C11").status == "met_late"
    assert the_clock(case, "C11a").status == "met"
    assert [one for one in case.work if one.is_open] == []


def test_six_months_without_enforcement_open_the_way_to_the_superior() -> None:
    found = the_clock(folded(delegated()), "C12")
    assert (due(found), found.expiry, found.tell) == ("2026-09-02", "lapse", ("superior",))
    over = lapse("C12", (COURT, "enforcement.requested"), "2026-09-02 23:59:59", to=(UPPER,))
    case = folded([*delegated(), over, event(UPPER, "enforcement.superior_ordered", "2026-09-20")])
    assert (case.status, kinds(case)) == ("delegated", [])
