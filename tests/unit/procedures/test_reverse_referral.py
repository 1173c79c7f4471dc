"""The way back to the agency: the procuratorate's steps, and the police's own."""

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
    status_of,
    the_clock,
    until,
)

SUP = "cn-330100-sup"


def registered() -> list[CaseEvent]:
    """Not prosecuted on Friday 2026-07-10."""
    return [
        *until("referral.prosecution_requested"),
        event(PRO, "referral.non_prosecuted", "2026-07-10", to=(PSB,)),
        event(PRO, "reverse_referral.referred_internally", "2026-07-14"),
        event(PRO, "reverse_referral.registered", "2026-07-15"),
    ]


def opinion() -> list[CaseEvent]:
    return [
        *registered(),
        event(PRO, "reverse_referral.review_closed", "2026-07-28"),
        event(PRO, "reverse_referral.opinion_issued", "2026-07-30", to=(AMR,)),
    ]


def test_the_case_passes_to_the_other_department_within_three_working_days() -> None:
    found = the_clock(folded(registered()), "R03")
    assert (due(found), found.status) == ("2026-07-15", "met")


def test_the_review_closes_within_ten_working_days_of_its_registration() -> None:
    case = folded(opinion())
    assert (due(the_clock(case, "R04")), the_clock(case, "R04").status) == ("2026-07-29", "met")
    assert (due(the_clock(case, "R05")), the_clock(case, "R05").status) == ("2026-07-31", "met")
    assert (status_of(case, "referral"), status_of(case, "reverse_referral")) == (
        "non_prosecuted",
        "opinion_issued",
    )
    assert kinds(case) == ["discrepancy"]


def test_the_review_stands_still_while_the_police_contest_the_decision() -> None:
    events = [
        *registered(),
        event(PRO, "proceeding.suspended", "2026-07-20", ground="CHALLENGED"),
        event(PRO, "proceeding.resumed", "2026-08-10"),
    ]
    found = the_clock(folded(events), "R04")
    assert (due(found), found.status) == ("2026-08-19", "running")


def test_the_review_may_be_extended_once() -> None:
    events = [*registered(), event(PRO, "clock.extended", "2026-07-27", clock="R04")]
    assert due(the_clock(folded(events), "R04")) == "2026-08-12"


def test_the_agency_answers_within_two_months() -> None:
    found = the_clock(folded(opinion()), "R05a")
    assert (due(found), found.actor, found.status) == ("2026-09-30", AMR, "running")
    assert found.tell == ("superior", f"agency:{PRO}")
    done = folded(
        [
            *opinion(),
            event(AMR, "reverse_referral.accepted", "2026-08-05", to=(PRO,)),
            event(AMR, "reverse_referral.replied", "2026-09-20", to=(PRO,)),
        ]
    )
    assert the_clock(done, "R05a").status == "met"
    assert status_of(done, "reverse_referral") == "replied"


def test_an_overdue_answer_is_demanded() -> None:
    events = [*opinion(), event(PRO, "reverse_referral.reply_demanded", "2026-10-09", to=(AMR,))]
    case = folded(events)
    assert status_of(case, "reverse_referral") == "reply_demanded"
    late = folded([*events, event(AMR, "reverse_referral.replied", "2026-10-12", to=(PRO,))])
    assert the_clock(late, "R05a").status == "met_late"


def test_an_answer_that_is_asked_for_again_is_given_again() -> None:
    events = [
        *opinion(),
        event(AMR, "reverse_referral.replied", "2026-08-20", to=(PRO,)),
        event(PRO, "reverse_referral.reply_demanded", "2026-08-25", to=(AMR,)),
        event(AMR, "reverse_referral.replied", "2026-09-01", id="again", to=(PRO,)),
    ]
    before, case = folded(events[:-1]), folded(events)
    assert [one.agency for one in before.work if one.is_open and one.duty == "reply"] == [AMR]
    assert not [one for one in case.work if one.is_open and one.duty == "reply"]
    assert "out_of_procedure" not in [one.kind for one in case.findings]


def test_police_return_a_cancelled_case_without_delay() -> None:
    events = [
        *until("referral.filed"),
        event(PSB, "referral.case_cancelled", "2026-05-06"),
        event(PSB, "reverse_referral.sent", "2026-05-08", to=(AMR,)),
        event(AMR, "reverse_referral.accepted", "2026-05-11", to=(PSB,)),
    ]
    case = folded(events)
    assert (the_clock(case, "R01").due, the_clock(case, "R01").status) == (None, "met")
    assert (case.status, status_of(case, "reverse_referral")) == ("cancelled", "accepted")
    assert kinds(case) == []


def test_a_demand_to_transfer_runs_until_the_case_is_sent() -> None:
    events = [
        event(AMR, "administrative_case.filed", "2026-03-02"),
        event(PRO, "reverse_referral.transfer_demanded", "2026-03-16", to=(AMR,)),
    ]
    case = folded(events)
    assert [one.duty for one in case.work if one.agency == AMR and one.is_open] == [
        "investigate",
        "transfer_as_demanded",
    ]
    sent = folded([*events, event(AMR, "referral.sent", "2026-03-18", to=(PSB, PRO))])
    assert (the_clock(sent, "T01").status, the_clock(sent, "R07").status) == ("met", "met")
    assert status_of(sent, "referral") == "sent"


def test_a_duty_crime_goes_to_the_supervisory_organ() -> None:
    referred = event(AMR, "reverse_referral.duty_crime_referred", "2026-03-16", to=(SUP,))
    case = folded([referred])
    assert (case.status, the_clock(case, "R08").actor) == ("referred", SUP)
    answered = folded([referred, event(SUP, "case.status_changed", "2026-03-30", to=(AMR,))])
    assert (answered.status, the_clock(answered, "R08").status) == ("answered", "met")
