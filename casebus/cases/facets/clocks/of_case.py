"""All clocks of one fold: started, moved and stopped, each in its region."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from casebus.cases.announcements import Announcements
from casebus.cases.event import CaseEvent
from casebus.cases.facets.clocks.clock import (
    MET,
    Clock,
)
from casebus.cases.facets.clocks.frozen import ClockSetting, freeze
from casebus.cases.facets.clocks.running import RunningClock, Which
from casebus.cases.keys import StreamKeys
from casebus.cases.open_regions import OpenRegion
from casebus.cases.receipts import CaseReceipts
from casebus.law import Law
from casebus.law.compiled import ALL, ClockRule, clock_in_force


class Clocks:
    """All clocks of a case; a work item shows the newest one of an id."""

    def __init__(self, law: Law, keys: StreamKeys, receipts: CaseReceipts) -> None:
        self._law, self._keys = law.digest, keys
        self._calendar = law.calendar
        self._receipts = receipts
        #: Lapses that do not hold and that the bus has not taken back yet.
        self.unfounded: list[CaseEvent] = []
        self._all: list[RunningClock] = []
        #: The clocks that have not ended, including paused ones.
        self._open: list[RunningClock] = []
        #: The number of times that a lapse was taken back.
        self._taken_back: Counter[Which] = Counter()

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

    def lapse(self, which: Which, event: CaseEvent) -> RunningClock | None:
        """The clock that ran out with this event; None if none did."""
        for draft in self._open:
            if draft.which == which and draft.lapse(event):
                self._open.remove(draft)
                return draft
        return None

    def take_back(self, which: Which) -> None:
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

    def frozen(self, announced: Announcements) -> tuple[Clock, ...]:
        """In the order started; `announced` is what the bus has said of them."""
        setting = ClockSetting(self._keys, self._law, announced.breaches, announced.warnings)
        for one in self._open:
            one.run_on_by_itself()
        back = self._taken_back
        return tuple(freeze(one, setting, back[one.which] if back else 0) for one in self._all)
