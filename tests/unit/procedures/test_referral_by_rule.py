"""The transfer beyond its main line: forwarding, delay, supervision, the accuser, extensions."""

from __future__ import annotations

import pytest

from casebus.cases import CaseEvent
from tests.case_events import (
    AMR,
    COURT,
    OTHER_PSB,
    PRO,
    PSB,
    due,
    event,
    folded,
    kinds,
    lapse,
    status_of,
    storyline,
    the_clock,
    until,
)


def accepted() -> list[CaseEvent]:
    return [
        *until("referral.receipted"),
        event(PSB, "referral.accepted", "2026-03-07 09:00", to=(AMR,)),
    ]


def refused() -> list[CaseEvent]:
    return until("referral.filing_refused")


def test_police_without_jurisdiction_forward_within_a_day_of_the_receipt() -> None:
    events = [
        *until("referral.sent"),
        event(PSB, "referral.receipted", "2026-03-06 10:00", to=(AMR,)),
        event(PSB, "referral.forwarded", "2026-03-07 09:00", to=(OTHER_PSB, AMR)),
    ]
    found = the_clock(folded(events), "T05")
    assert (found.due.isoformat(), found.status) == ("2026-03-07T10:00:00+08:00", "met")


def test_acceptance_takes_the_ground_from_the_forwarding() -> None:
    assert the_clock(folded(accepted()), "T05").status == "cancelled"


def test_what_is_no_police_matter_the_agency_sends_elsewhere() -> None:
    case = folded([*accepted(), event(PSB, "referral.not_police_matter", "2026-03-09", to=(AMR,))])
    assert (case.status, the_clock(case, "T08").status) == ("not_police_matter", "met")
    assert [one.duty for one in case.work if one.is_open] == ["send_elsewhere"]
    assert the_clock(case, "T09").due is None


@pytest.mark.parametrize(
    ("extensions", "last_day"),
    [(0, "2026-03-09"), (1, "2026-03-16"), (2, "2026-04-07"), (3, "2026-05-06")],
)
def test_the_decision_to_file_may_take_ten_thirty_and_sixty_days(
    extensions: int, last_day: str
) -> None:
    granted = [
        event(PSB, "clock.extended", "2026-03-09", id=f"extension-{at}", clock="T08")
        for at in range(extensions)
    ]
    found = the_clock(folded([*accepted(), *granted]), "T08")
    assert (due(found), found.extended) == (last_day, extensions)


def test_there_is_no_fourth_extension() -> None:
    granted = [
        event(PSB, "clock.extended", "2026-03-09", id=f"extension-{at}", clock="T08")
        for at in range(4)
    ]
    assert kinds(folded([*accepted(), *granted])) == ["data_quality"]


def test_a_complaint_of_delay_makes_the_police_explain_within_seven_days() -> None:
    events = [
        *accepted(),
        event(AMR, "referral.delay_complained", "2026-03-13", to=(PRO,)),
        event(PRO, "referral.delay_explanation_demanded", "2026-03-16", to=(PSB,)),
    ]
    case = folded(events)
    assert (case.status, due(the_clock(case, "T19"))) == ("accepted", "2026-03-23")
    silent = folded([*events, lapse("T19", (PRO, events[-1].id), "2026-03-23 23:59:59")])
    assert [one.duty for one in silent.work if one.is_open and one.agency == PRO] == [
        "review_delay"
    ]
    ordered = event(PRO, "referral.filing_ordered", "2026-03-25", to=(PSB,))
    assert folded([*events, ordered]).status == "filing_ordered"


def test_fifteen_days_after_the_order_the_procuratorate_notifies_the_correction() -> None:
    ordered = until("referral.filing_ordered")
    late = [*ordered, lapse("T16", (PRO, "referral.filing_ordered"), "2026-04-16 23:59:59")]
    case = folded(late)
    assert the_clock(case, "T15").status == "running"
    assert [one.duty for one in case.work if one.is_open] == [
        "file_as_decided",
        "notify_correction",
    ]
    notified = [*late, event(PRO, "referral.correction_notified", "2026-04-17", to=(PSB,))]
    assert folded(notified).status == "correction_notified"
    filed = folded([*notified, event(PSB, "referral.filed", "2026-04-20", to=(AMR, PRO))])
    assert (filed.status, the_clock(filed, "T15").status) == ("filed", "met_late")
    assert kinds(filed) == []


def test_the_accuser_goes_from_reconsideration_to_review_beside_the_agency() -> None:
    events = [
        *refused(),
        event(PSB, "referral.accuser_reconsideration_requested", "2026-03-13"),
        event(PSB, "clock.extended", "2026-04-08", clock="T23a"),
        event(PSB, "referral.accuser_reconsideration_decided", "2026-04-20"),
        event(PSB, "referral.accuser_review_requested", "2026-04-24"),
    ]
    case = folded(events)
    assert case.status == "not_filed"
    assert [(one, due(the_clock(case, one))) for one in ("T23", "T23a", "T23b", "T23c")] == [
        ("T23", "2026-03-16"),
        ("T23a", "2026-05-12"),
        ("T23b", "2026-04-27"),
        ("T23c", "2026-05-25"),
    ]
    assert kinds(case) == []


def test_police_that_move_a_case_tell_the_agency_within_three_days() -> None:
    moved = [
        *until("referral.filed"),
        event(PSB, "referral.moved", "2026-04-20", to=(OTHER_PSB,)),
    ]
    case = folded(moved)
    assert due(the_clock(case, "T22")) == "2026-04-23"
    assert case.roles["police"] == (OTHER_PSB,)
    told = folded([*moved, event(PSB, "case.status_changed", "2026-04-22", to=(AMR,))])
    assert the_clock(told, "T22").status == "met"


def test_an_assessment_that_must_transfer_makes_the_report_due_as_the_installation_says() -> None:
    watch = event(AMR, "filing_standard.assessed", "2026-03-01", id="w", assessment="WATCH")
    must = event(AMR, "filing_standard.assessed", "2026-03-02", id="m", assessment="MUST_TRANSFER")
    filed = event(AMR, "administrative_case.filed", "2026-02-27")
    assert [one.id for one in folded([filed, watch]).clocks] == ["A04"]
    case = folded([filed, watch, must, event(AMR, "referral.proposed", "2026-03-03")])
    found = the_clock(case, "T01")
    assert (due(found), found.status, found.tell) == ("2026-03-12", "met", ("superior",))


@pytest.mark.parametrize("last", ["referral.proposed", "referral.sent", "referral.filed"])
def test_who_has_begun_the_transfer_owes_no_report_for_saying_once_more_that_it_is_due(
    last: str,
) -> None:
    filed = event(AMR, "administrative_case.filed", "2026-02-27")
    again = event(
        AMR, "filing_standard.assessed", "2026-07-01", assessment="MUST_TRANSFER", offence="214"
    )
    case = folded([filed, *until(last), again])
    assert "referral" in {one.procedure for one in case.regions}
    assert [one for one in case.clocks if one.id == "T01" and one.status == "running"] == []


def test_a_later_word_that_nothing_is_to_be_transferred_takes_the_ground_away() -> None:
    filed = event(AMR, "administrative_case.filed", "2026-02-27")
    said = [
        event(AMR, "filing_standard.assessed", f"2026-03-0{at}", id=f"said-{at}", assessment=word)
        for at, word in enumerate(("MUST_TRANSFER", "MUST_TRANSFER", "WATCH"), 1)
    ]
    [found] = [one for one in folded([filed, *said[:2]]).clocks if one.id == "T01"]
    assert (due(found), found.breach_after is not None) == ("2026-03-11", True)
    [found] = [one for one in folded([filed, *said]).clocks if one.id == "T01"]
    assert (found.status, found.breach_after) == ("cancelled", None)


def test_a_suspicion_is_asked_of_the_agency_alone() -> None:
    filed = event(AMR, "administrative_case.filed", "2026-02-27")
    suspected = event(
        AMR, "filing_standard.assessed", "2026-03-02", assessment="TRANSFER_ON_SUSPICION"
    )
    found = the_clock(folded([filed, suspected]), "T01")
    assert (found.expiry, found.tell, found.breach_after) == ("lapse", (f"agency:{AMR}",), None)
    assert found.lapse_after is not None


@pytest.mark.parametrize(
    ("day", "told"), [("2026-03-18", False), ("2026-03-25", True), (None, False)]
)
def test_who_still_objects_must_say_so_within_three_days(day: str | None, told: bool) -> None:
    upheld = until("referral.refusal_upheld")
    said = [event(AMR, "referral.supervision_requested", day, to=(PRO,))] if day else []
    found = the_clock(folded([*upheld, *said]), "T12")
    assert due(found) == "2026-03-19"
    assert (found.breach_after is not None) == told


def test_what_was_decided_in_reconsideration_is_to_be_carried_out() -> None:
    events = [
        *until("referral.reconsideration_requested"),
        event(PSB, "referral.refusal_reversed", "2026-03-16", to=(AMR,)),
    ]
    found = the_clock(folded(events), "T11a")
    assert (due(found), found.breach_after is not None) == ("2026-03-19", True)
    filed = event(PSB, "referral.filed", "2026-03-18", to=(AMR,))
    assert the_clock(folded([*events, filed]), "T11a").status == "met"


@pytest.mark.parametrize(("day", "owed"), [("2020-08-06", []), ("2020-08-07", ["T01"])])
def test_a_reasonable_suspicion_obliges_since_august_2020(day: str, owed: list[str]) -> None:
    filed = event(AMR, "administrative_case.filed", "2020-07-01")
    suspected = event(AMR, "filing_standard.assessed", day, assessment="TRANSFER_ON_SUSPICION")
    assert [one.id for one in folded([filed, suspected]).clocks if one.id == "T01"] == owed


def test_an_arrested_suspect_gains_no_day_from_a_holiday() -> None:
    free = the_clock(folded(until("referral.prosecution_requested")), "J01")
    assert due(free) == "2026-07-15"
    held = [
        *until("referral.goods_received"),
        event(PSB, "referral.prosecution_requested", "2026-09-03", to=(PRO,), in_custody=True),
    ]
    assert due(the_clock(folded(held), "J01")) == "2026-10-03"


def test_the_review_for_prosecution_is_extended_by_fifteen_days() -> None:
    events = [
        *until("referral.prosecution_requested"),
        event(PRO, "clock.extended", "2026-07-10", clock="J01"),
    ]
    assert due(the_clock(folded(events), "J01")) == "2026-07-30"


def test_a_suspended_trial_does_not_count() -> None:
    events = [
        *until("referral.trial_opened"),
        event(COURT, "proceeding.suspended", "2026-08-01"),
        event(COURT, "proceeding.resumed", "2026-08-11"),
    ]
    # A Sunday that is worked.
    assert due(the_clock(folded(events), "J02")) == "2026-09-20"


def test_the_goods_stay_in_custody_through_the_hands_of_the_police() -> None:
    events = [
        *until("referral.goods_received"),
        event(PSB, "goods.disposed", "2026-10-09", disposal="DESTROYED"),
    ]
    case = folded(events)
    assert (status_of(case, "referral"), kinds(case)) == ("goods_received", ["discrepancy"])


def test_an_acquittal_leaves_the_court_to_return_what_is_to_be_punished() -> None:
    events = until("referral.trial_opened")
    guilty = folded([*events, event(COURT, "referral.judged", "2026-09-01", outcome="GUILTY")])
    assert not [one for one in guilty.clocks if one.id == "R06"]
    freed = [
        *events,
        event(COURT, "referral.judged", "2026-09-01", outcome="NOT_GUILTY"),
        event(COURT, "reverse_referral.sent", "2026-09-08", to=(AMR,)),
    ]
    case = folded(freed)
    assert the_clock(case, "R06").status == "met"
    assert status_of(case, "reverse_referral") == "sent"


def test_the_main_line_needs_nothing_of_all_this() -> None:
    assert kinds(folded(storyline())) == ["discrepancy"]
