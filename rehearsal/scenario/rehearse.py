"""Plays storylines without a stack: schemas, law, fold and a simulated scheduler. Seconds."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from casebus.admission.secrecy import refuse_state_secrets
from casebus.cases import CaseEvent
from casebus.cases.visibility import Access
from casebus.errors import CasebusError
from casebus.events.legaltime import in_china, refuse_ahead
from casebus.events.numbers import canonical_number
from casebus.events.schemas import Schemas
from casebus.events.types import event_name
from casebus.law import Law, agencies
from casebus.law.acts import lacking
from casebus.present import present
from casebus.rejections import Reason
from casebus.trust.directory import Agency
from rehearsal.scenario import scheduling
from rehearsal.scenario.acting import READING, TAKEN, actor_of
from rehearsal.scenario.judging import problems
from rehearsal.scenario.rehearsed import Rehearsed, RehearsedOffices, again, sectors
from rehearsal.scenario.scheduling import Speech
from rehearsal.scenario.storyline import Look, Storyline, StorylineStep
from rehearsal.scenario.timeline import Moment, moments
from rehearsal.scenario.world import JSON, Names

_TAKE = {"type": TAKEN, "to": (), "duty": "", "action": "", "legaltime": None}
_NAMESPACE = uuid.UUID("f2a3f3b4-6b0e-5c0d-8f0a-0d1f3f1b7c99")


@dataclass(slots=True)
class Rehearsal:
    """The result of one storyline."""

    storyline: Storyline
    steps: int = 0
    assertions: int = 0
    #: The expectations that do not hold, each with its place.
    problems: list[str] = field(default_factory=list)


class Rehearser:
    """One play of some storylines; the world with which their assertions are compared."""

    def __init__(
        self,
        storylines: Iterable[Storyline],
        *,
        schemas: Schemas,
        law: Law,
        offices: Iterable[Agency],
        access: Access,
    ) -> None:
        self._schemas, self._law, self._access = schemas, law, access
        self._offices = RehearsedOffices(offices)
        self._streams: dict[str, Rehearsed] = {}
        self._names: dict[int, Names] = {}
        self.results: dict[int, Rehearsal] = {}
        #: (Storyline, stream) -> the scheduler's statements about it, in order.
        self.speeches: dict[tuple[int, str], list[Speech]] = {}
        self._place = 0
        self._now = dt.datetime.min.replace(tzinfo=dt.UTC)
        self._storylines = list(storylines)
        for one in self._storylines:
            self._admit(one)

    @property
    def streams(self) -> tuple[Rehearsed, ...]:
        return tuple(self._streams.values())

    def play(self) -> list[Rehearsal]:
        for moment in moments(self._storylines):
            self._run_to(moment.at)
            self._play(moment)
        for number, names in self._names.items():
            for stream in names.streams.values():
                self.results[number].problems += self._streams[stream].problems.values()
        return list(self.results.values())

    def _admit(self, one: Storyline) -> None:
        ids = {name: str(uuid.uuid5(_NAMESPACE, f"{one.storyline}/{name}")) for name in one.streams}
        self._names[one.storyline] = Names(one, ids)
        self.results[one.storyline] = Rehearsal(one)
        for stream in ids.values():
            self._streams[stream] = Rehearsed(stream, self._law, self._schemas, self._offices)

    def _run_to(self, moment: dt.datetime) -> None:
        """Let the scheduler make its statements up to then, each at its own moment."""
        while True:
            due = [
                (statement.at, at, rehearsed, statement)
                for at, rehearsed in enumerate(self._streams.values())
                for statement in scheduling.due(rehearsed.case, moment)
                if statement.derived.id not in rehearsed.said
            ]
            if not due:
                break
            _, _, rehearsed, statement = min(due, key=lambda one: one[:2])
            self._now = max(self._now, statement.at)
            rehearsed.say(statement.derived, self._now, self._next_place())
            rehearsed.follow(self._now, self._next_place())
            said = statement.derived
            speech = Speech(statement.at, said.type, scheduling.about(said.data), statement.until)
            self._note(rehearsed.stream, speech)
        self._now = moment

    def _note(self, stream: str, speech: Speech) -> None:
        for number, names in self._names.items():
            for name, known in names.streams.items():
                if known == stream:
                    self.speeches.setdefault((number, name), []).append(speech)

    def _play(self, moment: Moment) -> None:
        for storyline, entry in moment.entries:
            result = self.results[storyline.storyline]
            if isinstance(entry, StorylineStep):
                result.steps += 1
                result.problems += (
                    f"step {entry.label}: {reason}" for reason in self._act(storyline, entry)
                )
            else:
                result.assertions += len(entry.expect)
                result.problems += self._look(storyline, entry)

    def _look(self, storyline: Storyline, look: Look) -> Iterator[str]:
        names = self._names[storyline.storyline]
        for one in look.expect:
            stream = names.stream(one.stream or look.stream)
            for reason in problems(one, stream, self, names):
                note = f" ({look.note})" if look.note else ""
                yield f"{in_china(look.at)}: {reason}{note}"

    def _act(self, storyline: Storyline, step: StorylineStep) -> Iterator[str]:
        """Send it; returns its faults if the result is not what the step expects."""
        try:
            self._send(storyline, step)
        except CasebusError as error:
            if step.rejected != error.code:
                yield str(error)
            return
        if step.rejected:
            yield f"it was not rejected as {step.rejected}"

    def _send(self, storyline: Storyline, step: StorylineStep) -> None:
        names = self._names[storyline.storyline]
        stream = self._streams[names.stream(storyline.stream_of(step))]
        data = names.filled(step.data)
        causation = [names.events[label][1] for label in step.causation if label in names.events]
        if step.duty:
            data, causation = self._taken(storyline, step, stream, data)
        event = self._event(storyline, step, data, causation)
        if step.duty:
            self._refuse_incomplete(event)
        names.events[step.label] = event.identity
        stream.take(event)
        if step.twice:
            stream.take(again(event, self._next_place()))

    def _refuse_incomplete(self, event: CaseEvent) -> None:
        """As the gateway does before it signs; raises CasebusError."""
        needs = self._law.acts.needs(event_name(event.type), event.legal.date)
        if lacks := lacking(needs, event.data, event.to_sectors):
            raise CasebusError("act_incomplete", ", ".join(one.what_en for one in lacks))

    def _taken(
        self, storyline: Storyline, step: StorylineStep, stream: Rehearsed, data: JSON
    ) -> tuple[JSON, list[str]]:
        """The item that the step answers, taken by the officer; raises CasebusError."""
        agency = storyline.agency_of(step.word)
        found = stream.opened_items(agency, step.duty)
        if not found:
            raise CasebusError("no_work", f"{step.word} has no {step.duty} to do")
        if not self.sees(agency, stream.stream):
            raise CasebusError("not_found", f"{step.word} is not shown the case")
        if found[0].actions.get(step.action) not in (step.type, step.ce_type):
            words = ", ".join(f"{word} {name}" for word, name in found[0].actions.items())
            raise CasebusError("no_such_action", f"{step.duty} has {words}")
        officer = actor_of(step, agency)
        if found[0].taken_by is None:
            signed = {"work_item": found[0].key, "work_version": found[0].version}
            take = step.model_copy(
                update={**_TAKE, "label": f"{step.label}_taken", "at": step.at + READING}
            )
            body = {**signed, "agency": agency, "actor": officer}
            causes = _causes(found[0])
            stream.take(self._event(storyline, take, body, causes))
            found = stream.opened_items(agency, step.duty)
        signed = {"work_item": found[0].key, "work_version": found[0].version}
        return {**data, **signed, "actor": officer}, _causes(found[0])

    def _event(
        self, storyline: Storyline, step: StorylineStep, data: JSON, causation: list[str]
    ) -> CaseEvent:
        """The event as admission would let it in; raises CasebusError with its reason."""
        refuse_state_secrets(data)
        if step.via != "kafka":
            refuse_ahead(step.legal, self._now)
        _, read = self._schemas.decode(self._schemas.encode(step.ce_type, data))
        if lost := list(_lost(data, read, "")):
            raise CasebusError("invalid_data", f"{step.type} has no {', '.join(lost)}")
        stream = self._names[storyline.storyline].stream(storyline.stream_of(step))
        # Reading the storyline made sure that there is one.
        office = present(self._offices.agency(storyline.agency_of(step.word)))
        if not self._law.may_emit(office.sector, office.level, step.ce_type):
            raise CasebusError(Reason.TYPE_NOT_ALLOWED, f"{office.sector} {step.type}")
        copies = agencies.resolve(self._law.copies(step.ce_type), office.id, self._offices)
        to = dict.fromkeys((*storyline.recipients_of(step), *copies))
        to.pop(office.id, None)
        return CaseEvent(
            stream=stream,
            source=storyline.source_of(step),
            id=str(uuid.uuid5(uuid.UUID(stream), step.label)),
            type=step.ce_type,
            legal=step.legal,
            sequence=None,
            causation=tuple(causation),
            recorded_at=self._now,
            said_at=self._now,
            position=self._next_place(),
            sector=office.sector,
            to=tuple(to),
            to_sectors=sectors(to, self._offices),
            imported=False,
            data=read,
        )

    def _next_place(self) -> tuple[int, int, int]:
        self._place += 1
        return (1, 0, self._place)

    def case(self, stream: str) -> JSON:
        return self._streams[stream].view(self._now)

    def history(self, stream: str) -> list[JSON]:
        return self._streams[stream].history()

    def inbox(self, agency: str, stream: str) -> list[JSON]:
        return [one for one in self.history(stream) if agency in one["recipients"]]

    def sees(self, agency: str, stream: str) -> bool:
        case = self._streams[stream].case
        return case is not None and agency in case.participants

    def sight(self, agency: str, stream: str) -> list[JSON]:
        office = self._offices.agency(agency)
        return self._streams[stream].sight(agency, office.sector if office else "", self._access)

    def noted(self, *_: str, **__: bool) -> bool:
        """There is no access log: only the possible view is compared."""
        return True

    def numbered(self, number: str, stream: str) -> bool:
        wanted = canonical_number(number)
        numbers = self.case(stream).get("numbers", ())
        return any(canonical_number(row["value"]) == wanted for row in numbers)


def _causes(item: Any) -> list[str]:
    return list(dict.fromkeys((item.opened_by[1], item.changed_by[1])))


def _lost(given: Any, read: Any, path: str) -> Iterator[str]:
    """Fields of a body that its schema lacks: Avro's writer would drop them silently."""
    if isinstance(given, dict) and isinstance(read, dict):
        for name, value in given.items():
            place = f"{path}.{name}" if path else name
            if name not in read:
                yield place
            else:
                yield from _lost(value, read[name], place)
    elif isinstance(given, list) and isinstance(read, list):
        for at, (one, other) in enumerate(zip(given, read, strict=False)):
            yield from _lost(one, other, f"{path}.{at}")
