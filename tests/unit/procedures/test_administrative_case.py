"""The agency's own case: its ninety days and what stops them, its goods, its hearing."""

from __future__ import annotations

import pytest

from casebus.cases import CaseEvent
from tests.case_events import AMR, PRO, PSB, due, event, folded, kinds, lapse, status_of, the_clock


def filed() -> list[CaseEvent]:
    return [event(AMR, "administrative_case.filed", "2026-03-02")]


def heard() -> list[CaseEvent]:
    return [
        *filed(),
        event(AMR, "administrative_case.hearing_notified", "2026-04-01"),
        event(AMR, "administrative_case.hearing_requested", "2026-04-08"),
        event(AMR, "administrative_case.hearing_held", "2026-04-20"),
    ]


def test_the_penalty_is_decided_within_ninety_days_of_the_filing() -> None:
    # 2026-05-31 is a Sunday.
    assert due(the_clock(folded(filed()), "A04")) == "2026-06-01"


def test_the_head_adds_thirty_days_once() -> None:
    extended = event(AMR, "administrative_case.extended", "2026-05-20", clock="A04")
    found = the_clock(folded([*filed(), extended]), "A04")
    assert (due(found), found.extended) == ("2026-06-30", 1)
    again = event(AMR, "administrative_case.extended", "2026-06-20", id="again", clock="A04")
    assert kinds(folded([*filed(), extended, again])) == ["data_quality"]


@pytest.mark.parametrize(
    ("stopped", "went_on"),
    [
        ("appraisal.requested", "appraisal.issued"),
        ("proceeding.suspended", "proceeding.resumed"),
        ("administrative_case.hearing_requested", "administrative_case.hearing_held"),
    ],
)
def test_appraisal_suspension_and_hearing_do_not_count(stopped: str, went_on: str) -> None:
    events = [
        *filed(),
        event(AMR, "administrative_case.hearing_notified", "2026-03-09"),
        event(AMR, stopped, "2026-03-10"),
        event(AMR, went_on, "2026-03-20"),
    ]
    assert due(the_clock(folded(events), "A04")) == "2026-06-10"


def test_two_grounds_at_once_stop_it_once() -> None:
    events = [
        *filed(),
        event(AMR, "appraisal.requested", "2026-03-10"),
        event(AMR, "proceeding.suspended", "2026-03-12"),
        event(AMR, "appraisal.issued", "2026-03-16"),
        event(AMR, "proceeding.resumed", "2026-03-20"),
    ]
    assert due(the_clock(folded(events), "A04")) == "2026-06-10"


def test_a_party_that_asks_for_no_hearing_in_five_working_days_waived_it() -> None:
    notified = [*filed(), event(AMR, "administrative_case.hearing_notified", "2026-04-01")]
    # Qingming: 2026-04-04 to 06.
    assert due(the_clock(folded(notified), "A06c")) == "2026-04-09"
    trigger = (AMR, "administrative_case.hearing_notified")
    assert folded([*notified, lapse("A06c", trigger, "2026-04-09 23:59:59")]).status == (
        "hearing_waived"
    )


def test_the_reviewers_have_ten_working_days_after_the_hearing() -> None:
    case = folded([*heard(), event(AMR, "administrative_case.legal_reviewed", "2026-05-06")])
    # Labour Day: 2026-05-01 to 05.
    assert (due(the_clock(case, "A06b")), the_clock(case, "A06b").status) == ("2026-05-07", "met")
    assert case.status == "reviewed"


def test_a_seizure_lasts_thirty_days_and_thirty_more() -> None:
    seized = [*filed(), event(AMR, "goods.seized", "2026-03-03")]
    assert due(the_clock(folded(seized), "A06")) == "2026-04-02"
    extended = [*seized, event(AMR, "goods.seizure_extended", "2026-04-01")]
    assert due(the_clock(folded(extended), "A06")) == "2026-05-06"


def test_preserved_evidence_is_dealt_with_in_seven_working_days() -> None:
    preserved = [event(AMR, "administrative_case.evidence_preserved", "2026-02-10")]
    case = folded(preserved)
    # Spring Festival: 2026-02-15 to 23, with 02-14 and 02-28 worked.
    assert (case.status, due(the_clock(case, "A06a"))) == ("draft", "2026-02-26")
    seized = folded([*preserved, event(AMR, "goods.seized", "2026-02-25")])
    assert the_clock(seized, "A06a").status == "met"


def test_the_custody_of_the_goods_ends_with_their_hand_over_to_the_police() -> None:
    events = [
        *filed(),
        event(AMR, "goods.seized", "2026-03-03"),
        event(AMR, "referral.sent", "2026-03-05", to=(PSB, PRO)),
        event(PSB, "referral.receipted", "2026-03-05 15:00", to=(AMR,)),
        event(PSB, "referral.accepted", "2026-03-06", to=(AMR,)),
        event(PSB, "referral.filed", "2026-03-09", to=(AMR,)),
        event(AMR, "referral.goods_handed_over", "2026-03-11", to=(PSB,)),
    ]
    case = folded(events)
    assert (the_clock(case, "A06").status, the_clock(case, "T18").status) == ("met", "met")
    assert (case.procedure, status_of(case, "referral")) == (
        "administrative_case",
        "goods_handed_over",
    )
    assert kinds(case) == []


def test_a_decision_ends_the_case_and_opens_the_penalty() -> None:
    events = [*heard(), event(AMR, "penalty.decided", "2026-05-08")]
    case = folded(events)
    assert (case.status, status_of(case, "penalty")) == ("decided", "decided")
    assert the_clock(case, "A04").status == "met"
    closed = folded([*events, event(AMR, "administrative_case.closed", "2026-05-20")])
    assert closed.status == "closed"
