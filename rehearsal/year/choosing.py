"""Chooses the next act in a region: the acts that the law allows, their agency, their time."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from casebus.cases import Case
from casebus.cases.core import Region
from casebus.cases.facets.clocks.clock import RUNNING, Clock
from casebus.law.compiled import Step, in_force
from casebus.trust.directory import Agency
from rehearsal.year.naming import YearNaming
from rehearsal.year.unfolding import Name, name_of
from rehearsal.year.world import YearWorld

#: Domains that any procedure may see.
_ANYWHERE = frozenset(
    {"clock", "case", "proceeding", "evidence", "expert", "appraisal", "filing_standard", "work"}
)
_SOON = dt.timedelta(minutes=5)
#: A step, its possible agency, and its weight.
_Choice = tuple[Step, Agency, float]


@dataclass(frozen=True, slots=True)
class Move:
    """A planned act; `procedure` is empty if the act opens one or is beside all."""

    at: dt.datetime
    procedure: str
    event: str
    author: Agency
    #: None for acts beside every procedure.
    step: Step | None
    #: The periods of its region that it knowingly overruns.
    passes: frozenset[Name] = frozenset()


@dataclass(frozen=True, slots=True)
class Chooser:
    world: YearWorld
    naming: YearNaming
    rng: random.Random
    #: Events, or their domains, that never come in this case.
    shuns: frozenset[str] = frozenset()

    def choose(
        self, case: Case, region: Region, now: dt.datetime, done: Mapping[str, int], vain: set[str]
    ) -> Move | None:
        """The next act; None if the region rests.

        `done`: the number of each event; `vain`: tried, refused.
        """
        found = self._found(case, region, now.date(), done, vain)
        weights = [weight for _, _, weight in found]
        rests = self.world.plan.walk.rests
        if not found or self.rng.random() * (sum(weights) + rests) > sum(weights):
            return None
        move = self._drawn(case, region, found, now)
        first = self._first_left(case, region, move)
        if first is not None:
            # Something else falls due before. Its end comes first, or this act comes sooner.
            ending = [one for one in found if first.id in self._ends(one[0])]
            move = self._drawn(case, region, ending, now) if ending else move
            first = self._first_left(case, region, move)
        at = move.at
        if first is not None and first.certain is not None:
            at = max(self.world.times.before(first.certain, at, now, self.rng), now + _SOON)
        return replace(move, at=at, passes=self._passed(case, region, at))

    def _found(
        self, case: Case, region: Region, day: dt.date, done: Mapping[str, int], vain: set[str]
    ) -> list[_Choice]:
        """The possible next acts. In an end state, only what is still owed there."""
        owed = {clock for clock, _ in self.owed(case, region)}
        final = region.status in self.world.law.procedures[region.procedure].final
        plan = self.world.plan
        return [
            (step, author, weight * float(plan.walk.again ** done.get(step.event, 0)))
            for step, author, weight in self._possible(case, region, day)
            if step.event not in vain
            and (owed & self._ends(step) or (plan.is_due(step.event, done) and not final))
        ]

    def _drawn(self, case: Case, region: Region, found: list[_Choice], now: dt.datetime) -> Move:
        step, author, _ = self.rng.choices(found, [weight for _, _, weight in found])[0]
        return Move(self._when(case, region, step, now), region.procedure, step.event, author, step)

    def owed(self, case: Case, region: Region) -> frozenset[Name]:
        """The running periods that nobody in the region may overrun."""
        return frozenset(name_of(one) for one in self._owing(case, region))

    def overruns(self, case: Case, region: Region, move: Move) -> bool:
        """True if a planned move would let another period pass than it was meant to."""
        return not self._passed(case, region, move.at) <= move.passes

    def _owing(self, case: Case, region: Region) -> Iterator[Clock]:
        """Periods whose end is a breach, or an omission if the region transfers."""
        transfers = any(map(self._transfers, self.world.law.procedures[region.procedure].otherwise))
        for one in case.clocks:
            if one.status != RUNNING or one.due is None:
                continue
            own = one.procedure == region.procedure and one.breach_after is not None
            if own or (transfers and one.id in self._omissions):
                yield one

    def _ends(self, step: Step) -> frozenset[str]:
        """The clocks that run no more after it."""
        ended = step.stops | step.cancels
        return ended | self._omissions if self._transfers(step.event) else ended

    @property
    def _omissions(self) -> frozenset[str]:
        return frozenset(self.world.law.thresholds.detection.clocks)

    def _transfers(self, event: str) -> bool:
        return "transfers" in self.world.law.thresholds.detection.says(event)

    def _passed(self, case: Case, region: Region, at: dt.datetime) -> frozenset[Name]:
        return frozenset(
            name_of(one) for one in self._owing(case, region) if one.certain and one.certain < at
        )

    def _first_left(self, case: Case, region: Region, move: Move) -> Clock | None:
        """The first period that would be overrun and that the move does not end."""
        ended = self._ends(move.step) if move.step else frozenset()
        left = [
            (one.certain, one.key, one)
            for one in self._owing(case, region)
            if one.certain and one.certain < move.at and one.id not in ended
        ]
        return min(left, default=(None, "", None))[2]

    def _possible(self, case: Case, region: Region, day: dt.date) -> Iterator[_Choice]:
        running = {clock.id for clock in _running(case, region)}
        for (state, _), versions in self.world.law.procedures[region.procedure].steps.items():
            step = in_force(versions, day) if state == region.status else None
            shunned = step is None or bool({step.event, step.event.partition(".")[0]} & self.shuns)
            weight = 0 if step is None or shunned else self._weight(step, region, running)
            author = self.naming.author(case, region, step) if step and weight else None
            if step is not None and author is not None:
                yield step, author, weight

    def _weight(self, step: Step, region: Region, running: set[str]) -> float:
        manner = self.world.plan.walk
        given = self.world.plan.weight(region.procedure, step.event)
        weight = 1.0 if given is None else given
        if given is None and step.event.partition(".")[0] in _ANYWHERE:
            weight = manner.common
        if step.to is None or step.to == region.status:
            weight *= manner.stays
        if running & (step.stops | step.cancels):
            weight *= manner.owed
        return weight

    def _when(self, case: Case, region: Region, step: Step, now: dt.datetime) -> dt.datetime:
        """By the first period to end that asks for it or, without one, by its kind's pace."""
        times, ended = self.world.times, step.stops | step.cancels
        asked = [(one.due, one) for one in _running(case, region) if one.id in ended and one.due]
        if not asked:
            return times.after(now, self.world.plan.pace.median(step.event), self.rng)
        due, clock = min(asked, key=lambda one: one[0])
        started = clock.started.moment()
        if clock.breach_after is not None and times.is_late(self.rng):
            return max(times.late(started, clock.breach_after, self.rng), now + _SOON)
        return max(times.within(started, due, now, self.rng), now + _SOON)


def _running(case: Case, region: Region) -> list[Clock]:
    return [
        one
        for one in case.clocks
        if one.status == RUNNING and one.due is not None and one.procedure == region.procedure
    ]
