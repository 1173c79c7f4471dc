"""A history told to the fold alone: what lapsed on the way is said by the law in hand."""

from __future__ import annotations

import datetime as dt

from casebus.cases.differences import differences
from casebus.events.legaltime import CHINA
from rehearsal.year.replaying import replayed
from tests.case_events import LAW, PSB, lapse, storyline

LATE = dt.datetime(2027, 1, 1, tzinfo=CHINA)


def test_what_the_bus_said_by_another_law_does_not_count() -> None:
    events = storyline()
    told = [*events, lapse("T06", (PSB, "referral.accepted"), "2026-03-08 09:00")]
    one, other = (replayed(given, LAW, LATE).to_json() for given in (events, told))
    assert differences(one, other, LATE) == []
