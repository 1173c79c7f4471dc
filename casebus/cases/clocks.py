"""Statutory clocks of one fold: started, moved, stopped, and judged by the law of the day."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from casebus.cases import body
from casebus.cases.announcements import Announcement
from casebus.cases.clock import CANCELLED, LAPSE, LAPSED, MET, MET_LATE, PAUSED, RUNNING, Clock
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.keys import StreamKeys
from casebus.cases.receipts import CaseReceipts, KnownReceipt
from casebus.cases.regions import OpenRegion
from casebus.events.legaltime import LegalTime, calendar_day
from casebus.law.agencies import ACTOR, AGENCY, ROLE, SAME_DIVISION
from casebus.law.calendar import Calendar
from casebus.law.compiled import ALL, ClockRule, clock_in_force
from casebus.law.periods import NOTHING, Added, Ending, ending, extension, in_time, paused

#: Reasons why a clock is not moved.
PAST_DUE = "past_due"
ENDED = "ended"
NOT_PAUSED = "not_paused"
NO_MORE_EXTENSIONS = "no_more_extensions"
NOT_PAUSABLE = "not_pausable"

#: (clock, source and id of its trigger): identifies the clock of a lapse.
_Which = tuple[str, str, str]
#: The breach in force, the number of withdrawn ones, the warning.
_Marks = tuple[Identity | None, int, Identity | None]
_UNMARKED: _Marks = (None, 0, None)


class ClockSetting(NamedTuple):
    """The part that the clocks of a case share when the fold ends."""

    stream: str
    keys: StreamKeys
    #: Digest of the law bundle.
    law: str
    #: The breaches that the journal holds, and the warnings, by key.
    breaches: Mapping[str, Announcement]
    warnings: Mapping[str, Identity]


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
    def which(self) -> _Which:
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


class Clocks:
    """All clocks of a case; a work item shows the newest one of an id."""

    def __init__(self, calendar: Calendar, receipts: CaseReceipts) -> None:
        self._calendar = calendar
        self._receipts = receipts
        self._all: list[RunningClock] = []
        #: The clocks that have not ended, including paused ones.
        self._open: list[RunningClock] = []
        #: The number of times that a lapse was taken back.
        self._taken_back: Counter[_Which] = Counter()

    def start(
        self,
        versions: tuple[ClockRule, ...],
        trigger: CaseEvent,
        region: OpenRegion,
        *,
        alone: bool,
    ) -> None:
        """Start by the version in force on the trigger's day. If there is none, no clock runs.

        An event that starts the same clock in two regions starts one. `alone` says that there is
        only one region.
        """
        rule = clock_in_force(versions, trigger.legal.date, trigger.data)
        if rule is None or (rule.when_held and not region.holders(rule.actor)):
            return
        if not alone and self._has_started(rule, trigger):
            return
        draft = RunningClock(rule, trigger, region, self._calendar, self._receipts)
        self._all.append(draft)
        self._open.append(draft)

    def _has_started(self, rule: ClockRule, trigger: CaseEvent) -> bool:
        """True if the same event has started it, so that it is among the last."""
        for one in reversed(self._all):
            if one.trigger is not trigger:
                return False
            if one.rule.id == rule.id:
                return True
        return False

    def ensure(
        self,
        versions: tuple[ClockRule, ...],
        trigger: CaseEvent,
        region: OpenRegion,
        *,
        alone: bool,
        done: bool = False,
    ) -> None:
        """Start it if it does not run here, or runs by a version not meant for this body.

        An act that is already `done` starts no clock.
        """
        known = versions[0].id
        running = [one for one in self._open if one.rule.id == known and one.region is region]
        gone = [one for one in running if not one.rule.is_for(trigger.data)]
        for draft in gone:
            draft.cancel(trigger)
            self._open.remove(draft)
        if len(gone) == len(running) and not done:
            self.start(versions, trigger, region, alone=alone)

    def stop(self, ids: frozenset[str], event: CaseEvent, region: OpenRegion) -> None:
        for draft in self._take(ids, region):
            draft.meet(event)

    def cancel(self, ids: frozenset[str], event: CaseEvent, region: OpenRegion) -> None:
        for draft in self._take(ids, region):
            draft.cancel(event)

    def pause(
        self, ids: frozenset[str], event: CaseEvent, region: OpenRegion, until: str | None = None
    ) -> None:
        """Pause clocks.

        `until` is the clock whose last day ends the pause if nothing ends it before.
        """
        bound = self.running(until) if until else None
        latest = None if bound is None or bound.due is None else bound.due.date()
        for draft in self._meant(ids, region):
            draft.pause(event, latest)

    def were_met(self, ids: frozenset[str], region: OpenRegion) -> bool:
        """True if the last clock of each id in the region was met in time."""
        last = {one.rule.id: one.status for one in self._all if one.region is region} if ids else {}
        return all(last.get(one) == MET for one in ids)

    def resume(self, ids: frozenset[str], event: CaseEvent, region: OpenRegion) -> None:
        for draft in self._meant(ids, region):
            draft.resume(event)

    def extend(
        self, ids: frozenset[str], event: CaseEvent, region: OpenRegion
    ) -> Iterable[tuple[str, str]]:
        """(clock, reason) of the clocks that were not extended."""
        for draft in self._meant(ids, region):
            reason = draft.extend(event)
            if reason:
                yield draft.rule.id, reason

    def lapse(self, which: _Which, event: CaseEvent) -> RunningClock | None:
        """The clock that ran out with this event; None if none did."""
        for draft in self._open:
            if draft.which == which and draft.lapse(event):
                self._open.remove(draft)
                return draft
        return None

    def take_back(self, which: _Which) -> None:
        """A lapse was taken back: it no longer counts."""
        self._taken_back[which] += 1

    def of(self, clock: str) -> list[RunningClock]:
        """The clocks of this id that have not ended; if there are none, the last ended one."""
        found = [one for one in self._open if one.rule.id == clock]
        return found or [one for one in self._all if one.rule.id == clock][-1:]

    def running(self, clock: str | None) -> RunningClock | None:
        """The clock of this id that started last and has not ended."""
        for draft in reversed(self._open):
            if draft.rule.id == clock:
                return draft
        return None

    def _take(self, ids: frozenset[str], region: OpenRegion) -> list[RunningClock]:
        ended = self._meant(ids, region)
        if ended:
            self._open = [draft for draft in self._open if draft not in ended]
        return ended

    def _meant(self, ids: frozenset[str], region: OpenRegion) -> list[RunningClock]:
        """The named clocks of the region. If it has none of a name, that of the case."""
        if not ids or not self._open:
            return []
        if ALL in ids:
            return [one for one in self._open if one.region is region or one.rule.id in ids]
        found = [one for one in self._open if one.rule.id in ids]
        if len(found) <= 1:
            return found
        own = {one.rule.id for one in found if one.region is region}
        return [one for one in found if one.region is region or one.rule.id not in own]

    def frozen(self, setting: ClockSetting) -> tuple[Clock, ...]:
        """In the order of their start."""
        for one in self._open:
            one.run_on_by_itself()
        back = self._taken_back
        return tuple(_freeze(one, setting, back[one.which] if back else 0) for one in self._all)


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


def _freeze(draft: RunningClock, setting: ClockSetting, taken_back: int) -> Clock:
    """The clock as it is at the end; if nothing has happened to it, the one of the last fold."""
    rule, made, region = draft.rule, draft.trigger.made, draft.region
    actor = draft.actor or (region.holders(rule.actor) or ("",))[0]
    tell = tuple([_told(one, actor, region) for one in rule.tell]) if rule.tell else ()
    marks = _marks(draft, setting) if setting.breaches or setting.warnings else _UNMARKED
    state = (
        rule,
        actor,
        tell,
        marks,
        draft.end,
        draft.status,
        None if draft.stopped_by is None else draft.stopped_by.identity,
        draft.stopped,
        draft.receipt,
        draft.paused_since,
        draft.extended,
        draft.cause,
        draft.provisional,
        taken_back,
    )
    which = rule.id, region.procedure.id
    kept: tuple[object, Clock] | None = made.get(which)
    if kept is None or kept[0] != state:
        clock = _clock(draft, setting, actor, tell)
        clock.breach, withdrawn, clock.warned = marks
        clock.revision = taken_back if rule.expiry == LAPSE else withdrawn
        kept = made[which] = state, clock
    return kept[1]


def _marks(draft: RunningClock, setting: ClockSetting) -> _Marks:
    """The journal's record of what was told about the clock."""
    key = _key(draft, setting)
    mark = setting.breaches.get(key)
    standing, withdrawn = (mark.standing, mark.withdrawn) if mark else (None, 0)
    return standing, withdrawn, setting.warnings.get(key)


def _key(draft: RunningClock, setting: ClockSetting) -> str:
    trigger = draft.trigger
    return setting.keys.of_event(trigger, "clock", draft.rule.id, trigger.source, trigger.id)


def _clock(draft: RunningClock, setting: ClockSetting, actor: str, tell: tuple[str, ...]) -> Clock:
    rule, trigger, stopped_by, region = draft.rule, draft.trigger, draft.stopped_by, draft.region
    end, status, lapses = draft.end, draft.status, rule.expiry == LAPSE
    due = nominal = certain = warn = None
    if end is not None and status != PAUSED:
        due, nominal, _, certain, warn = end
    clock = Clock(
        key=_key(draft, setting),
        id=rule.id,
        title=rule.title,
        title_en=rule.title_en,
        stream=setting.stream,
        procedure=region.procedure.id,
        actor=actor,
        actor_role=rule.actor,
        trigger=trigger.identity,
        started=trigger.legal,
        due=due,
        certain=certain,
        nominal=nominal,
        warn=warn,
        grace=rule.grace,
        expiry=LAPSE if rule.owed_if_done and status != MET_LATE else rule.expiry,
        announced=lapses and (bool(rule.tell) or rule.id in region.procedure.lapsing),
        status=status,
        stopped_by=None if stopped_by is None else stopped_by.identity,
        stopped=draft.stopped,
        historic=trigger.imported or (end is not None and trigger.recorded_at > end.due),
        provisional=draft.provisional,
        citation=rule.citation,
        law_version=rule.version,
        confidence=rule.confidence,
        law=setting.law,
        tell=tell,
    )
    # Fields that few clocks have are set only then, because the fold makes many clocks.
    if rule.from_receipt and (receipt := draft.receipt) is not None:
        clock.counted_from, clock.counted_by = receipt
    if draft.extended or draft.cause or status == PAUSED:
        clock.extended, clock.cause = draft.extended, draft.cause
        clock.paused_since = draft.paused_since
    return clock


def _told(rule: str, actor: str, region: OpenRegion) -> str:
    """A rule seen from the actor; a role that nobody has yet means a neighbour of its sector."""
    if rule == ACTOR:
        return AGENCY + actor
    if not rule.startswith(ROLE):
        return rule
    role = rule.removeprefix(ROLE)
    holders = region.holders(role)
    if holders:
        return AGENCY + holders[0]
    sectors = region.procedure.roles.get(role)
    return SAME_DIVISION + (min(sectors) if sectors else role)
