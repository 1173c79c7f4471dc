"""The time at which the actor of a clock received its trigger (`counts_from: receipt` in its row).

Evidence is the receiver's own record: that its intake took the event, that it opened it, or an
answer to it with `received_on`. Evidence is read as it was journaled; no correction moves a
deadline. The earliest evidence counts, but never before the trigger's own date, and never later
than some hours after the trigger was recorded. So nobody moves a deadline by silence. Evidence
recorded after the due date that it would give has no effect: nobody becomes late by later evidence.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from casebus.cases import body
from casebus.cases.event import CaseEvent, Identity
from casebus.events.doors import BUS
from casebus.events.legaltime import CHINA, LegalTime, calendar_day
from casebus.events.types import INTAKE_OPENED, INTAKE_RECEIVED
from casebus.law.calendar import Calendar
from casebus.law.compiled import ClockRule
from casebus.law.periods import in_time

#: The kinds of evidence, in the order of preference at the same moment.
RECEIVED = "received"
RETRIEVED = "retrieved"
DECLARED = "declared"
#: Nothing shows it: it counts as some hours after the trigger was recorded.
PRESUMED = "presumed"
#: The actor or the bus made the trigger, or it is history: counted from its own date.
OWN_DATE = "own_date"

_RANK = (RECEIVED, RETRIEVED, DECLARED, PRESUMED)
_STEPS = {
    INTAKE_RECEIVED: RECEIVED,
    INTAKE_OPENED: RETRIEVED,
}
#: Field of the receiver's answer: the day on which it received the answered event.
_SAYS_WHEN = "received_on"
#: The evidence in an event is kept with it.
_SHOWS = "receipts"


class KnownReceipt(NamedTuple):
    at: LegalTime
    known_by: str


class _Evidence(NamedTuple):
    agency: str
    receipt: KnownReceipt
    recorded_at: dt.datetime


class CaseReceipts:
    """The evidence in the events of one stream; read once, when a clock first asks."""

    def __init__(self, journaled: Sequence[CaseEvent], within: dt.timedelta) -> None:
        self._recorded = journaled
        self._journaled: Sequence[CaseEvent] | None = journaled
        self._within = within
        #: By received event; an answer names only the id of the answered event.
        self._evidence: dict[Identity | str, list[_Evidence]] = {}

    @cached_property
    def _sent(self) -> dict[Identity, tuple[str, ...]]:
        """The agencies that the stamps of the journal name, over all copies.

        No correction adds to them.
        """
        return {event.identity: event.to for event in self._recorded}

    def was_sent(self, event: Identity, agency: str) -> bool:
        """True if the agency's statement that it received this event is evidence at all."""
        return agency in self._sent.get(event, ())

    def of(
        self, trigger: CaseEvent, agency: str, rule: ClockRule, calendar: Calendar
    ) -> KnownReceipt:
        """The receipt from which the clock of this agency counts."""
        if trigger.imported or trigger.agency in (agency, BUS):
            return KnownReceipt(trigger.legal, OWN_DATE)
        if self._journaled is not None:
            self._gather(self._journaled)
            self._journaled = None
        latest = KnownReceipt(self._latest(trigger, rule), PRESUMED)
        # An agency that was not sent it, by the journal's own stamps, has not received it.
        if self._evidence and self.was_sent(trigger.identity, agency):
            found = [*self._shown(trigger, agency, rule, calendar), latest]
            return min(found, key=_moment)
        return latest

    def _latest(self, trigger: CaseEvent, rule: ClockRule) -> LegalTime:
        legal = trigger.legal
        try:
            at = (trigger.recorded_at + self._within).astimezone(CHINA)
        except OverflowError:
            return legal
        if rule.unit == "h":
            return max(LegalTime.of(at), legal, key=LegalTime.sort_key)
        day = at.date()
        return legal if day <= legal.date else LegalTime(day)

    def _shown(
        self, trigger: CaseEvent, agency: str, rule: ClockRule, calendar: Calendar
    ) -> Iterator[KnownReceipt]:
        handed, declared = self._evidence.get(trigger.identity), self._evidence.get(trigger.id)
        for one in (*(handed or ()), *(declared or ())):
            if one.agency == agency:
                receipt = _counting(one.receipt, trigger.legal, rule)
                if _came_in_time(one, receipt, rule, calendar):
                    yield receipt

    def _gather(self, events: Sequence[CaseEvent]) -> None:
        for event in events:
            if event.type not in _STEPS and not (event.causation and event.data.get(_SAYS_WHEN)):
                continue
            shown = event.made.get(_SHOWS)
            if shown is None:
                shown = event.made[_SHOWS] = tuple(_evidence_in(event))
            for about, one in shown:
                self._evidence.setdefault(about, []).append(one)


def _evidence_in(event: CaseEvent) -> Iterator[tuple[Identity | str, _Evidence]]:
    """The received events that the event shows, and their receivers."""
    data = event.data
    if (step := _STEPS.get(event.type)) is not None:
        # Each agency speaks for itself: another's word is no evidence of its receipt.
        if data.get("agency") == event.agency:
            about = (body.text(data, "event_source"), body.text(data, "event_id"))
            yield about, _said(event, event.legal, step)
    elif event.causation and (day := calendar_day(body.text(data, _SAYS_WHEN))) is not None:
        one = _said(event, LegalTime(day), DECLARED)
        yield from ((cause, one) for cause in event.causation)


def _said(event: CaseEvent, at: LegalTime, known_by: str) -> _Evidence:
    return _Evidence(event.agency, KnownReceipt(at, known_by), event.recorded_at)


def _counting(receipt: KnownReceipt, legal: LegalTime, rule: ClockRule) -> KnownReceipt:
    """Never before the trigger's own date; to the hour if the unit is hours."""
    at = receipt.at
    if at.date < legal.date or (at.date == legal.date and rule.unit != "h"):
        return receipt._replace(at=legal)
    if rule.unit != "h":
        return receipt._replace(at=LegalTime(at.date))
    return receipt if at.sort_key() >= legal.sort_key() else receipt._replace(at=legal)


def _came_in_time(
    one: _Evidence, receipt: KnownReceipt, rule: ClockRule, calendar: Calendar
) -> bool:
    end = rule.due(receipt.at, calendar)
    return end is not None and in_time(one.recorded_at, end.due)


def _moment(receipt: KnownReceipt) -> tuple[dt.date, dt.time, int]:
    """A bare date leaves the hour open, so it comes after all hours of its day."""
    at = receipt.at
    return (at.date, dt.time.max if at.time is None else at.time, _RANK.index(receipt.known_by))
