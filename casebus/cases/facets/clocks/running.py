"""One clock of a fold: paused, resumed, extended, ended, and counted by the law of the day."""

from __future__ import annotations

import datetime as dt

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.cases.facets.clocks.clock import (
    CANCELLED,
    LAPSED,
    MET,
    MET_LATE,
    PAUSED,
    RUNNING,
)
from casebus.cases.open_regions import OpenRegion
from casebus.cases.receipts import CaseReceipts, KnownReceipt
from casebus.events.legaltime import LegalTime, calendar_day
from casebus.law.calendar import Calendar
from casebus.law.compiled import ClockRule
from casebus.law.periods import NOTHING, Added, Ending, ending, extension, in_time, paused

#: Reasons why a clock is not moved.
PAST_DUE = "past_due"
ENDED = "ended"
NOT_PAUSED = "not_paused"
NO_MORE_EXTENSIONS = "no_more_extensions"
NOT_PAUSABLE = "not_pausable"

#: (clock, source and id of its trigger): identifies the clock of a lapse.
Which = tuple[str, str, str]


class RunningClock:
    """A clock while the fold runs."""

    __slots__ = (
        "_added",
        "_calendar",
        "_first",
        "_floor",
        "_grounds",
        "_latest",
        "_most_added",
        "_receipts",
        "actor",
        "cause",
        "end",
        "extended",
        "paused_since",
        "receipt",
        "region",
        "rule",
        "status",
        "stopped",
        "stopped_by",
        "trigger",
    )

    def __init__(
        self,
        rule: ClockRule,
        trigger: CaseEvent,
        region: OpenRegion,
        calendar: Calendar,
        receipts: CaseReceipts,
    ) -> None:
        self._first = rule
        self._calendar = calendar
        self._receipts = receipts
        #: The receipt from which it counts, if its row counts from receipt.
        self.receipt: KnownReceipt | None = None
        self._added: Added = NOTHING
        #: The same by the fewest possible working days, if no notice covers a pause.
        self._most_added: Added | None = None
        self._grounds: tuple[str, ...] = ()
        #: The day on which the last pause ended.
        self._floor: dt.date | None = None
        #: The day on which the pause ends by itself.
        self._latest: dt.date | None = None
        self.trigger = trigger
        self.region = region
        self.actor = (region.holders(rule.actor) or ("",))[0]
        self.end: Ending | None = None
        self.status = RUNNING
        self.paused_since: LegalTime | None = None
        self.extended = 0
        self.cause = ""
        self.stopped_by: CaseEvent | None = None
        self.stopped: dt.datetime | None = None
        self._settle()

    @property
    def due(self) -> dt.datetime | None:
        """The last moment in time as counted so far; None if the law says `at once`."""
        return None if self.end is None else self.end.due

    @property
    def provisional(self) -> bool:
        if self._most_added is not None:
            return True
        return self.end is not None and self.end.provisional

    @property
    def which(self) -> Which:
        return (self.rule.id, self.trigger.source, self.trigger.id)

    def pause(self, event: CaseEvent, latest: dt.date | None = None) -> str:
        """Stop counting, until `latest` at most; returns the reason if it cannot, or nothing."""
        if self.status == RUNNING:
            if self._is_past(event.moment):
                return PAST_DUE
            self.status = PAUSED
            self.paused_since, self._latest = event.legal, latest
        elif self.status != PAUSED:
            return ENDED
        else:
            # A pause for another reason goes on until that reason is gone.
            self._latest = None
        if _ground(event) not in self._grounds:
            self._grounds = (*self._grounds, _ground(event))
        return ""

    def resume(self, event: CaseEvent) -> str:
        """Count on, once no reason for the pause is left.

        Returns the reason if it cannot, or nothing.

        An event ends the pause that an event of its own domain began. If there is none, it ends
        every pause.
        """
        if self.status != PAUSED:
            return NOT_PAUSED
        left = tuple(one for one in self._grounds if one != _ground(event))
        self._grounds = left if len(left) < len(self._grounds) else ()
        if not self._grounds:
            self._run_on(event.legal)
        return ""

    def extend(self, event: CaseEvent) -> str:
        """Apply the next extension of the law; returns the reason if it cannot, or nothing."""
        if self.status not in (RUNNING, PAUSED):
            return ENDED
        if self.extended >= len(self.rule.extensions):
            return NO_MORE_EXTENSIONS
        if self.status == RUNNING and self._is_past(event.moment):
            return PAST_DUE
        granted = self.rule.extensions[self.extended]
        self.extended += 1
        self._add(extension(granted.amount, granted.unit))
        self._settle()
        return ""

    def meet(self, event: CaseEvent) -> None:
        """The act was done: met, or met late."""
        moment = self._ended_by(event)
        self.status = MET_LATE if self._is_past(moment) else MET

    def cancel(self, event: CaseEvent) -> None:
        """The reason for the duty is gone."""
        self._ended_by(event)
        self.status = CANCELLED

    def lapse(self, event: CaseEvent) -> bool:
        """Run out, if it runs and is certainly over by the moment that the event states."""
        certain = None if self.end is None else self.end.certain
        if self.status != RUNNING or certain is None or certain > event.moment:
            return False
        self.stopped_by, self.stopped, self.status = event, event.moment, LAPSED
        return True

    def _is_past(self, moment: dt.datetime) -> bool:
        """True if that is certain: nobody is late by a date that may still move."""
        certain = None if self.end is None else self.end.certain
        return certain is not None and not in_time(moment, certain)

    def run_on_by_itself(self) -> None:
        """If the pause has a latest day, count on from that day."""
        if self.status == PAUSED and self._latest is not None:
            self._run_on(LegalTime(self._latest))

    def _run_on(self, until: LegalTime) -> None:
        if self._latest is not None and until.date > self._latest:
            until = LegalTime(self._latest)
        since = self.paused_since or until
        length, unsure = paused(self.rule.unit, since, until, self._calendar)
        most = paused(self.rule.unit, since, until, self._calendar.latest)[0] if unsure else None
        self._add(length, most)
        self._floor = until.date
        self.status, self.paused_since, self._grounds, self._latest = RUNNING, None, (), None
        self._settle()

    def _add(self, added: Added, most: Added | None = None) -> None:
        if most is not None or self._most_added is not None:
            before = self._added if self._most_added is None else self._most_added
            self._most_added = before.plus(added if most is None else most)
        self._added = self._added.plus(added)

    def _ended_by(self, event: CaseEvent) -> dt.datetime:
        """The time at which the event counts as done; the clock is settled as of that day."""
        if self.status == PAUSED:
            self._run_on(event.legal)
        done = event.legal
        if self.rule.posting_counts:
            done = _posted(event, self.trigger.legal.date) or done
        if self._first.successors:
            self._settle(done.date)
        self.stopped_by = event
        self.stopped = event.moment if done is event.legal else done.moment()
        return self.stopped

    def _settle(self, ended: dt.date | None = None) -> None:
        """Count again by the version in force, for a clock that runs or ended on that day."""
        rule = self._first
        self.rule, self.end = rule, self._count(rule)
        for later in rule.successors:
            if ended is not None and ended < later.effective_from:
                return
            if self.end is None or self.end.due.date() < later.effective_from:
                return
            self.rule, self.end = later, self._count(later)

    def _count(self, rule: ClockRule) -> Ending | None:
        held = rule.custody_no_roll and self.trigger.data.get("in_custody") is True
        start = self._received(rule) if rule.from_receipt else self.trigger.legal
        if self._added is NOTHING and self._floor is None and not held:
            return rule.due(start, self._calendar)
        if rule.amount is None:
            return None
        period = rule.period()
        if held:
            period = period._replace(count_rule="natural")
        return ending(
            start,
            period,
            self._calendar,
            self._added,
            self._floor,
            most_added=self._most_added,
        )

    def _received(self, rule: ClockRule) -> LegalTime:
        if self.receipt is None:
            self.receipt = self._receipts.of(self.trigger, self.actor, rule, self._calendar)
        return self.receipt.at


def _ground(event: CaseEvent) -> str:
    """The domain of an event: `appraisal.requested` and `appraisal.issued` share one."""
    return event.name.partition(".")[0]


def _posted(event: CaseEvent, trigger: dt.date) -> LegalTime | None:
    """The day on which the act was posted, if its author gives one before its own.

    An answer cannot come before the day of the event that it answers.
    """
    posted = calendar_day(body.text(event.data, "posted_on"))
    if posted is None or not trigger <= posted < event.legal.date:
        return None
    return LegalTime(posted)
