"""One case: a walk through the statecharts of the law, judged by the fold after each step.

What the next act may be, who may do it and until when is not modelled again: it is read from the
folded case. An act that the fold finds fault with is not taken, so a walk makes no mistakes.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, replace

from casebus.cases import Case, CaseEvent, fold
from casebus.cases.state import RUNNING, Clock, Region
from casebus.events.legaltime import LegalTime
from casebus.law import agencies
from casebus.law.compiled import Procedure, Step, in_force
from casebus.trust.directory import Agency
from onebox.year.bodies import Scene
from onebox.year.lines import Line
from onebox.year.naming import Naming
from onebox.year.parties import Subject
from onebox.year.plan import Follow, Kind
from onebox.year.world import World

NAMESPACE = uuid.UUID("7a5c6d0e-9b1f-5e2a-8c3d-2f4b6a8e0c11")
#: How often a region is asked again after the fold found fault with what was tried.
_TRIES = 4
_LEADING = ""


@dataclass(frozen=True, slots=True)
class Move:
    """What is meant to happen next in a region; `procedure` is empty of what opens one."""

    at: dt.datetime
    procedure: str
    event: str
    author: Agency
    #: None of what stands beside every procedure.
    step: Step | None


class Walk:
    """Use `lines()` once."""

    def __init__(self, world: World, number: int) -> None:
        self._world, self._plan = world, world.plan
        wanted = world.wanted
        name = f"{wanted.seed}/{wanted.year}/{number}"
        self._rng = random.Random(name)
        self._number = number
        self._stream = uuid.uuid5(NAMESPACE, name)
        self._kind: Kind = world.kinds[number]
        self._events: list[CaseEvent] = []
        self._to: list[tuple[str, ...]] = []
        self._case = Case(stream="", status="", law="")
        self._moves: dict[str, Move] = {}
        self._begins: list[Move] = []
        #: Procedure -> the state in which it rests, and what was tried there in vain.
        self._rests: dict[str, str] = {}
        self._vain: dict[tuple[str, str], set[str]] = {}
        self._done: dict[str, int] = {}
        self._naming = Naming(world, self._rng)

    def lines(self) -> list[Line]:
        """In the order in which it was said; none where nobody can open such a case."""
        for _ in range(_TRIES):
            opening = self._opening()
            if opening is not None and self._take(opening):
                self._follow(opening)
                self._plan_regions()
                break
        while len(self._events) < self._plan.walk.longest and (move := self._next()):
            if self._take(move):
                self._follow(move)
            elif move.procedure:
                self._vain.setdefault(self._place(move.procedure), set()).add(move.event)
            self._plan_regions()
        return [self._line(at) for at in range(len(self._events))]

    @property
    def case(self) -> Case:
        return self._case

    def _opening(self) -> Move | None:
        world, rng = self._world, self._rng
        found = world.offices.of_kind(self._kind.by, self._plan.province)
        procedure = world.opens[self._kind.opens]
        at = world.times.opening(rng)
        step = self._step(procedure, procedure.initial, self._kind.opens, at.date())
        if not found or step is None:
            return None
        author = rng.choice(found)
        place = world.places.get(author.division) or rng.choice(list(world.places.values()))
        if place["code"].endswith("00"):
            place = self._somewhere(place["code"])
        self._scene_place = place
        self._subject: Subject = world.parties.subject(
            self._number, place, crime=self._kind.crime, rng=rng
        )
        self._began = at.date()
        return Move(at, _LEADING, self._kind.opens, author, step)

    def _somewhere(self, code: str) -> dict[str, str]:
        """A county of a city, or of the province."""
        prefix = code[:2] if code.endswith("0000") else code[:4]
        within = [
            one
            for other, one in self._world.places.items()
            if other.startswith(prefix) and not other.endswith("00")
        ]
        return dict(self._rng.choice(within))

    def _next(self) -> Move | None:
        """The earliest that is meant, and still in this year."""
        waiting = [*self._begins, *self._moves.values()]
        move = min(waiting, key=lambda one: one.at, default=None)
        if move is None or move.at >= self._world.times.end:
            return None
        if move.procedure:
            del self._moves[move.procedure]
        else:
            self._begins.remove(move)
        return move

    def _take(self, move: Move) -> bool:
        """Say it, unless the fold finds something wrong with it."""
        now = self._events[-1].recorded_at if self._events else move.at
        at = max(move.at, now + dt.timedelta(minutes=1)) if self._events else move.at
        if at >= self._world.times.end:
            return False
        region = self._region(move.procedure)
        to = (
            self._naming.recipients(self._case, region, move.step, move.author)
            if move.step
            else self._naming.told(self._case.regions, move.author)
        )
        event = self._event(replace(move, at=at), to)
        case = fold([*self._events, event], self._world.law)
        if len(case.findings) > len(self._case.findings):
            return False
        self._events.append(event)
        self._to.append(to)
        before, self._case = self._case, case
        self._done[move.event] = self._done.get(move.event, 0) + 1
        self._forget(before)
        return True

    def _forget(self, before: Case) -> None:
        """What was meant in a region that has moved is meant no more."""
        states = {one.procedure: one.status for one in before.regions}
        for one in self._case.regions:
            if states.get(one.procedure) != one.status:
                self._moves.pop(one.procedure, None)

    def _event(self, move: Move, to: tuple[str, ...]) -> CaseEvent:
        world, author = self._world, move.author
        ce_type = f"casebus.{move.event}.v1"
        copies = agencies.resolve(world.law.copies(ce_type), author.id, world.offices)
        everyone = tuple(one for one in dict.fromkeys((*to, *copies)) if one != author.id)
        scene = Scene(
            subject=self._subject,
            author=author,
            place=self._scene_place,
            at=move.at,
            began=self._began,
            number=self._number,
            rng=self._rng,
        )
        return CaseEvent(
            stream=str(self._stream),
            source=author.id,
            id=str(uuid.uuid5(self._stream, str(len(self._events)))),
            type=ce_type,
            legal=self._legal(move),
            sequence=None,
            causation=self._cause(),
            recorded_at=move.at,
            position=(1, 0, len(self._events)),
            sector=author.sector,
            to=everyone,
            to_sectors=tuple(self._sector(one) for one in everyone),
            imported=True,
            data=world.bodies.body(move.event, scene),
        )

    def _sector(self, agency: str) -> str:
        found = self._world.offices.agency(agency)
        return found.sector if found else ""

    def _cause(self) -> tuple[str, ...]:
        return (self._events[-1].id,) if self._events else ()

    def _legal(self, move: Move) -> LegalTime:
        """With its time of day, unless its office writes down days and nothing counts hours."""
        exact = LegalTime.of(move.at)
        earlier = not self._events or self._events[-1].legal.date < exact.date
        begun = move.step.starts if move.step else ()
        starts = any(one.unit == "h" for versions in begun for one in versions)
        if earlier and not starts and self._rng.random() < self._plan.walk.by_day:
            return LegalTime(exact.date)
        return exact

    def _follow(self, move: Move) -> None:
        """What begins beside it."""
        for one in self._plan.follows:
            fits = one.crime is None or one.crime == self._kind.crime
            if one.after == move.event and fits and self._rng.random() < one.share:
                begin = self._beginning(one, move)
                if begin is not None:
                    self._begins.append(begin)

        if move.step is not None:
            self._write_beside()

    def _write_beside(self) -> None:
        """What offices write into the case beside its procedures."""
        for event, share in self._plan.beside.items():
            author = self._naming.writer(self._case, event) if self._rng.random() < share else None
            if author is not None:
                now = self._events[-1].recorded_at
                at = self._world.times.after(now, self._plan.pace.median(event), self._rng)
                self._begins.append(Move(at, _LEADING, event, author, None))

    def _beginning(self, one: Follow, move: Move) -> Move | None:
        world, now = self._world, self._events[-1].recorded_at
        procedure = world.opens[one.opens]
        author: Agency | None = move.author
        if one.by != "author":
            found = world.offices.of_kind(one.by, self._plan.province)
            author = self._rng.choice(found) if found else None
        at = world.times.after(now, self._plan.pace.median(one.opens), self._rng)
        step = self._step(procedure, procedure.initial, one.opens, at.date())
        if author is None or step is None or self._region(procedure.id) is not None:
            return None
        return Move(at, _LEADING, one.opens, author, step)

    def _plan_regions(self) -> None:
        for region in self._case.regions:
            name = region.procedure
            if name in self._moves or self._rests.get(name) == region.status:
                continue
            move = self._chosen(region)
            if move is None:
                self._rests[name] = region.status
            else:
                self._moves[name] = move

    def _chosen(self, region: Region) -> Move | None:
        procedure = self._world.law.procedures[region.procedure]
        if region.status in procedure.final:
            return None
        if len(self._vain.get(self._place(region.procedure), ())) > _TRIES:
            return None
        day = self._events[-1].legal.date
        found = list(self._possible(region, procedure, day))
        weights = [weight for _, _, weight in found]
        if not found or self._rng.random() * (sum(weights) + self._plan.walk.rests) > sum(weights):
            return None
        step, author, _ = self._rng.choices(found, weights)[0]
        return Move(self._when(region, step), region.procedure, step.event, author, step)

    def _possible(
        self, region: Region, procedure: Procedure, day: dt.date
    ) -> Iterator[tuple[Step, Agency, float]]:
        vain = self._vain.get(self._place(region.procedure), set())
        running = {clock.id for clock in self._running(region)}
        for (state, event), versions in procedure.steps.items():
            if state != region.status or event in vain:
                continue
            step = in_force(versions, day)
            weight = self._weight(step, region, running) if step else 0
            if step is None or not weight:
                continue
            author = self._naming.author(self._case, region, step)
            if author is not None:
                yield step, author, weight

    def _weight(self, step: Step, region: Region, running: set[str]) -> float:
        manner, event = self._plan.walk, step.event
        given = self._plan.weight(region.procedure, event)
        weight = 1.0 if given is None else given
        if given is None and event.partition(".")[0] in _ANYWHERE:
            weight = manner.common
        if step.to is None or step.to == region.status:
            weight *= manner.stays
        if running & (step.stops | step.cancels):
            weight *= manner.owed
        return weight * float(manner.again ** self._done.get(event, 0))

    def _when(self, region: Region, step: Step) -> dt.datetime:
        world, now = self._world, self._events[-1].recorded_at
        asked = [one for one in self._running(region) if one.id in step.stops | step.cancels]
        if asked:
            clock = min(asked, key=lambda one: one.due or now)
            if clock.due is not None:
                return max(
                    world.times.within(clock.started.moment(), clock.due, now, self._rng),
                    now + dt.timedelta(minutes=5),
                )
        return world.times.after(now, self._plan.pace.median(step.event), self._rng)

    def _running(self, region: Region) -> list[Clock]:
        return [
            one
            for one in self._case.clocks
            if one.status == RUNNING and one.due is not None and one.procedure == region.procedure
        ]

    def _region(self, procedure: str) -> Region | None:
        return next((one for one in self._case.regions if one.procedure == procedure), None)

    def _place(self, procedure: str) -> tuple[str, str]:
        region = self._region(procedure)
        return procedure, region.status if region else ""

    def _step(self, procedure: Procedure, state: str, event: str, day: dt.date) -> Step | None:
        return in_force(procedure.steps.get((state, event)), day)

    def _line(self, at: int) -> Line:
        event = self._events[at]
        said = event.recorded_at.isoformat()
        return Line(
            type=event.type,
            id=event.id,
            source=event.source,
            case=event.stream,
            to=self._to[at],
            legal_time=str(event.legal),
            causation=event.causation,
            data=event.data,
            at=said,
            arrives=said,
        )


#: Domains of what any procedure may see.
_ANYWHERE = frozenset(
    {"clock", "case", "proceeding", "evidence", "expert", "appraisal", "filing_standard", "work"}
)
