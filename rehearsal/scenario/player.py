"""Plays storylines on a running stack, all in one timeline, and waits for the bus if it must.

Scenario time moves once for each moment. Acts of different storylines at one moment are sent
together. Acts of one storyline keep their order. Nothing moves on before the events of the moment
are journaled, because admission stamps them with the scenario's time.
"""

from __future__ import annotations

import time
import uuid
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path

from casebus.errors import CasebusError
from casebus.events.legaltime import in_china
from casebus.events.types import event_name
from casebus.now import set_scenario_time
from rehearsal.scenario import sending
from rehearsal.scenario.expectations import Expectation
from rehearsal.scenario.judging import problems
from rehearsal.scenario.scheduling import Speech, about, stops
from rehearsal.scenario.sending import FrontDoor, ReadyStep
from rehearsal.scenario.stage import Snapshot, Stage
from rehearsal.scenario.storyline import Entry, Look, Storyline, StorylineStep
from rehearsal.scenario.timeline import Moment, moments
from rehearsal.scenario.users import User
from rehearsal.scenario.waiting import until
from rehearsal.scenario.world import Identity, Names

#: Called with each finished entry, and with its differences.
Follow = Callable[[Storyline, Entry, Sequence[str]], None]
UserOf = Callable[[str], User]
#: (Storyline, stream) -> the scheduler's coming statements about it.
Speeches = Mapping[tuple[int, str], Sequence[Speech]]

#: How long an assertion may take to become true.
PATIENCE_SECONDS = 20.0
#: How long the scheduler may take for a statement that a rehearsal knows it will make.
HEARING_SECONDS = 10.0
_TOGETHER = 8


@dataclass(slots=True)
class Played:
    """The result of one storyline; `streams` and `events` are its words' ids in this play."""

    storyline: Storyline
    names: Names
    steps: int = 0
    assertions: int = 0
    #: Seconds spent on its entries.
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    @property
    def case(self) -> str:
        """The first stream's id."""
        return self.names.stream(None)


class Player:
    """One play.

    `speeches` are the scheduler's statements that a rehearsal knows; it may be empty.
    """

    def __init__(
        self,
        storylines: Sequence[Storyline],
        *,
        user_of: UserOf,
        front_door: FrontDoor,
        stage: Callable[[Callable[[str], Iterable[str]]], Stage],
        time_file: Path,
        speeches: Speeches | None = None,
        by_cli: bool = True,
    ) -> None:
        self.played = [Played(one, Names(one, _ids(one))) for one in storylines]
        self._of = {one.storyline.storyline: one for one in self.played}
        self._user_of, self._front_door = user_of, front_door
        self._stage = stage(self._viewers)
        self._time_file = time_file
        self._speeches = speeches or {}
        self._by_cli = by_cli
        #: The number of awaited statements, and those that did not come: nobody waits for them
        #: again.
        self._heard: Counter[tuple[int, str]] = Counter()
        self._missed: defaultdict[tuple[int, str], Counter[tuple[str, str]]] = defaultdict(Counter)
        #: Stream -> the agencies that act in it.
        self._acting: dict[str, tuple[str, ...]] = {}

    def play(self, follow: Follow = lambda _one, _entry, _problems: None) -> list[Played]:
        """Raises CasebusError only if the bus does not answer at all."""
        timeline = list(moments([one.storyline for one in self.played]))
        every = (speech for speeches in self._speeches.values() for speech in speeches)
        between = deque(sorted(stops(every, (moment.at for moment in timeline))))
        with ThreadPoolExecutor(_TOGETHER) as pool:
            for moment in timeline:
                while between and between[0] < moment.at:
                    self._move(pool, between.popleft())
                self._move(pool, moment.at)
                found = dict(pool.map(self._play, _by_storyline(moment)))
                for storyline, entry in moment.entries:
                    follow(storyline, entry, found[storyline.storyline][id(entry)])
        return self.played

    def _move(self, pool: ThreadPoolExecutor, at: datetime) -> None:
        """Move scenario time, and wait until the bus has made its statements up to then."""
        set_scenario_time(self._time_file, at)
        list(pool.map(partial(self._hear, at), self._speeches))

    def _hear(self, at: datetime, place: tuple[int, str]) -> None:
        number, stream = place
        due = [one for one in self._speeches[place] if one.at <= at]
        if len(due) <= self._heard[place]:
            return
        self._heard[place] = len(due)
        played = self._of[number]
        began = time.monotonic()
        new = Counter((one.type, one.about) for one in due) - self._missed[place]
        missing = new.copy()

        def said() -> bool:
            history = self._stage.history(played.names.stream(stream))
            there = Counter((event["type"], about(event["data"])) for event in history)
            missing.clear()
            missing.update(new - there)
            return not missing

        try:
            until(said, "", HEARING_SECONDS)
        except CasebusError as error:
            if error.code != "no_answer":
                raise
            self._missed[place] += missing
            words = ", ".join(f"{event_name(name)} {what}" for name, what in missing)
            played.problems.append(f"{in_china(at)}: {stream}: the bus did not say {words}")
        played.seconds += time.monotonic() - began

    def _play(self, part: tuple[Storyline, list[Entry]]) -> tuple[int, dict[int, list[str]]]:
        """The entries of one storyline at a moment. Returns its problems by entry."""
        storyline, entries = part
        played = self._of[storyline.storyline]
        began = time.monotonic()
        found = {id(entry): list(self._enter(played, entry)) for entry in entries}
        played.seconds += time.monotonic() - began
        played.problems += (one for problems_of in found.values() for one in problems_of)
        return storyline.storyline, found

    def _enter(self, played: Played, entry: Entry) -> Iterator[str]:
        if isinstance(entry, StorylineStep):
            played.steps += 1
            yield from self._act(played, entry)
        else:
            played.assertions += len(entry.expect)
            yield from self._look(played, entry)

    def _act(self, played: Played, step: StorylineStep) -> Iterator[str]:
        try:
            played.names.events[step.label] = self._send(played, step)
        except CasebusError as error:
            if step.rejected != error.code:
                yield f"step {step.label}: {error}"
            return
        if step.rejected:
            yield f"step {step.label}: it was not rejected as {step.rejected}"

    def _send(self, played: Played, step: StorylineStep) -> Identity:
        order = _order(played, step)
        user = self._user_of(order.agency)
        match self._way(step):
            case "cli":
                identity = sending.by_cli(user, order)
            case "work":
                identity = sending.by_work(user, order)
            case "kafka":
                identity = self._front_door.send(order)
            case _:
                identity = sending.by_http(user, order)
        sending.outcome(user, identity)
        return identity

    def _way(self, step: StorylineStep) -> str:
        if step.via == "cli" and not self._by_cli:
            return "work" if step.duty else "http"
        return step.via

    def _look(self, played: Played, look: Look) -> Iterator[str]:
        """The expectations that do not hold when patience is over.

        One that held once is not asked again.
        """
        waiting = list(look.expect)
        wrong: list[str] = []

        def all_hold() -> bool:
            world = Snapshot(self._stage)
            still = [(one, self._problems(played, look, one, world)) for one in waiting]
            waiting[:] = [one for one, found in still if found]
            wrong[:] = [reason for _, found in still for reason in found]
            return not waiting

        try:
            until(all_hold, "", PATIENCE_SECONDS)
        except CasebusError as error:
            if error.code != "no_answer":
                raise
        note = f" ({look.note})" if look.note else ""
        yield from (f"{in_china(look.at)}: {reason}{note}" for reason in wrong)

    def _problems(self, played: Played, look: Look, one: Expectation, world: Snapshot) -> list[str]:
        stream = played.names.stream(one.stream or look.stream)
        return problems(one, stream, world, played.names)

    def _viewers(self, stream: str) -> tuple[str, ...]:
        """The agencies that act in it, in the order of their first act."""
        if stream not in self._acting:
            self._acting[stream] = tuple(
                dict.fromkeys(
                    played.storyline.agency_of(step.word)
                    for played in self.played
                    for step in played.storyline.acts
                    if played.names.stream(played.storyline.stream_of(step)) == stream
                )
            )
        return self._acting[stream]


def _ids(storyline: Storyline) -> dict[str, str]:
    """New stream ids for each play."""
    return {name: str(uuid.uuid4()) for name in storyline.streams}


def _by_storyline(moment: Moment) -> list[tuple[Storyline, list[Entry]]]:
    found: dict[int, tuple[Storyline, list[Entry]]] = {}
    for storyline, entry in moment.entries:
        found.setdefault(storyline.storyline, (storyline, []))[1].append(entry)
    return list(found.values())


def _order(played: Played, step: StorylineStep) -> ReadyStep:
    names, storyline = played.names, played.storyline
    stream = names.stream(storyline.stream_of(step))
    return ReadyStep(
        step=step,
        id=str(uuid.uuid5(uuid.UUID(stream), step.label)),
        source=storyline.source_of(step),
        stream=stream,
        to=storyline.recipients_of(step),
        causation=tuple(names.events[one][1] for one in step.causation if one in names.events),
        data=names.filled(step.data),
    )
