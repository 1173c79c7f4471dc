"""Customs: three days to apply, thirty to determine, fifty to a court's notice, and recordation."""

from __future__ import annotations

import pytest

from casebus.cases import CaseEvent
from tests.case_events import due, event, folded, kinds, lapse, region, status_of, the_clock

CUSTOMS, COURT, POLICE = "cn-330200-cus", "cn-330200-court", "cn-330200-psb"
END = "2026-12-10 23:59:59"


def detained() -> list[CaseEvent]:
    """Detained ex officio on 2026-09-24, before the National Day holidays."""
    return [
        event(CUSTOMS, "customs.notified", "2026-09-18"),
        event(CUSTOMS, "customs.applied", "2026-09-21"),
        event(CUSTOMS, "customs.bond_posted", "2026-09-22"),
        event(CUSTOMS, "customs.detained", "2026-09-24"),
    ]


def undetermined() -> list[CaseEvent]:
    return [*detained(), event(CUSTOMS, "customs.undetermined", "2026-11-12")]


def the_end() -> CaseEvent:
    return lapse("U03b", (CUSTOMS, "customs.detained"), END)


def test_the_owner_has_three_working_days_for_application_and_security() -> None:
    # The Sunday 2026-09-20 is a make-up workday.
    found = the_clock(folded(detained()), "U01")
    assert (due(found), found.status) == ("2026-09-22", "met")


@pytest.mark.parametrize("given", [[], ["customs.applied"], ["customs.bond_posted"]])
def test_half_of_it_is_not_enough(given: list[str]) -> None:
    events = [*detained()[:1], *(event(CUSTOMS, one, "2026-09-21") for one in given)]
    case = folded([*events, lapse("U01", (CUSTOMS, "customs.notified"), "2026-09-22 23:59:59")])
    assert case.status == "not_applied"
    assert [one.duty for one in case.work if one.is_open] == ["release"]


def test_security_before_the_application_counts_too() -> None:
    case = folded(
        [
            *detained()[:1],
            event(CUSTOMS, "customs.bond_posted", "2026-09-20"),
            event(CUSTOMS, "customs.applied", "2026-09-21"),
        ]
    )
    assert (case.status, the_clock(case, "U01").status) == ("secured", "met")


def test_customs_has_thirty_working_days_to_determine() -> None:
    found = the_clock(folded(undetermined()), "U02")
    assert (due(found), found.status) == ("2026-11-12", "met")


def test_fifty_working_days_run_over_the_national_day() -> None:
    assert due(the_clock(folded(detained()), "U03b")) == "2026-12-10"


def test_no_notice_and_no_finding_release_the_goods_after_the_fiftieth_day() -> None:
    case = folded([*undetermined(), the_end()])
    assert case.status == "release_due"
    assert [one.duty for one in case.work if one.is_open] == ["release"]
    case = folded([*undetermined(), the_end(), event(CUSTOMS, "customs.released", "2026-12-11")])
    assert (case.status, the_clock(case, "U03c").status) == ("released", "met")


def test_a_notice_on_the_fiftieth_day_keeps_the_goods() -> None:
    notice = event(COURT, "customs.court_notified", "2026-12-10 17:00", to=(CUSTOMS,))
    known = event(CUSTOMS, "case.noted", "2026-12-01", to=(COURT,))
    case = folded([*undetermined(), known, notice, the_end()])
    assert (case.status, the_clock(case, "U03b").status) == ("kept", "met")


def test_a_notice_on_the_fifty_first_day_keeps_nothing() -> None:
    notice = event(CUSTOMS, "customs.court_notified", "2026-12-11")
    case = folded([*undetermined(), the_end(), notice])
    assert (case.status, kinds(case)) == ("release_due", [])


def test_goods_stay_while_customs_has_found_nothing_yet() -> None:
    case = folded([*detained(), the_end()])
    assert case.status == "unfinished"
    late = event(CUSTOMS, "customs.undetermined", "2026-12-14")
    assert folded([*detained(), the_end(), late]).status == "release_due"


def test_goods_that_infringe_are_confiscated_and_disposed_of() -> None:
    case = folded(
        [
            *detained(),
            event(CUSTOMS, "customs.determined", "2026-10-30"),
            event(CUSTOMS, "customs.confiscated", "2026-11-06"),
            event(CUSTOMS, "goods.disposed", "2026-12-04"),
        ]
    )
    assert status_of(case, "customs") == "disposed"
    assert the_clock(case, "U03b").status == "cancelled"


def test_a_suspected_crime_goes_to_the_police_and_stops_the_periods_of_customs() -> None:
    sent = event(CUSTOMS, "referral.sent", "2026-10-20 10:00", to=(POLICE,))
    case = folded([*detained(), sent])
    assert status_of(case, "customs") == "crime_suspected"
    assert status_of(case, "referral") == "sent"
    assert {one.id: one.status for one in case.clocks}["U02"] == "cancelled"
    assert region(case, "referral").roles["police"] == (POLICE,)


def test_on_the_owners_own_application_the_goods_go_free_after_twenty_working_days() -> None:
    events = [
        event(CUSTOMS, "customs.applied", "2026-09-21"),
        event(CUSTOMS, "customs.bond_posted", "2026-09-22"),
        event(CUSTOMS, "customs.detained", "2026-09-25"),
    ]
    case = folded(events)
    assert (case.status, due(the_clock(case, "U03a"))) == ("detained_on_request", "2026-10-29")
    ended = lapse("U03a", (CUSTOMS, "customs.detained"), "2026-10-29 23:59:59")
    assert folded([*events, ended]).status == "release_due"


def test_recordation_is_decided_in_thirty_working_days_and_valid_for_ten_years() -> None:
    office = "cn-000000-cus"
    asked = event(office, "customs.record_requested", "2016-01-04")
    recorded = event(office, "customs.recorded", "2016-02-01")
    case = folded([asked, recorded])
    assert the_clock(case, "U04").status == "met"
    assert due(the_clock(case, "U04a")) == "2026-02-01"
    ended = lapse("U04a", (office, "customs.recorded"), "2026-02-01 23:59:59")
    assert folded([asked, recorded, ended]).status == "expired"


def test_a_change_of_what_is_recorded_is_filed_in_thirty_working_days() -> None:
    office = "cn-000000-cus"
    events = [
        event(office, "customs.recorded", "2026-03-02"),
        event(office, "case.status_changed", "2026-04-28"),
    ]
    assert due(the_clock(folded(events), "U04b")) == "2026-06-11"
    changed = event(office, "customs.record_changed", "2026-05-20")
    assert the_clock(folded([*events, changed]), "U04b").status == "met"


def test_a_refused_change_leaves_what_is_recorded() -> None:
    office = "cn-000000-cus"
    events = [
        event(office, "customs.recorded", "2026-03-02"),
        event(office, "customs.record_requested", "2026-05-06"),
        event(office, "customs.record_refused", "2026-05-20"),
    ]
    case = folded(events)
    assert (case.status, the_clock(case, "U04").status) == ("recorded", "met")
    assert not [one for one in case.findings if one.kind == "out_of_procedure"]
