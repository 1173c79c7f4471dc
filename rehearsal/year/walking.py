"""One case: a walk through the statecharts of the law, judged by the fold after each step.

The next act, its actor and its period are not modelled again. They are read from the folded case.
An act in which the fold finds a fault is not taken, so a walk makes no mistakes. It is in time
unless it is meant to be late. An overrun is written down before time passes it.
"""

from __future__ import annotations

import datetime as dt
import random
import uuid
from dataclasses import dataclass, replace

from casebus.cases import Case, CaseEvent
from casebus.cases.core import Region
from casebus.cases.event import Identity
from casebus.cases.facets.clocks.clock import RUNNING
from casebus.events.legaltime import LegalTime
from casebus.events.types import REFERRAL_SENT, event_name, in_full
from casebus.law import agencies
from casebus.law.compiled import Step, in_force
from casebus.trust.directory import Agency
from rehearsal.year.bodies import Scene
from rehearsal.year.choosing import Chooser, Move
from rehearsal.year.lines import YearLine
from rehearsal.year.naming import YearNaming
from rehearsal.year.parties import JSON, Subject
from rehearsal.year.plan import CaseKind, Follow
from rehearsal.year.unfolding import Name, Unfolding
from rehearsal.year.world import YearWorld

NAMESPACE = uuid.UUID("7a5c6d0e-9b1f-5e2a-8c3d-2f4b6a8e0c11")
#: How often a region is asked again after the fold found a fault with the tried act.
_TRIES = 4
_LEADING = ""
#: Domains of events that bring a crime to police or procuratorate.
_TRANSFERS = frozenset({"referral", "reverse_referral"})
_APPROVALS = frozenset({"referral.approved", event_name(REFERRAL_SENT), "reverse_referral"})
_REFUSAL = frozenset({"referral.declined"})
#: The time in which the head of an agency approves.
_APPROVAL = dt.timedelta(days=5)


@dataclass(frozen=True, slots=True)
class About:
    """The subject of the whole case."""

    subject: Subject
    place: JSON
    began: dt.date


class Walk:
    """Use `lines()` once."""

    def __init__(self, world: YearWorld, number: int) -> None:
        self._world, self._plan = world, world.plan
        wanted = world.wanted
        name = f"{wanted.seed}/{wanted.year}/{number}"
        self._rng = random.Random(name)
        self._number = number
        self._stream = uuid.uuid5(NAMESPACE, name)
        self._kind: CaseKind = world.kinds[number]
        self._told = Unfolding(world.law)
        self._to: list[tuple[str, ...]] = []
        self._moves: dict[str, Move] = {}
        self._begins: list[Move] = []
        #: Procedure -> the state in which it rests and its owed acts; the acts tried there in vain.
        self._rests: dict[str, tuple[str, frozenset[Name]]] = {}
        self._vain: dict[tuple[str, str], set[str]] = {}
        self._done: dict[str, int] = {}
        self._naming = YearNaming(world, self._rng)
        # Drawn apart, so that it does not depend on anything else that happens.
        apart = random.Random(f"{name}/transfer")
        self._shuns = self._shunned(apart)
        self._dawdles = world.times.is_late(apart)
        self._chooser = Chooser(world, self._naming, self._rng, self._shuns)
        self._about: About

    def lines(self) -> list[YearLine]:
        """The lines in the order of acting; none if nobody can open such a case."""
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
        if self._events:
            self._told.fall_silent(self._world.times.judged)
        late, silent = self._overrun()
        last = len(self._events) - 1
        return [
            self._line(at, late.get(one.identity, ()), silent if at == last else ())
            for at, one in enumerate(self._events)
        ]

    def _overrun(self) -> tuple[dict[Identity, tuple[str, ...]], tuple[str, ...]]:
        """The act that overran each period, and the periods that nobody's act overran."""
        late: dict[Identity, tuple[str, ...]] = {}
        silent: tuple[str, ...] = ()
        for name in self._told.overrun:
            clock, (_, trigger) = name
            act = self._told.acts_on(name)
            if act is None:
                silent = (*silent, f"{clock} {trigger}")
            else:
                late[act] = (*late.get(act, ()), f"{clock} {trigger}")
        return late, silent

    @property
    def _events(self) -> list[CaseEvent]:
        return self._told.events

    @property
    def case(self) -> Case:
        return self._told.case

    def _shunned(self, rng: random.Random) -> frozenset[str]:
        """The acts that nobody does in this case, so that a crime is transferred, or is not."""
        if not self._kind.crime:
            return frozenset()
        if self._kind.opens.partition(".")[0] in _TRANSFERS:
            return _REFUSAL
        if rng.random() >= self._plan.mistakes.not_transferred:
            return _REFUSAL
        # Nobody thinks of it, or the head of the agency refuses.
        return rng.choice((_TRANSFERS, _APPROVALS))

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
        """The place of the act: the author's county, or one of its city or of the province."""
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
        """The earliest planned act that is still in this year."""
        while True:
            waiting = [*self._begins, *self._moves.values()]
            move = min(waiting, key=lambda one: one.at, default=None)
            if move is None or move.at >= self._world.times.end:
                return None
            before = self.case
            if not self._told.pass_time(move.at):
                break
            self._forget(before)
            self._plan_regions()
        if move.procedure:
            del self._moves[move.procedure]
        else:
            self._begins.remove(move)
        return move

    def _take(self, move: Move) -> bool:
        """Take the act, unless the fold finds a fault with it."""
        at, now = move.at, self._told.now
        if now is not None:
            at = max(at, now + dt.timedelta(minutes=1))
        if at >= self._world.times.end:
            return False
        region = self._region(move.procedure)
        if move.step is None:
            to = self._naming.told(self.case.regions, move.author)
        else:
            to = self._naming.recipients(self.case, region, move.step, move.author)
        event = self._event(replace(move, at=at), to)
        step = move.step
        moves = step is not None and bool(step.pauses | step.resumes | step.extends)
        case = self._told.tried(event, moves=moves)
        if case is None:
            return False
        before = self.case
        self._told.take(event, case, step.stops if step else frozenset())
        self._to.append(to)
        self._done[move.event] = self._done.get(move.event, 0) + 1
        self._forget(before)
        return True

    def _forget(self, before: Case) -> None:
        """A planned act is dropped when its region has moved, or owes something more."""
        states = {one.procedure: one.status for one in before.regions}
        for one in self.case.regions:
            move = self._moves.get(one.procedure)
            moved = states.get(one.procedure) != one.status
            if move is not None and (moved or self._chooser.overruns(self.case, one, move)):
                del self._moves[one.procedure]
        self._hasten()

    def _hasten(self) -> None:
        """The transfer begins as long before it is an omission as its approval takes."""
        omissions = self._world.law.thresholds.detection.clocks
        ends = [
            one.certain
            for one in self.case.clocks
            if one.id in omissions and one.status == RUNNING and one.certain
        ]
        now = self._told.now
        if self._dawdles or not ends or now is None:
            return
        by = max(min(ends) - _APPROVAL, now)
        self._begins = [
            replace(one, at=min(one.at, by)) if one.event.partition(".")[0] in _TRANSFERS else one
            for one in self._begins
        ]

    def _event(self, move: Move, to: tuple[str, ...]) -> CaseEvent:
        world, author = self._world, move.author
        ce_type = in_full(move.event)
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
            said_at=move.at,
            position=(1, 0, len(self._events)),
            sector=author.sector,
            to=everyone,
            to_sectors=tuple(self._sector(one) for one in everyone),
            imported=False,
            data=world.bodies.body(move.event, scene),
        )

    def _sector(self, agency: str) -> str:
        found = self._world.offices.agency(agency)
        return found.sector if found else ""

    def _cause(self) -> tuple[str, ...]:
        return (self._events[-1].id,) if self._events else ()

    def _legal(self, move: Move) -> LegalTime:
        """With its time of day, unless its office writes days only and nothing counts hours."""
        exact = LegalTime.of(move.at)
        now = self._told.now
        earlier = now is None or now.date() < exact.date
        begun = move.step.starts if move.step else ()
        starts = any(one.unit == "h" for versions in begun for one in versions)
        if earlier and not starts and self._rng.random() < self._plan.walk.by_day:
            return LegalTime(exact.date)
        return exact

    def _follow(self, move: Move) -> None:
        """The procedures that begin beside it."""
        for one in self._plan.follows:
            fits = one.crime is None or one.crime == self._kind.crime
            fits = fits and not {one.opens, one.opens.partition(".")[0]} & self._shuns
            if one.after == move.event and fits and self._rng.random() < one.share:
                begin = self._beginning(one, move)
                if begin is not None:
                    self._begins.append(begin)

        if move.step is not None:
            self._write_beside()

    def _write_beside(self) -> None:
        """The notes that offices write into the case beside its procedures."""
        for event, share in self._plan.beside.items():
            if self._rng.random() >= share or not self._plan.is_due(event, self._done):
                continue
            author = self._naming.writer(self.case, event)
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
        for region in self.case.regions:
            name = region.procedure
            rest = region.status, self._chooser.owed(self.case, region)
            if name in self._moves or self._rests.get(name) == rest:
                continue
            vain = self._vain.get(self._place(name), set())
            now = self._told.now or self._world.times.first
            move = (
                self._chooser.choose(self.case, region, now, self._done, vain)
                if len(vain) <= _TRIES
                else None
            )
            if move is None:
                self._rests[name] = rest
            else:
                self._moves[name] = move

    def _region(self, procedure: str) -> Region | None:
        return next((one for one in self.case.regions if one.procedure == procedure), None)

    def _place(self, procedure: str) -> tuple[str, str]:
        region = self._region(procedure)
        return procedure, region.status if region else ""

    def _first_step(self, event: str, day: dt.date) -> Step | None:
        procedure = self._world.opens[event]
        return in_force(procedure.steps.get((procedure.initial, event)), day)

    def _line(self, at: int, late: tuple[str, ...], silent: tuple[str, ...]) -> YearLine:
        event = self._events[at]
        said = event.recorded_at.isoformat()
        return YearLine(
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
            late=late,
            silent=silent,
        )
