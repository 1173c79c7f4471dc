"""The police that say nothing: whatever step they stop at, something falls due, and nobody is
accused of what may not be owed (310 Art. 7 and 8, 程序规定 180, 刑事诉讼规则 562)."""

from __future__ import annotations

import pytest

from casebus.cases import Case, CaseEvent
from tests.case_events import (
    AMR,
    OTHER_PSB,
    PRO,
    PSB,
    due,
    event,
    folded,
    kinds,
    lapse,
    the_clock,
    until,
)

#: With the events of storyline(): sent on Thursday 2026-03-05.
SENT = until("referral.sent")


def signed(day: str = "2026-03-05 16:00") -> list[CaseEvent]:
    return [*SENT, event(PSB, "referral.receipted", day, to=(AMR,))]


def told(case: Case) -> list[str]:
    """The clocks of which a breach is told once their moment has passed."""
    return [one.id for one in case.clocks if one.breach_after is not None]


def test_a_letter_that_nobody_signs_for_falls_due() -> None:
    case = folded(SENT)
    assert (due(the_clock(case, "T04")), told(case)) == ("2026-03-10", ["T04"])
    assert the_clock(case, "T04").actor == PSB


def test_signing_is_receiving_so_that_the_decision_is_due_without_an_acceptance() -> None:
    case = folded(signed())
    assert (case.status, due(the_clock(case, "T08"))) == ("receipted", "2026-03-09")
    assert "T08" in told(case)
    assert [one.due for one in case.work if one.is_open] == [the_clock(case, "T08").due]


def test_a_late_acceptance_moves_no_due_date() -> None:
    events = [
        *signed(),
        event(PSB, "referral.accepted", "2026-03-20", to=(AMR,)),
        event(PSB, "referral.filing_refused", "2026-03-23", to=(AMR,)),
    ]
    case = folded(events)
    [found] = [one for one in case.clocks if one.id == "T08"]
    assert (due(found), found.status, told(case)) == ("2026-03-09", "met_late", ["T08"])
    assert kinds(case) == []


def test_an_acceptance_before_the_signature_starts_the_decision_once() -> None:
    events = [
        *SENT,
        event(PSB, "referral.accepted", "2026-03-05 10:00", to=(AMR,)),
        event(PSB, "referral.receipted", "2026-03-06", to=(AMR,)),
    ]
    case = folded(events)
    [found] = [one for one in case.clocks if one.id == "T08"]
    assert (case.status, due(found)) == ("accepted", "2026-03-09")
    assert the_clock(case, "T04").status == "met"


@pytest.mark.parametrize(
    ("forwarded", "status", "expiry"),
    [("2026-03-06 15:00", "met", "lapse"), ("2026-03-09 09:00", "met_late", "breach")],
)
def test_who_forwards_after_a_day_has_broken_it(forwarded: str, status: str, expiry: str) -> None:
    sent_on = event(PSB, "referral.forwarded", forwarded, to=(OTHER_PSB, AMR))
    case = folded([*signed(), sent_on])
    found = the_clock(case, "T05")
    assert (found.status, found.expiry) == (status, expiry)
    assert (found.breach_after is not None) == (status == "met_late")
    assert the_clock(case, "T08").status == "cancelled"


@pytest.mark.parametrize(
    "then",
    [
        (),
        ("referral.accepted",),
        ("referral.accepted", "referral.filed"),
        ("referral.accepted", "referral.filing_refused"),
        ("referral.not_police_matter",),
    ],
)
def test_nobody_is_accused_of_not_forwarding_what_is_theirs(then: tuple[str, ...]) -> None:
    acts = [event(PSB, name, f"2026-03-08 1{at}:00", to=(AMR,)) for at, name in enumerate(then)]
    assert "T05" not in told(folded([*signed(), *acts]))


def test_the_next_police_have_days_of_their_own() -> None:
    events = [
        *signed(),
        event(PSB, "referral.forwarded", "2026-03-06 09:00", to=(OTHER_PSB, AMR)),
    ]
    unsigned = the_clock(folded(events), "T04")
    assert (unsigned.actor, due(unsigned)) == (OTHER_PSB, "2026-03-11")
    case = folded([*events, event(OTHER_PSB, "referral.receipted", "2026-03-10", to=(AMR,))])
    decision = the_clock(case, "T08")
    assert (decision.actor, due(decision), decision.status) == (OTHER_PSB, "2026-03-13", "running")


@pytest.mark.parametrize("step", ["sent", "receipted", "accepted", "supplement_requested"])
def test_a_complaint_of_delay_is_in_procedure_from_the_letter_on(step: str) -> None:
    events = [
        *until(f"referral.{step}"),
        event(AMR, "referral.delay_complained", "2026-03-20", to=(PRO,)),
        event(PRO, "referral.delay_explanation_demanded", "2026-03-23", to=(PSB,)),
    ]
    case = folded(events)
    assert (case.status, kinds(case), due(the_clock(case, "T19"))) == (step, [], "2026-03-30")
    silent = [*events, lapse("T19", (PRO, events[-1].id), "2026-03-30 23:59:59")]
    assert "review_delay" in [one.duty for one in folded(silent).work if one.is_open]
    ordered = event(PRO, "referral.filing_ordered", "2026-04-01", to=(PSB, AMR))
    assert (folded([*silent, ordered]).status, kinds(folded([*silent, ordered]))) == (
        "filing_ordered",
        [],
    )


@pytest.mark.parametrize("clock", ["T04", "T08"])
def test_the_police_cannot_stop_their_own_days_by_saying_so(clock: str) -> None:
    events = SENT if clock == "T04" else signed()
    paused = event(PSB, "clock.paused", "2026-03-06", clock=clock, reasons="鉴定")
    case = folded([*events, paused])
    assert (the_clock(case, clock).status, told(case)) == ("running", [clock])
    assert [one.detail["reason"] for one in case.findings] == ["not_pausable"]


@pytest.mark.parametrize("opening", ["administrative_case.filed", "lead.detected"])
def test_an_agency_that_says_it_must_transfer_and_does_not_is_asked(opening: str) -> None:
    must = event(
        AMR, "filing_standard.assessed", "2026-03-02", offence="219", assessment="MUST_TRANSFER"
    )
    opened = event(AMR, opening, "2026-03-01")
    case = folded([opened, must])
    assert [due(the_clock(case, one)) for one in ("O01", "O02")] == ["2026-03-12", "2026-03-23"]
    assert the_clock(case, "O02").lapse_after is not None
    sent = event(AMR, "referral.sent", "2026-03-05", to=(PSB, PRO))
    assert the_clock(folded([opened, must, sent]), "O01").status == "met"


def test_what_the_police_say_of_the_standard_accuses_no_agency() -> None:
    filed = event(AMR, "administrative_case.filed", "2026-03-01", to=(PSB,))
    must = event(PSB, "filing_standard.assessed", "2026-03-02", assessment="MUST_TRANSFER")
    assert not [one for one in folded([filed, must]).clocks if one.id[0] == "O"]
