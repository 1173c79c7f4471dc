"""A case as it happens: the agencies' events, the lapses that the bus reports, and the overruns.

Nothing is accused here. Before time passes a last day, the walk writes down the periods that it
lets pass. Others compare them with the fold of the finished case.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from casebus.cases import Case, CaseEvent, fold
from casebus.cases.event import Identity
from casebus.cases.facets import DeviationsFacet
from casebus.cases.facets.clocks.clock import RUNNING, Clock
from casebus.law import Law
from rehearsal.year.replaying import lapse_event

#: A clock, and the event that started it.
Name = tuple[str, Identity]


class Unfolding:
    """Unfolds one case; `case` is its present state."""

    def __init__(self, law: Law) -> None:
        self._law = law
        #: The clocks whose end is an omission.
        self._omissions = frozenset(law.thresholds.detection.clocks)
        self._if_done = frozenset(
            one for one, versions in law.clocks.items() if versions[0].owed_if_done
        )
        self._lapses: list[CaseEvent] = []
        self.events: list[CaseEvent] = []
        self.case = Case(stream="", status="", law="")
        #: Periods that were let pass, in the order in which they ended.
        self.overrun: dict[Name, None] = {}

    @property
    def now(self) -> dt.datetime | None:
        """The time of the last event or lapse."""
        said = [one.recorded_at for one in self.events[-1:]]
        return max([*said, *(one.legal.moment() for one in self._lapses[-1:])], default=None)

    def tried(self, event: CaseEvent, *, moves: bool) -> Case | None:
        """The case with one more event; None if the fold finds a fault with it.

        It is also tried as history, if that may differ: no lapse of it is told, and it is counted
        from other days. That shows if an event `moves` a clock.
        """
        case = fold([*self.events, *self._lapses, event], self._law)
        if not self._faults(case) <= self._faults(self.case):
            return None
        if not self._lapses and not moves:
            return case
        told = [replace(one, imported=True) for one in (*self.events, event)]
        past = fold(told, self._law)
        deviations = past.of(DeviationsFacet)
        return None if past.findings or deviations else case

    def take(self, event: CaseEvent, case: Case, ends: frozenset[str] = frozenset()) -> None:
        """`case` is the result of `tried`; `ends`: the clocks that the event should stop."""
        moment = event.legal.moment()
        self._let_pass(moment)
        # An office that need not do it is still late if it does it later.
        for one in self.case.clocks:
            if one.status == RUNNING and one.id in ends & self._if_done and _over(one, moment):
                self.overrun[name_of(one)] = None
        self.events.append(event)
        self.case = case

    def pass_time(self, moment: dt.datetime) -> bool:
        """Up to a moment, or to the first lapse before it, which is then reported: True if so."""
        over = [
            (one.certain, one)
            for one in self.case.clocks
            if one.lapse_after is not None and one.certain is not None and one.certain < moment
        ]
        said = {one.id for one in self._lapses}
        fresh = [(at, one) for at, one in over if lapse_event(one).id not in said]
        if not fresh:
            return False
        at, clock = min(fresh, key=lambda pair: (pair[0], pair[1].key))
        self._let_pass(at)
        if clock.id in self._omissions:
            self.overrun[name_of(clock)] = None
        self._lapses.append(lapse_event(clock))
        self.case = fold([*self.events, *self._lapses], self._law)
        return True

    def fall_silent(self, until: dt.datetime) -> None:
        """Let nobody act any more."""
        while self.pass_time(until):
            pass
        self._let_pass(until)

    def acts_on(self, name: Name) -> Identity | None:
        """The act of an agency that ended the clock, if one did."""
        own = {one.identity for one in self.events}
        ended = next((one.stopped_by for one in self.case.clocks if name_of(one) == name), None)
        return ended if ended in own else None

    def _let_pass(self, moment: dt.datetime) -> None:
        for one in self.case.clocks:
            if one.status == RUNNING and one.breach_after and one.breach_after < moment:
                self.overrun[name_of(one)] = None

    def _faults(self, case: Case) -> set[str]:
        """The missing transfer is no fault of the act that shows it."""
        return {one.key for one in case.findings if one.kind != "omission"}


def _over(clock: Clock, moment: dt.datetime) -> bool:
    return clock.certain is not None and clock.certain + clock.grace < moment


def name_of(clock: Clock) -> Name:
    return clock.id, clock.trigger
