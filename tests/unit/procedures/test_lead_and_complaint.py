"""Leads, complaints by the old and the new rules, rewards, consultations."""

from __future__ import annotations

from casebus.cases import CaseEvent
from tests.case_events import (
    AMR,
    PRO,
    PSB,
    due,
    event,
    folded,
    kinds,
    lapse,
    status_of,
    the_clock,
)

CENTRE, PLATFORM, SUP = "cn-330100-cen", "cn-330110-pla-a", "cn-330100-sup"


def ids(events: list[CaseEvent]) -> list[str]:
    return [one.id for one in folded(events).clocks]


def test_an_agency_verifies_its_own_lead_in_fifteen_working_days() -> None:
    reported = [event(AMR, "lead.reported", "2026-02-10")]
    found = the_clock(folded(reported), "A01")
    # The Spring Festival lies between.
    assert (due(found), found.actor) == ("2026-03-09", AMR)
    assert ids(reported) == ["A01"]
    extended = [*reported, event(AMR, "clock.extended", "2026-03-05", clock="A01")]
    assert due(the_clock(folded(extended), "A01")) == "2026-03-30"


def test_a_lead_of_a_platform_is_its_recipients_to_verify() -> None:
    case = folded([event(PLATFORM, "lead.reported", "2026-03-02", to=(AMR,))])
    assert the_clock(case, "A01").actor == AMR
    assert [one.duty for one in case.work] == ["verify"]


def test_what_a_machine_detected_is_forwarded_only_after_a_person_assessed_it() -> None:
    detected = event(CENTRE, "lead.detected", "2026-03-02", score=31)
    early = folded([detected, event(CENTRE, "lead.forwarded", "2026-03-03", to=(AMR,))])
    assert kinds(early) == ["out_of_procedure"]
    case = folded(
        [
            detected,
            event(CENTRE, "lead.assessed", "2026-03-03"),
            event(CENTRE, "lead.forwarded", "2026-03-04", to=(PSB, AMR)),
        ]
    )
    assert (case.status, kinds(case)) == ("forwarded", [])
    assert [(one.id, one.actor, due(one)) for one in case.clocks] == [
        ("A01", AMR, "2026-03-25"),
        ("T08b", PSB, "2026-03-11"),
    ]


def test_a_filed_case_ends_the_verification_and_opens_its_own_procedure() -> None:
    events = [
        event(AMR, "lead.reported", "2026-03-02"),
        event(AMR, "administrative_case.filed", "2026-03-12"),
    ]
    case = folded(events)
    assert (case.status, status_of(case, "administrative_case")) == ("filed", "filed")
    assert the_clock(case, "A01").status == "met"
    assert due(the_clock(case, "A02")) == "2026-03-19"


def test_since_april_2026_no_period_binds_the_answer_to_an_informant() -> None:
    events = [
        event(AMR, "lead.reported", "2026-05-11"),
        event(AMR, "administrative_case.not_filed", "2026-05-20"),
        event(AMR, "complaint.answered", "2026-05-25"),
    ]
    case = folded(events)
    assert (the_clock(case, "A02").due, the_clock(case, "A02").status) == (None, "met")
    assert kinds(case) == []


def accepted(received: str, at: str) -> list[CaseEvent]:
    return [
        event(AMR, "complaint.received", received),
        event(AMR, "complaint.accepted", at),
    ]


def test_a_complaint_is_accepted_in_seven_working_days_by_both_rules() -> None:
    old = the_clock(folded(accepted("2026-03-02", "2026-03-06")), "A03")
    new = the_clock(folded(accepted("2026-04-20", "2026-04-24")), "A03")
    assert (due(old), old.law_version) == ("2026-03-11", "2020-01-01")
    assert (due(new), new.law_version) == ("2026-04-29", "2026-04-15")


def test_the_old_rule_gives_mediation_45_working_days_the_new_one_60_days() -> None:
    old = the_clock(folded(accepted("2026-03-02", "2026-03-06")), "A03a")
    new = the_clock(folded(accepted("2026-04-20", "2026-04-24")), "A03a")
    assert (due(old), due(new)) == ("2026-05-13", "2026-06-23")


def test_an_appraisal_does_not_count_in_the_sixty_days() -> None:
    events = [
        *accepted("2026-04-20", "2026-04-24"),
        event(AMR, "appraisal.requested", "2026-05-06"),
        event(AMR, "appraisal.issued", "2026-05-16"),
    ]
    assert due(the_clock(folded(events), "A03a")) == "2026-07-03"


def test_the_end_of_the_period_ends_the_mediation_and_both_sides_are_told() -> None:
    events = [
        *accepted("2026-04-20", "2026-04-24"),
        lapse("A03a", (AMR, "complaint.accepted"), "2026-06-23 23:59:59"),
    ]
    case = folded(events)
    assert (case.status, [one.duty for one in case.work if one.is_open]) == (
        "mediation_expired",
        ["end_mediation"],
    )
    ended = [*events, event(AMR, "complaint.ended", "2026-06-24")]
    assert due(the_clock(folded(ended), "A03b")) == "2026-07-03"
    told = folded([*ended, event(AMR, "complaint.answered", "2026-07-01")])
    assert (told.status, kinds(told)) == ("answered", [])


def test_a_reward_is_proposed_approved_and_paid() -> None:
    events = [
        event(AMR, "informant.reward_proposed", "2026-05-08"),
        event(AMR, "informant.reward_approved", "2026-05-15"),
        event(AMR, "informant.reward_paid", "2026-05-20"),
    ]
    assert (folded(events).status, kinds(folded(events))) == ("paid", [])


def test_a_consultation_is_answered_within_seven_days() -> None:
    asked = event(AMR, "consultation.requested", "2026-03-02", to=(PRO,))
    case = folded([asked])
    assert (due(the_clock(case, "T21")), the_clock(case, "T21").actor) == ("2026-03-09", PRO)
    answered = folded([asked, event(PRO, "consultation.answered", "2026-03-06", to=(AMR,))])
    assert (answered.status, the_clock(answered, "T21").status) == ("answered", "met")


def test_supervision_issues_a_notice_that_the_agency_answers() -> None:
    issued = event(SUP, "breach.notice_issued", "2026-03-02", to=(AMR,))
    assert [one.agency for one in folded([issued]).work] == [AMR]
    answered = event(AMR, "case.status_changed", "2026-03-16", to=(SUP,))
    assert folded([issued, answered]).status == "answered"


def test_a_spot_check_is_recorded_and_published() -> None:
    events = [
        event(AMR, "spot_check.result", "2026-03-02"),
        event(AMR, "decision.published", "2026-03-09"),
    ]
    assert folded(events).status == "published"


def test_the_police_file_on_a_clue_whatever_the_agency_decided() -> None:
    events = [
        event(PLATFORM, "lead.reported", "2026-03-02", to=(AMR, PSB)),
        event(AMR, "administrative_case.not_filed", "2026-03-05"),
        event(PSB, "referral.filed", "2026-03-06"),
    ]
    case = folded(events)
    assert (case.status, the_clock(case, "T08b").status, kinds(case)) == ("filed", "met", [])
