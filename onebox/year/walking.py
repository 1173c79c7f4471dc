"""One case: a walk through the statecharts of the law, judged by the fold after each step.

What the next act may be, who may do it and until when is not modelled again: it is read from the
folded case. An act that the fold finds fault with is not taken, so a walk makes no mistakes.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, replace

from casebus.cases import Case, CaseEvent, fold
from casebus.cases.state import Region
from casebus.events.legaltime import LegalTime
from casebus.law import agencies
from casebus.law.compiled import Step, in_force
from casebus.trust.directory import Agency
from onebox.year.bodies import Scene
from onebox.year.choosing import Chooser, Move
from onebox.year.lines import Line
from onebox.year.naming import Naming
from onebox.year.parties import JSON, Subject
from onebox.year.plan import Follow, Kind
from onebox.year.world import World

NAMESPACE = uuid.UUID("7a5c6d0e-9b1f-5e2a-8c3d-2f4b6a8e0c11")
#: How often a region is asked again after the fold found fault with what was tried.
_TRIES = 4
_LEADING = ""


@dataclass(frozen=True, slots=True)
class About:
    """What the whole case is about."""

    subject: Subject
    place: JSON
    began: dt.date


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
        self._chooser = Chooser(world, self._naming, self._rng)
        self._about: About

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
        at = world.times.opening(rng)
        step = self._first_step(self._kind.opens, at.date())
        if not found or step is None:
            return None
        author = rng.choice(found)
        place = self._place_of(author)
        subject = world.parties.subject(self._number, place, crime=self._kind.crime, rng=rng)
        self._about = About(subject, place, at.date())
        return Move(at, _LEADING, self._kind.opens, author, step)

    def _place_of(self, author: Agency) -> JSON:
        """Where it happened: the author's county, or one of its city or of the province."""
        places, code = self._world.places, author.division
        code = code if code in places else self._plan.province
        return places[code] if not code.endswith("00") else self._somewhere(code)

    def _somewhere(self, code: str) -> JSON:
        prefix = code[:2] if code.endswith("0000") else code[:4]
        within = [
            one
            for other, one in self._world.places.items()
            if other.startswith(prefix) and not other.endswith("00")
        ]
        return self._rng.choice(within)

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
        at = move.at
        if self._events:
            at = max(at, self._events[-1].recorded_at + dt.timedelta(minutes=1))
        if at >= self._world.times.end:
            return False
        region = self._region(move.procedure)
        if move.step is None:
            to = self._naming.told(self._case.regions, move.author)
        else:
            to = self._naming.recipients(self._case, region, move.step, move.author)
        event = self._event(replace(move, at=at), to)
        case = fold([*self._events, event], self._world.law)
        # Most of what is found about history is counted.
        found = len(case.findings) + len(case.deviations)
        if found > len(self._case.findings) + len(self._case.deviations):
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
            subject=self._about.subject,
            author=author,
            place=self._about.place,
            at=move.at,
            began=self._about.began,
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
            if self._rng.random() >= share or not self._plan.is_due(event, self._done):
                continue
            author = self._naming.writer(self._case, event)
            if author is not None:
                now = self._events[-1].recorded_at
                at = self._world.times.after(now, self._plan.pace.median(event), self._rng)
                self._begins.append(Move(at, _LEADING, event, author, None))

    def _beginning(self, one: Follow, move: Move) -> Move | None:
        world, now = self._world, self._events[-1].recorded_at
        author: Agency | None = move.author
        if one.by != "author":
            found = world.offices.of_kind(one.by, self._plan.province)
            author = self._rng.choice(found) if found else None
        at = world.times.after(now, self._plan.pace.median(one.opens), self._rng)
        step = self._first_step(one.opens, at.date())
        open_already = self._region(world.opens[one.opens].id) is not None
        if author is None or step is None or open_already:
            return None
        return Move(at, _LEADING, one.opens, author, step)

    def _plan_regions(self) -> None:
        for region in self._case.regions:
            name = region.procedure
            if name in self._moves or self._rests.get(name) == region.status:
                continue
            vain = self._vain.get(self._place(name), set())
            now = self._events[-1].recorded_at
            move = (
                self._chooser.choose(self._case, region, now, self._done, vain)
                if len(vain) <= _TRIES
                else None
            )
            if move is None:
                self._rests[name] = region.status
            else:
                self._moves[name] = move

    def _region(self, procedure: str) -> Region | None:
        return next((one for one in self._case.regions if one.procedure == procedure), None)

    def _place(self, procedure: str) -> tuple[str, str]:
        region = self._region(procedure)
        return procedure, region.status if region else ""

    def _first_step(self, event: str, day: dt.date) -> Step | None:
        procedure = self._world.opens[event]
        return in_force(procedure.steps.get((procedure.initial, event)), day)

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
