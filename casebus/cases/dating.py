"""Legal times later than the admission of their event (design rule 4, fold order).

Such an event is folded, ordered and counted by the day of its admission: nothing is told before it
happens. The author's own statement stays in the record. Only the author's correction changes the
time by which the event counts. Imports are history, and the bus speaks for itself: both keep their
dates.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple

from casebus.cases.event import CaseEvent, Identity
from casebus.events.doors import BUS
from casebus.events.legaltime import CHINA, LegalTime, is_ahead

#: The reason of the finding that its author is told.
AHEAD = "legal_time_ahead"


class Ahead(NamedTuple):
    """The stated time, and the time that counts instead."""

    stated: LegalTime
    counted: LegalTime


def counted(legal: LegalTime, admitted: datetime) -> LegalTime:
    """The legal time that counts: the stated one, or the day of its admission (UTC+8)."""
    # For almost all events the days alone show it: a day in UTC is never later than one in UTC+8.
    if admitted.tzinfo is UTC and legal.date < admitted.date():
        return legal
    return LegalTime(admitted.astimezone(CHINA).date()) if is_ahead(legal, admitted) else legal


def dated(event: CaseEvent) -> CaseEvent:
    """The event with the legal time that counts."""
    legal = counted(event.legal, event.recorded_at)
    if legal is event.legal or event.imported or event.sector == BUS:
        return event
    return replace(event, legal=legal)


def date_all(events: list[CaseEvent]) -> dict[Identity, Ahead]:
    """Date each event in place; returns those that lay ahead."""
    ahead: dict[Identity, Ahead] = {}
    for at, event in enumerate(events):
        if event.is_timely:
            continue
        legal = event.legal
        events[at] = dated(event)
        if events[at] is not event:
            ahead[event.identity] = Ahead(legal, events[at].legal)
        else:
            object.__setattr__(event, "is_timely", True)
    return ahead
