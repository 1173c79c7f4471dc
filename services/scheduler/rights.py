"""One right, all its cases: what one case says of a right's validity is told in each other one.

The question is asked anew whenever something is said of a right, and whenever a running case
appears, or changes hands, that is about it. Each case is told by findings in its own stream: to
those who hold a role there, each of them once, withdrawn when it holds no more.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from casebus.cases.keys import key_of
from services.scheduler.barrier import Passes
from services.scheduler.questions import RAISED, WITHDRAWN, finding_key
from services.scheduler.voice import Statement, Voice
from storage import outbox, rights, scheduling
from storage.rights import Said, Told, Unheard

_SEVERITY = {"right_in_question": "WARNING", "right_invalid": "SERIOUS"}
#: Another case is linked with this one, and is told nothing unless this one links back.
LINKED_ELSEWHERE = "linked_elsewhere"
_ROUND_SECONDS = 1.0
#: Bounds what one round costs.
_RIGHTS = 100


class Change(NamedTuple):
    """What a case is to be told, and what it then has been told."""

    statements: tuple[Statement, ...]
    told: Told


class Rights:
    """Asks every second, behind the barrier: a rebuild under way would withdraw by halves."""

    def __init__(
        self,
        pool: Any,
        voice: Voice,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
    ) -> None:
        self._pool, self._voice = pool, voice
        self._barrier, self._partitions = barrier, partitions

    async def run(self) -> None:
        while True:
            if not await self.ask():
                await asyncio.sleep(_ROUND_SECONDS)

    async def ask(self) -> int:
        """One round; how many rights it was about."""
        if not await rights.is_changed(self._pool):
            return 0
        await self._barrier.passed(range(await self._partitions()))
        async with self._pool.acquire() as connection, connection.transaction():
            changed = await rights.take_changed(connection, _RIGHTS)
            for origin, number in changed:
                await self._about(connection, origin, number)
        return len(changed)

    async def _about(self, connection: Any, origin: UUID, number: str) -> None:
        said = await rights.said(connection, origin, number)
        linked = () if said is None else said.linked
        hearers = await rights.hearers(connection, origin, number, linked) if said else {}
        told = await rights.told(connection, origin, number)
        changes: dict[UUID, Change] = {}
        for stream in sorted(hearers.keys() | told.keys()):
            case = _Case(stream, origin, number, hearers.get(stream, ()), told.get(stream))
            change = case.hear(said)
            if change is not None:
                changes[stream] = change
        # Signed as one tree: a mark that is struck off may stand in thousands of cases.
        said_now = [one for change in changes.values() for one in change.statements]
        await outbox.enqueue(connection, self._voice.rows(said_now))
        for stream, change in changes.items():
            await rights.note_told(connection, origin, number, stream, change.told)
        if said is not None:
            await self._ask_holders(connection, origin, hearers)

    async def _ask_holders(self, connection: Any, origin: UUID, hearers: Iterable[UUID]) -> None:
        """A link brings nothing that its author may not know: whose case it is may link back."""
        unheard = await rights.unheard(connection, origin, hearers, LINKED_ELSEWHERE, _RIGHTS)
        said = {one.stream: linked_statement(origin, one) for one in unheard if one.holders}
        await outbox.enqueue(connection, self._voice.rows(list(said.values())))
        for stream, one in said.items():
            about = ("", str(stream))
            await scheduling.note_finding(connection, origin, LINKED_ELSEWHERE, about, one.id)


def linked_statement(origin: UUID, unheard: Unheard) -> Statement:
    key = finding_key(origin, LINKED_ELSEWHERE, ("", str(unheard.stream)))
    return Statement(
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
    """A case that may be told of a right, and what another case told it."""

    stream: UUID
    origin: UUID
    number: str
    #: Who holds a role in it; nobody where nothing runs in it any more.
    hearers: tuple[str, ...]
    before: Told | None

    def hear(self, said: Said | None) -> Change | None:
        """What there is to tell now; None where all is told."""
        standing = self.before if self.before is not None and self.before.event_ids else None
        digest = "" if said is None else _digest(said)
        if standing is not None and standing.digest == digest and said is not None:
            missing = tuple(one for one in self.hearers if one not in standing.agencies)
            return self._told(said, missing, standing) if missing else None
        taken_back = () if standing is None else (self._withdrawn(standing),)
        if said is not None and self.hearers:
            change = self._told(said, self.hearers, None)
            return Change((*taken_back, *change.statements), change.told)
        if standing is None:
            return None
        return Change(taken_back, Told(standing.revision, standing.kind, "", (), ()))

    def _told(self, said: Said, to: tuple[str, ...], standing: Told | None) -> Change:
        """The finding; `standing`: as it was told to others before."""
        revision = 1 if self.before is None else self.before.revision + 1
        statement = self._raised(said, to, revision)
        earlier = ((), ()) if standing is None else (standing.event_ids, standing.agencies)
        ids, agencies = (*earlier[0], statement.id), (*earlier[1], *to)
        return Change((statement,), Told(revision, said.kind, _digest(said), ids, agencies))

    def _key(self, kind: str) -> str:
        return finding_key(self.stream, kind, (self.number, str(self.origin)))

    def _raised(self, said: Said, to: tuple[str, ...], revision: int) -> Statement:
        key = self._key(said.kind)
        return Statement(
            stream=self.stream,
            id=key_of(str(self.stream), RAISED, key, str(revision)),
            type=RAISED,
            data={
                "key": key,
                "kind": said.kind,
                "severity": _SEVERITY[said.kind],
                # A secret case is not named, nor is anything in it.
                "event_source": "" if said.secret else said.source,
                "event_id": "" if said.secret else said.id,
                "detail": dict(_detail(said)),
                "told": list(to),
            },
            to=to,
        )

    def _withdrawn(self, standing: Told) -> Statement:
        key = self._key(standing.kind)
        return Statement(
            stream=self.stream,
            id=key_of(str(self.stream), WITHDRAWN, key, str(standing.revision)),
            type=WITHDRAWN,
            data={
                "key": key,
                "kind": standing.kind,
                "severity": _SEVERITY[standing.kind],
                "told": list(standing.agencies),
            },
            to=standing.agencies,
            causation=standing.event_ids,
        )


def _detail(said: Said) -> Iterator[tuple[str, str]]:
    yield "right", said.number
    yield "event", said.event_name
    if said.outcome:
        yield "outcome", said.outcome
    yield "on", said.on.isoformat()
    yield "citation", said.citation
    if not said.secret:
        yield "agency", said.agency
        yield "stream", str(said.stream)


def _digest(said: Said) -> str:
    """Of all that is told: another decision of the same outcome is news too."""
    content = [said.kind, said.source, said.id, *_detail(said)]
    return hashlib.sha256(orjson.dumps(content)).hexdigest()
