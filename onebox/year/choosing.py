"""What happens next in a region: what the law allows there, who may do it, and when."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from casebus.cases import Case
from casebus.cases.state import RUNNING, Clock, Region
from casebus.law.compiled import Step, in_force
from casebus.trust.directory import Agency
from onebox.year.naming import Naming
from onebox.year.world import World

#: Domains of what any procedure may see.
_ANYWHERE = frozenset(
    {"clock", "case", "proceeding", "evidence", "expert", "appraisal", "filing_standard", "work"}
)
_SOON = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Move:
    """What is meant to happen; `procedure` is empty of what opens one or stands beside."""

    at: dt.datetime
    procedure: str
    event: str
    author: Agency
    #: None of what stands beside every procedure.
    step: Step | None


@dataclass(frozen=True, slots=True)
class Chooser:
    world: World
    naming: Naming
    rng: random.Random

    def choose(
        self, case: Case, region: Region, now: dt.datetime, done: Mapping[str, int], vain: set[str]
    ) -> Move | None:
        """None where the region rests. `done`: how often each event was; `vain`: tried, refused."""
        if region.status in self.world.law.procedures[region.procedure].final:
            return None
        found = [
            (step, author, weight * float(self.world.plan.walk.again ** done.get(step.event, 0)))
            for step, author, weight in self._possible(case, region, now.date())
            if step.event not in vain and self.world.plan.is_due(step.event, done)
        ]
        weights = [weight for _, _, weight in found]
        rests = self.world.plan.walk.rests
        if not found or self.rng.random() * (sum(weights) + rests) > sum(weights):
            return None
        step, author, _ = self.rng.choices(found, weights)[0]
        return Move(self._when(case, region, step, now), region.procedure, step.event, author, step)

    def _possible(
        self, case: Case, region: Region, day: dt.date
    ) -> Iterator[tuple[Step, Agency, float]]:
        running = {clock.id for clock in _running(case, region)}
        for (state, _), versions in self.world.law.procedures[region.procedure].steps.items():
            step = in_force(versions, day) if state == region.status else None
            weight = self._weight(step, region, running) if step else 0
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
        """By the first period to end that asks for it; else by the pace of its kind."""
        times, ended = self.world.times, step.stops | step.cancels
        asked = [(one.due, one) for one in _running(case, region) if one.id in ended and one.due]
        if not asked:
            return times.after(now, self.world.plan.pace.median(step.event), self.rng)
        due, clock = min(asked, key=lambda one: one[0])
        return max(times.within(clock.started.moment(), due, now, self.rng), now + _SOON)


def _running(case: Case, region: Region) -> list[Clock]:
    return [
        one
        for one in case.clocks
        if one.status == RUNNING and one.due is not None and one.procedure == region.procedure
    ]
