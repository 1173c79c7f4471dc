"""Mediation and the confirmation of its agreement: who may, until when, and what comes too late."""

from __future__ import annotations

from casebus.cases import CaseEvent
from tests.case_events import (
    due,
    event,
    folded,
    kinds,
    lapse,
    region,
    status_of,
    the_clock,
)

MED, AMR, COURT = "cn-330100-med", "cn-330106-amr", "cn-330106-court"


def agreed() -> list[CaseEvent]:
    """An agreement of 2026-09-01: thirty days end on 10-01, and the holiday on 10-07."""
    return [
        event(MED, "mediation.requested", "2026-08-03"),
        event(MED, "mediation.accepted", "2026-08-05"),
        event(MED, "mediation.session_held", "2026-08-20"),
        event(MED, "mediation.agreement_reached", "2026-09-01"),
    ]


def applied(at: str = "2026-09-10") -> list[CaseEvent]:
    return [*agreed(), event(COURT, "judicial_confirmation.applied", at, to=(MED,))]


def accepted() -> list[CaseEvent]:
    return [*applied(), event(COURT, "judicial_confirmation.accepted", "2026-09-11")]


def test_who_mediates_of_his_own_accord_has_the_mediation_to_decide_on() -> None:
    [item] = [one for one in folded(agreed()[:1]).work if one.duty == "decide_mediation"]
    assert item.agency == MED


def test_who_invites_another_body_leaves_the_mediation_to_it() -> None:
    case = folded([event(COURT, "mediation.requested", "2026-08-03", to=(MED,))])
    assert (case.roles["requester"], case.roles["mediation"]) == ((COURT,), (MED,))


def test_both_parties_have_thirty_days_to_apply_for_confirmation() -> None:
    found = the_clock(folded(agreed()), "C07")
    assert (str(found.nominal), due(found)) == ("2026-10-01", "2026-10-08")
    assert found.law_version == "2024-01-01"


def test_the_thirty_days_go_by_the_law_of_the_day_of_the_agreement() -> None:
    case = folded(
        [
            event(MED, "mediation.requested", "2022-08-03"),
            event(MED, "mediation.agreement_reached", "2022-09-06"),
        ]
    )
    assert "第二百零一条" in the_clock(case, "C07").citation


def test_an_application_on_the_last_day_is_in_time() -> None:
    case = folded(applied("2026-10-08"))
    assert the_clock(case, "C07").status == "met"
    assert status_of(case, "mediation") == "confirmation_applied"
    assert status_of(case, "judicial_confirmation") == "applied"
    assert kinds(case) == []


def test_an_application_posted_on_the_last_day_is_in_time() -> None:
    late = event(COURT, "judicial_confirmation.applied", "2026-10-12", posted_on="2026-10-08")
    assert the_clock(folded([*agreed(), late]), "C07").status == "met"


def test_an_application_a_day_too_late_is_flagged_and_declined() -> None:
    case = folded(
        [
            *agreed(),
            lapse("C07", (MED, "mediation.agreement_reached"), "2026-10-08 23:59:59"),
            event(COURT, "judicial_confirmation.applied", "2026-10-09", to=(MED,)),
            event(COURT, "judicial_confirmation.declined", "2026-10-12", to=(MED,)),
        ]
    )
    assert the_clock(case, "C07").status == "lapsed"
    assert status_of(case, "mediation") == "confirmation_lapsed"
    assert status_of(case, "judicial_confirmation") == "declined"
    [finding] = case.findings
    assert finding.detail["reason"] == "too_late"
    assert set(finding.tell) == {COURT, MED}


def test_the_mediation_body_hands_the_application_to_the_court_that_is_to_decide() -> None:
    case = folded(
        [*agreed(), event(MED, "judicial_confirmation.applied", "2026-09-10", to=(COURT,))]
    )
    assert region(case, "judicial_confirmation").roles["court"] == (COURT,)
    [item] = [one for one in case.work if one.duty == "decide_acceptance"]
    assert item.agency == COURT


def test_the_court_accepts_or_declines_in_three_days() -> None:
    assert due(the_clock(folded(applied("2026-09-09")), "C08")) == "2026-09-14"


def test_the_court_decides_in_fifteen_days_and_thirty_at_most() -> None:
    case = folded(accepted())
    assert due(the_clock(case, "C08a")) == "2026-09-28"
    assert due(the_clock(case, "C08b")) == "2026-10-12"


def test_the_president_may_add_ten_days_once() -> None:
    longer = event(COURT, "clock.extended", "2026-09-20", clock="C08a", approved_by="院长")
    again = event(COURT, "clock.extended", "2026-09-21", id="again", clock="C08a")
    case = folded([*accepted(), longer, again])
    assert due(the_clock(case, "C08a")) == "2026-10-08"
    assert [one.detail["reason"] for one in case.findings] == ["no_more_extensions"]


def test_a_confirmed_agreement_can_be_enforced_for_two_years() -> None:
    case = folded([*accepted(), event(COURT, "judicial_confirmation.granted", "2026-09-20")])
    assert status_of(case, "mediation") == "confirmed"
    assert str(the_clock(case, "C10").nominal) == "2028-09-20"


def test_a_patent_office_serves_the_request_in_five_working_days() -> None:
    case = folded([event(AMR, "mediation.requested", "2026-09-21", office="PATENT_OFFICE")])
    assert due(the_clock(case, "P10")) == "2026-09-29"


def test_other_mediators_have_no_such_period() -> None:
    assert [one.id for one in folded(agreed()[:1]).clocks] == []


def test_silence_for_fifteen_days_closes_the_patent_mediation_in_five_working_days() -> None:
    case = folded(
        [
            event(AMR, "mediation.requested", "2026-06-01", office="PATENT_OFFICE"),
            event(AMR, "proceeding.step_recorded", "2026-06-05", step="NOTICE_SERVED"),
            lapse("P11", (AMR, "proceeding.step_recorded"), "2026-06-22 23:59:59"),
        ]
    )
    assert status_of(case, "mediation") == "opinion_overdue"
    assert the_clock(case, "P10").status == "met"
    assert due(the_clock(case, "P12")) == "2026-06-29"


def test_an_opinion_is_answered_in_five_working_days() -> None:
    steps = ("NOTICE_SERVED", "2026-06-05"), ("OPINION_RECEIVED", "2026-06-12")
    case = folded(
        [
            event(AMR, "mediation.requested", "2026-06-01", office="PATENT_OFFICE"),
            *(event(AMR, "proceeding.step_recorded", at, id=step, step=step) for step, at in steps),
        ]
    )
    assert the_clock(case, "P11").status == "met"
    assert due(the_clock(case, "P12")) == "2026-06-22"


def test_a_mediation_on_ownership_ends_in_two_months_and_one_more() -> None:
    case = folded(
        [
            event(AMR, "mediation.requested", "2026-04-01"),
            event(AMR, "mediation.accepted", "2026-04-08", cause="PATENT_OWNERSHIP"),
            event(AMR, "clock.extended", "2026-06-01", clock="P13"),
        ]
    )
    assert due(the_clock(case, "P13")) == "2026-07-08"


def test_an_application_that_names_no_court_is_told_to_its_author() -> None:
    """The court's period would else run against nobody."""
    named = [event(MED, "judicial_confirmation.applied", "2026-09-10", to=(COURT,))]
    nobody = [event(MED, "judicial_confirmation.applied", "2026-09-10")]
    assert the_clock(folded(named), "C08").actor == COURT
    assert not folded(named).findings
    [found] = folded(nobody).findings
    assert (found.kind, found.detail["reason"], found.tell) == (
        "data_quality",
        "no_recipient",
        (MED,),
    )
