"""Complaints at a fair: a day to answer, a second finding, the home province, a fallen right."""

from __future__ import annotations

import datetime as dt

from casebus.cases import CaseEvent
from casebus.events.legaltime import CHINA
from tests.case_events import event, folded, kinds, lapse, the_clock

FAIR, AMR, HOME, EXA = "cn-330100-fair", "cn-330100-amr", "cn-440106-amr", "cn-000000-exa"


def notified() -> list[CaseEvent]:
    return [
        event(FAIR, "fair.complaint", "2026-05-18 10:00", to=(AMR,)),
        event(FAIR, "fair.notified", "2026-05-18 10:30", to=(AMR,)),
    ]


def silent() -> list[CaseEvent]:
    return [*notified(), lapse("X01", (FAIR, "fair.notified"), "2026-05-19 10:30")]


def found_twice() -> list[CaseEvent]:
    return [
        *silent(),
        event(FAIR, "fair.measure", "2026-05-19 11:00", to=(AMR,)),
        event(AMR, "fair.found", "2026-05-19 15:00", id="found_1", to=(FAIR,)),
        event(AMR, "fair.found", "2026-05-20 09:00", id="found_2", to=(FAIR,)),
    ]


def test_the_exhibitor_has_twenty_four_hours_to_answer() -> None:
    found = the_clock(folded(notified()), "X01")
    assert found.due == dt.datetime(2026, 5, 19, 10, 30, tzinfo=CHINA)


def test_the_complaint_is_passed_on_in_twenty_four_hours() -> None:
    found = the_clock(folded(notified()), "X01a")
    assert (found.status, found.due) == ("met", dt.datetime(2026, 5, 19, 10, tzinfo=CHINA))


def test_who_is_silent_for_a_day_is_covered() -> None:
    case = folded(silent())
    assert case.status == "covered"
    assert [one.duty for one in case.work if one.agency == FAIR and one.is_open] == ["cover"]


def test_an_answer_in_time_keeps_the_exhibit_uncovered() -> None:
    answered = event(FAIR, "fair.answered", "2026-05-19 10:29", to=(AMR,))
    case = folded([*silent(), answered])
    assert (case.status, the_clock(case, "X01").status) == ("answered", "met")


def test_a_late_answer_is_heard_and_uncovers_nothing() -> None:
    case = folded([*silent(), event(FAIR, "fair.answered", "2026-05-19 14:00", to=(AMR,))])
    assert (case.status, kinds(case)) == ("covered", [])


def test_a_second_finding_in_a_row_bans_from_the_next_edition() -> None:
    case = folded(found_twice())
    assert case.status == "found_again"
    assert [one.agency for one in case.work if one.duty == "ban" and one.is_open] == [FAIR]
    case = folded([*found_twice(), event(FAIR, "fair.next_edition_banned", "2026-05-20 11:00")])
    assert (case.status, the_clock(case, "X02").status) == ("banned", "met")


def test_one_finding_bans_nobody() -> None:
    case = folded(found_twice()[:-1])
    assert (case.status, [one for one in case.clocks if one.id == "X02"]) == ("found", [])


def test_the_case_goes_to_the_agency_of_the_exhibitors_home() -> None:
    referred = event(AMR, "fair.referred", "2026-05-20 16:00", to=(HOME,))
    case = folded([*found_twice(), referred])
    assert (case.status, case.roles["home_agency"]) == ("referred", (HOME,))


def test_a_right_that_falls_has_the_measure_reviewed_and_withdrawn() -> None:
    events = [
        *found_twice(),
        event(AMR, "fair.referred", "2026-05-20 16:00", to=(HOME,)),
        event(EXA, "validity.proceeding_opened", "2026-06-01", to=(FAIR, HOME)),
        event(EXA, "validity.decided", "2026-09-01", to=(FAIR, HOME)),
    ]
    case = folded(events)
    assert [one.agency for one in case.work if one.duty == "review_measure"] == [FAIR]
    case = folded([*events, event(FAIR, "fair.measure_withdrawn", "2026-09-03", to=(HOME,))])
    assert (case.status, the_clock(case, "X03").status) == ("withdrawn", "met")
    assert not [one for one in case.work if one.is_open and one.duty != "decide"]
