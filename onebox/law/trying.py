"""`casebus law what-if`: recorded history under the law in force and under another. Read-only."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from casebus.cases import CaseEvent
from casebus.cases.differing import Difference, differences, replayed
from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.events.schemas import Schemas
from casebus.law import Law
from onebox.law.previewing import Preview, preview
from services.casework.lawbooks import Lawbooks
from services.casework.streams import Stream, restore
from storage import cases
from storage import law as bundles

#: Cases read at once.
_AT_ONCE = 500
_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Question:
    """Cases with an event between two legal dates, both included."""

    since: dt.date
    until: dt.date
    law: Law
    #: Only where an agency of this division, or of one below it, has a part.
    division: str = ""


@dataclass(slots=True)
class Answer:
    tried: str
    in_force: set[str] = field(default_factory=set)
    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    differing: dict[str, list[Difference]] = field(default_factory=dict)
    #: What adopting it now would do to these cases.
    adopted: Preview | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "tried": self.tried,
            "in_force": sorted(self.in_force),
            "cases": self.cases,
            "differing": len(self.differing),
            "counts": dict(sorted(self.counts.items())),
            "adopted": None if self.adopted is None else self.adopted.to_json(),
            "items": [
                {"case": case, "differences": [one.to_json() for one in found]}
                for case, found in self.differing.items()
            ],
        }


async def try_law(
    connection: Any, question: Question, schemas: Schemas, now: dt.datetime
) -> Answer:
    """Fold every such case under both laws, in one read-only transaction."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await _Trial(connection, question, schemas, now).run()


class _Trial:
    def __init__(
        self, connection: Any, question: Question, schemas: Schemas, now: dt.datetime
    ) -> None:
        self._connection, self._question, self._schemas = connection, question, schemas
        # A clock that runs beyond the last day is nobody's breach yet.
        self._now = now
        self._until = min(_begin(question.until + _DAY), now)
        self._books = Lawbooks(question.law)
        self._answer = Answer(question.law.digest)

    async def run(self) -> Answer:
        question = self._question
        asked = (_begin(question.since), _begin(question.until + _DAY))
        streams = await bundles.cases_between(self._connection, *asked)
        in_force = await bundles.in_force(self._connection)
        for at in range(0, len(streams), _AT_ONCE):
            part = await self._of_division(streams[at : at + _AT_ONCE])
            for stream, events in (await self._events(part)).items():
                digest = in_force.get(events[0].position[1])
                if digest is None:
                    raise CasebusError("law_unknown", "no law was adopted here yet")
                law = await self._books.get(self._connection, digest)
                self._compare(str(stream), events, law)
        self._answer.adopted = await preview(
            self._connection, question.law, self._schemas, self._now, streams
        )
        return self._answer

    async def _events(self, streams: list[UUID]) -> dict[UUID, list[CaseEvent]]:
        found = {stream: Stream() for stream in streams}
        for row in await cases.events_of(self._connection, streams):
            restore(found[row["stream"]], row, self._schemas)
        return {name: list(one.events.values()) for name, one in found.items() if one.events}

    def _compare(self, stream: str, events: list[CaseEvent], law: Law) -> None:
        answer = self._answer
        answer.cases += 1
        answer.in_force.add(law.digest)
        found = _difference(events, law, self._question.law, self._until)
        if found:
            answer.differing[stream] = found
            answer.counts.update(one.kind for one in found)

    async def _of_division(self, streams: list[UUID]) -> list[UUID]:
        if not self._question.division:
            return streams
        within = await self._agencies_within(self._question.division)
        parties = await bundles.case_parties(self._connection, streams)
        return [one for one in streams if within & parties.get(one, set())]

    async def _agencies_within(self, division: str) -> set[str]:
        divisions = self._question.law.divisions
        if divisions.get(division) is None:
            raise CasebusError("unknown_division", division)
        rows = await bundles.agencies(self._connection)
        said = [self._schemas.decode(row)[1] for row in rows]
        places = {one["agency"]: one["division"] for one in said}
        return {name for name, code in places.items() if division in divisions.chain(code)}


def _difference(
    events: Iterable[CaseEvent], law: Law, tried: Law, until: dt.datetime
) -> list[Difference]:
    told = list(events)
    before = replayed(told, law, until)
    try:
        after = replayed(told, tried, until)
    # Whatever a law makes of a case that it does not fit: that is the answer, not our end.
    except Exception as error:  # noqa: BLE001
        return [Difference("status", "fold", before.status, f"suspended: {type(error).__name__}")]
    return differences(before, after, until)


def _begin(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), CHINA)
