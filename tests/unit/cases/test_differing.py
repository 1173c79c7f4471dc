"""One history under two laws: what of a case is otherwise."""

from __future__ import annotations

import datetime as dt

import pytest

from casebus.cases import CaseEvent, fold
from casebus.cases.differences import Difference, differences
from casebus.events.legaltime import CHINA
from casebus.law import Law
from tests.case_events import AMR, FILES, LAW, PSB, event, storyline

CLOCKS, REFERRAL = "clocks/referral.yaml", "procedures/referral.yaml"
LATE = dt.datetime(2027, 1, 1, tzinfo=CHINA)


def changed(name: str, old: str, new: str) -> Law:
    text = FILES[name].decode()
    assert old in text
    return Law({**FILES, name: text.replace(old, new, 1).encode()})


def compared(law: Law, until: dt.datetime = LATE) -> list[Difference]:
    return under(storyline(), law, until)


def under(events: list[CaseEvent], law: Law, until: dt.datetime) -> list[Difference]:
    return differences(fold(events, LAW).to_json(), fold(events, law).to_json(), until)


def test_the_same_law_differs_in_nothing() -> None:
    assert compared(Law({**FILES, "sectors.yaml": FILES["sectors.yaml"] + b"# again\n"})) == []


@pytest.mark.slow
def test_a_shorter_period_moves_the_due_date_and_makes_a_breach() -> None:
    text = FILES[CLOCKS].decode()
    start = text.index("- id: T13")
    shorter = text[:start] + text[start:].replace("amount: 7", "amount: 5", 1)
    found = compared(Law({**FILES, CLOCKS: shorter.encode()}))
    [due] = [one for one in found if one.kind == "clock"]
    assert due.what == "T13 of referral.explanation_demanded"
    assert due.before.startswith("2026-03-27")
    assert due.after.startswith("2026-03-25")
    assert [one.what for one in found if one.kind == "breach"] == [due.what]


def test_a_way_that_is_closed_is_a_finding_and_another_status() -> None:
    found = compared(
        changed(
            REFERRAL,
            "    from: [judged, appeal]\n    to: final",
            "    from: [appeal]\n    to: final",
        )
    )
    assert any(one.kind == "finding" and "out_of_procedure" in one.what for one in found)


def test_a_copy_that_is_no_longer_owed_is_told() -> None:
    events = [event(AMR, "referral.sent", "2026-03-05", to=(PSB,))]
    law = changed(REFERRAL, "    copies: [same_division:procuratorate]\n", "")
    found = under(events, law, LATE)
    assert [one.what for one in found if one.kind == "copy"] == [
        "same_division:procuratorate of referral.sent"
    ]


def test_a_period_that_still_runs_on_the_last_day_is_no_breach_yet() -> None:
    events = [event(AMR, "referral.proposed", "2026-03-02")]
    early, late = dt.datetime(2026, 3, 4, tzinfo=CHINA), dt.datetime(2026, 3, 9, tzinfo=CHINA)
    longer = changed(CLOCKS, "    amount: 3\n    unit: d", "    amount: 9\n    unit: d")
    for until, breaches in ((early, 0), (late, 1)):
        found = under(events, longer, until)
        assert len([one for one in found if one.kind == "breach"]) == breaches
