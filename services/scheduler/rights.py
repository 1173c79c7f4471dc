"""One right, all its cases: what one case says of a right's validity is told in each other one.

The question is asked anew whenever something is said of a right, and whenever a running case
appears, or changes hands, that is about it. Each case is told by findings in its own stream: to
those who hold a role there, each of them once, withdrawn when it holds no more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from typing import NamedTuple
from uuid import UUID

from casebus.cases.keys import key_of
from services.scheduler.barrier import Passes
from services.scheduler.questions import RAISED, WITHDRAWN, finding_key
from services.scheduler.rounds import in_rounds
from services.scheduler.statements import SOURCE, BusStatement, Voice
from storage import outbox, rights, scheduling
from storage.handles import Connection, Pool
from storage.rights import SaidOfRight, Unheard
from storage.said import SaidStatement, words_in, words_since

_SEVERITY = {"right_in_question": "WARNING", "right_invalid": "SERIOUS"}
#: Another case is linked with this one, and is told nothing unless this one links back.
LINKED_ELSEWHERE = "linked_elsewhere"
#: Bounds what one round costs.
_RIGHTS = 100
_RECORDS = 5_000
#: The question under which is noted how far the journal was read for who heard of a right.
HEARD = "right_heard"


class ToldOfRight(NamedTuple):
    """What a case was told of a right by another one, as the journal says."""

    #: How often something was raised.
    revision: int
    #: The findings that were not withdrawn.
    standing: tuple[SaidStatement, ...]

    @property
    def agencies(self) -> tuple[str, ...]:
        return tuple(name for one in self.standing for name in one.data["told"])


class Rights:
    """Asks every second, behind the barrier: a rebuild under way would withdraw by halves."""

    def __init__(
        self,
        pool: Pool,
        voice: Voice,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
    ) -> None:
        self._pool, self._voice = pool, voice
        self._barrier, self._partitions = barrier, partitions

    async def run(self) -> None:
        await in_rounds(self.ask)

    async def ask(self) -> int:
        """One round; how many rights it was about."""
        if not await rights.is_changed(self._pool):
            return 0
        await self._barrier.passed(range(await self._partitions()))
        async with self._pool.acquire() as connection, connection.transaction():
            await self._read(connection)
            changed = await rights.take_changed(connection, _RIGHTS)
            for origin, number in changed:
                await self._about(connection, origin, number)
        return len(changed)

    async def _about(self, connection: Connection, origin: UUID, number: str) -> None:
        said = await rights.said(connection, origin, number)
        linked = () if said is None else said.linked
        hearers = await rights.hearers(connection, origin, number, linked) if said else {}
        streams = hearers.keys() | await rights.heard(connection, number)
        words = await words_in(
            connection, streams, SOURCE, (RAISED, WITHDRAWN), self._voice.schemas
        )
        statements = [
            one
            for stream in sorted(streams)
            for one in _Case(
                stream, origin, number, hearers.get(stream, ()), words.get(stream, ())
            ).hear(said)
        ]
        # Signed as one tree: a mark that is struck off may stand in thousands of cases.
        await outbox.enqueue(connection, self._voice.rows(statements))
        if said is not None:
            await self._ask_holders(connection, origin, hearers)

    async def _read(self, connection: Connection) -> None:
        """Note which cases heard of a right, in what was journaled since the last look."""
        while stretches := await scheduling.unread(connection, HEARD, _RECORDS):
            for stretch in stretches:
                words = await words_since(connection, stretch, SOURCE, self._voice.schemas)
                await rights.note_heard(
                    connection,
                    [
                        (one.data["detail"]["right"], one.stream)
                        for one in words
                        if one.type == RAISED and one.data["kind"] in _SEVERITY
                    ],
                )
                await scheduling.note_reading(connection, HEARD, stretch)

    async def _ask_holders(
        self, connection: Connection, origin: UUID, hearers: Iterable[UUID]
    ) -> None:
        """A link brings nothing that its author may not know: whose case it is may link back."""
        unheard = await rights.unheard(connection, origin, hearers, LINKED_ELSEWHERE, _RIGHTS)
        said = {one.stream: linked_statement(origin, one) for one in unheard if one.holders}
        await outbox.enqueue(connection, self._voice.rows(list(said.values())))
        for stream, one in said.items():
            about = ("", str(stream))
            await scheduling.note_finding(connection, origin, LINKED_ELSEWHERE, about, one.id)


def linked_statement(origin: UUID, unheard: Unheard) -> BusStatement:
    key = finding_key(origin, LINKED_ELSEWHERE, ("", str(unheard.stream)))
    return BusStatement(
        stream=origin,
        id=key_of(str(origin), RAISED, key),
        type=RAISED,
        data={
            "key": key,
            "kind": LINKED_ELSEWHERE,
            "severity": "INFO",
            "event_source": "",
            "event_id": "",
            "detail": {"agency": unheard.agency},
            "told": list(unheard.holders),
        },
        to=unheard.holders,
    )


class _Case(NamedTuple):
    """A case that may be told of a right, and what the scheduler said in it."""

    stream: UUID
    origin: UUID
    number: str
    #: Who holds a role in it; nobody where nothing runs in it any more.
    hearers: tuple[str, ...]
    words: Sequence[SaidStatement]

    def hear(self, said: SaidOfRight | None) -> tuple[BusStatement, ...]:
        """What there is to tell now; nothing where all is told."""
        told = self._told()
        if said is not None and told.standing and _is_of(told.standing[-1], said):
            missing = tuple(one for one in self.hearers if one not in told.agencies)
            return (self._raised(said, missing, told.revision + 1),) if missing else ()
        taken_back = (self._withdrawn(told),) if told.standing else ()
        if said is None or not self.hearers:
            return taken_back
        return (*taken_back, self._raised(said, self.hearers, told.revision + 1))

    def _told(self) -> ToldOfRight:
        """By the other case, of the right: the words of its findings' keys."""
        keys = {self._key(kind) for kind in _SEVERITY}
        its = [one for one in self.words if one.data["key"] in keys]
        raised = {one.id: one for one in its if one.type == RAISED}
        gone = {cause for one in its if one.type == WITHDRAWN for cause in one.causation}
        return ToldOfRight(len(raised), tuple(one for one in raised.values() if one.id not in gone))

    def _key(self, kind: str) -> str:
        return finding_key(self.stream, kind, (self.number, str(self.origin)))

    def _raised(self, said: SaidOfRight, to: tuple[str, ...], revision: int) -> BusStatement:
        key = self._key(said.kind)
        source, event_id = _event(said)
        return BusStatement(
            stream=self.stream,
            id=key_of(str(self.stream), RAISED, key, str(revision)),
            type=RAISED,
            data={
                "key": key,
                "kind": said.kind,
                "severity": _SEVERITY[said.kind],
                "event_source": source,
                "event_id": event_id,
                "detail": dict(_detail(said)),
                "told": list(to),
            },
            to=to,
        )

    def _withdrawn(self, told: ToldOfRight) -> BusStatement:
        kind = told.standing[-1].data["kind"]
        key = self._key(kind)
        return BusStatement(
            stream=self.stream,
            id=key_of(str(self.stream), WITHDRAWN, key, str(told.revision)),
            type=WITHDRAWN,
            data={
                "key": key,
                "kind": kind,
                "severity": _SEVERITY[kind],
                "told": list(told.agencies),
            },
            to=told.agencies,
            causation=tuple(one.id for one in told.standing),
        )


def _is_of(word: SaidStatement, said: SaidOfRight) -> bool:
    """Whether this was told: another decision of the same outcome is news too."""
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
