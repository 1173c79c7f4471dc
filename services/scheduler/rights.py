"""One right, all its cases: each case's statement on a right's validity is told in the others.

The question is asked again whenever a statement about a right appears, and whenever a running case
about it appears or changes hands. Each case is told by findings in its own stream. They go to the
holders of a role there, each of them once, and are withdrawn when they hold no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from casebus.cases.reporting import LINKED_ELSEWHERE
from casebus.events.doors import SCHEDULER
from casebus.events.types import FINDING_RAISED, FINDING_WITHDRAWN
from services.scheduler.asking import AcrossCases
from services.scheduler.findings import finding_key, raised, withdrawn
from services.scheduler.statements import BusStatement
from storage import rights, scheduling
from storage.handles import Connection
from storage.rights import SaidOfRight
from storage.said import SaidStatement, words_in, words_since

_SEVERITY = {"right_in_question": "WARNING", "right_invalid": "SERIOUS"}
#: Another case is linked with this one, but is told nothing unless this one links back.
#: Bounds what one round costs.
_LINKED = 100
_RECORDS = 5_000
#: The question under which the progress in the journal is noted, for cases that heard of a right.
HEARD = "right_heard"


class ToldOfRight(NamedTuple):
    """The news about a right that a case got from another one, by the journal."""

    #: The number of times that something was raised.
    revision: int
    #: The findings that were not withdrawn.
    standing: tuple[SaidStatement, ...]

    @property
    def agencies(self) -> tuple[str, ...]:
        return tuple(name for one in self.standing for name in one.data["told"])


class Rights(AcrossCases):
    changes = rights.CHANGED
    elsewhere = LINKED_ELSEWHERE

    async def _about(self, connection: Connection, origin: UUID, number: str) -> None:
        said = await rights.said(connection, origin, number)
        linked = () if said is None else said.linked
        hearers = await rights.hearers(connection, origin, number, linked) if said else {}
        streams = hearers.keys() | await rights.heard(connection, number)
        words = await words_in(
            connection,
            streams,
            SCHEDULER,
            (FINDING_RAISED, FINDING_WITHDRAWN),
            self._signer.schemas,
        )
        statements = [
            one
            for stream in sorted(streams)
            for one in _Case(
                stream, origin, number, hearers.get(stream, ()), words.get(stream, ())
            ).hear(said)
        ]
        # Signed as one tree: a cancelled trademark may be in thousands of cases.
        await self._say(connection, statements)
        if said is not None:
            # A link gives its author nothing that it may not know: the other case's agency may link
            # back.
            unheard = await rights.unheard(connection, origin, hearers, LINKED_ELSEWHERE, _LINKED)
            await self._ask_holders(connection, unheard)

    async def _read(self, connection: Connection) -> None:
        """Note the cases that heard of a right, from the records since the last look."""
        while stretches := await scheduling.unread(connection, HEARD, _RECORDS):
            for stretch in stretches:
                words = await words_since(connection, stretch, SCHEDULER, self._signer.schemas)
                await rights.note_heard(
                    connection,
                    [
                        (one.data["detail"]["right"], one.stream)
                        for one in words
                        if one.type == FINDING_RAISED and one.data["kind"] in _SEVERITY
                    ],
                )
                await scheduling.note_reading(connection, HEARD, stretch)


class _Case(NamedTuple):
    """A case that may be told of a right, and the scheduler's earlier findings in it."""

    stream: UUID
    origin: UUID
    number: str
    #: The holders of a role in it. Nobody if nothing runs in it any more.
    hearers: tuple[str, ...]
    words: Sequence[SaidStatement]

    def hear(self, said: SaidOfRight | None) -> tuple[BusStatement, ...]:
        """The news to tell now. Empty if everything is told."""
        told = self._told()
        if said is not None and told.standing and _is_of(told.standing[-1], said):
            missing = tuple(one for one in self.hearers if one not in told.agencies)
            return (self._raised(said, missing, told.revision + 1),) if missing else ()
        taken_back = (self._withdrawn(told),) if told.standing else ()
        if said is None or not self.hearers:
            return taken_back
        return (*taken_back, self._raised(said, self.hearers, told.revision + 1))

    def _told(self) -> ToldOfRight:
        """Findings told about the right because of the other case: the words of their keys."""
        keys = {finding_key(self.stream, kind, self._by_whom) for kind in _SEVERITY}
        its = [one for one in self.words if one.data["key"] in keys]
        said = {one.id: one for one in its if one.type == FINDING_RAISED}
        gone = {cause for one in its if one.type == FINDING_WITHDRAWN for cause in one.causation}
        return ToldOfRight(len(said), tuple(one for one in said.values() if one.id not in gone))

    @property
    def _by_whom(self) -> tuple[str, str]:
        return (self.number, str(self.origin))

    def _raised(self, said: SaidOfRight, to: tuple[str, ...], revision: int) -> BusStatement:
        return raised(
            *(self.stream, said.kind, self._by_whom, _SEVERITY[said.kind], to),
            event=_event(said),
            detail=dict(_detail(said)),
            revision=revision,
        )

    def _withdrawn(self, told: ToldOfRight) -> BusStatement:
        kind = told.standing[-1].data["kind"]
        return withdrawn(
            *(self.stream, kind, self._by_whom, told.agencies),
            tuple(one.id for one in told.standing),
            severity=_SEVERITY[kind],
            revision=told.revision,
        )


def _is_of(word: SaidStatement, said: SaidOfRight) -> bool:
    """True if this was told: another decision with the same outcome is news too."""
    data = word.data
    about = (data["kind"], data["event_source"], data["event_id"], data["detail"])
    return about == (said.kind, *_event(said), dict(_detail(said)))


def _event(said: SaidOfRight) -> tuple[str, str]:
    """A secret case is not named, nor is anything in it."""
    return ("", "") if said.secret else (said.source, said.id)


def _detail(said: SaidOfRight) -> Iterator[tuple[str, str]]:
    yield "right", said.number
    yield "event", said.event_name
    if said.outcome:
        yield "outcome", said.outcome
    yield "on", said.on.isoformat()
    yield "citation", said.citation
    if not said.secret:
        yield "agency", said.agency
        yield "stream", str(said.stream)
