"""Cross-case questions that no fold can answer, for each fold sees one stream (design rule 13).

`id_reused`: the same (source, id) stands in more than one stream (rule 1).
`unopened`: a stream has had no opening event for 24 hours (rule 2).
`not_sent`: what an agency handed in is stored here, and no broker takes it (rule 18).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from casebus.cases.keys import key_of
from casebus.events.envelope import Envelope, agency_of
from casebus.now import Now
from services.scheduler.barrier import Passes
from services.scheduler.statements import BusStatement, Voice
from storage import outbox, scheduling
from storage.handles import Connection, Pool
from storage.scheduling import NotSent, Opened, Reused, SentAfterAll, Stretch, Unopened

RAISED = "casebus.finding.raised.v1"
WITHDRAWN = "casebus.finding.withdrawn.v1"
ID_REUSED = "id_reused"
UNOPENED = "unopened"
NOT_SENT = "not_sent"
UNOPENED_AFTER = timedelta(hours=24)
_ROUND_SECONDS = 1.0
#: Bounds what one round costs the database that casework writes to at the same time.
_RECORDS = 500
_STREAMS = 200


class Questions:
    """Asks every second; what a round leaves over, the next takes."""

    def __init__(
        self,
        pool: Pool,
        voice: Voice,
        now: Now,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
    ) -> None:
        self._pool, self._voice, self._now = pool, voice, now
        self._barrier, self._partitions = barrier, partitions

    async def run(self) -> None:
        while True:
            await self.ask()
            await asyncio.sleep(_ROUND_SECONDS)

    async def ask(self) -> None:
        """One round of every question."""
        before = self._now() - UNOPENED_AFTER
        if await scheduling.unopened(self._pool, before, 1):
            # Behind the barrier: what opens them may be on its way.
            await self._barrier.passed(range(await self._partitions()))
        async with self._pool.acquire() as connection:
            for stretch in await scheduling.unread(connection, ID_REUSED, _RECORDS):
                await self._about_reuse(connection, stretch)
            await self._about_unopened(connection, before)
            await self._about_opened(connection)
            await self._about_not_sent(connection)
            await self._about_sent_after_all(connection)

    async def _about_reuse(self, connection: Connection, stretch: Stretch) -> None:
        found = await scheduling.reused_ids(connection, stretch)
        async with connection.transaction():
            await self._raise(connection, found, reused_statement, ID_REUSED)
            await scheduling.note_reading(connection, ID_REUSED, stretch)

    async def _about_unopened(self, connection: Connection, before: datetime) -> None:
        found = await scheduling.unopened(connection, before, _STREAMS)
        async with connection.transaction():
            await self._raise(connection, found, unopened_statement, UNOPENED)

    async def _about_opened(self, connection: Connection) -> None:
        found = await scheduling.opened_since(connection, _STREAMS)
        async with connection.transaction():
            await outbox.enqueue(connection, self._voice.rows(map(opened_statement, found)))
            for one in found:
                await scheduling.note_withdrawal(connection, one.stream, UNOPENED)

    async def _about_not_sent(self, connection: Connection) -> None:
        found = await scheduling.not_sent(connection, _STREAMS)
        async with connection.transaction():
            await self._raise(connection, found, not_sent_statement, NOT_SENT)

    async def _about_sent_after_all(self, connection: Connection) -> None:
        found = await scheduling.sent_after_all(connection, _STREAMS)
        async with connection.transaction():
            await outbox.enqueue(connection, self._voice.rows(map(sent_statement, found)))
            for one in found:
                about = (one.source, one.id)
                await scheduling.note_withdrawal(connection, one.stream, NOT_SENT, about)

    async def _raise(
        self,
        connection: Connection,
        found: Sequence[Any],
        statement_of: Callable[[Any], BusStatement],
        kind: str,
    ) -> None:
        statements = [statement_of(one) for one in found]
        await outbox.enqueue(connection, self._voice.rows(statements))
        for one in statements:
            about = (one.data["event_source"], one.data["event_id"])
            await scheduling.note_finding(connection, one.stream, kind, about, one.id)


def reused_statement(found: Reused) -> BusStatement:
    """Told to the source alone; the other stream is not named, its parties may be others."""
    return _raised(
        found.stream, ID_REUSED, (found.source, found.id), "WARNING", (agency_of(found.source),)
    )


def unopened_statement(found: Unopened) -> BusStatement:
    return _raised(found.stream, UNOPENED, ("", ""), "INFO", found.authors)


def not_sent_statement(found: NotSent) -> BusStatement:
    """Told to the author alone: to nobody else has anything been said."""
    about = (found.source, found.id)
    said = _raised(found.stream, NOT_SENT, about, "SERIOUS", (agency_of(found.source),))
    return replace(said, data={**said.data, "detail": {"reason": found.reason}}, causation=())


def opened_statement(found: Opened) -> BusStatement:
    """Takes the finding back from those who were told."""
    return _withdrawn(found, UNOPENED, ("", ""))


def sent_statement(found: SentAfterAll) -> BusStatement:
    return _withdrawn(found, NOT_SENT, (found.source, found.id))


def _withdrawn(found: Opened | SentAfterAll, kind: str, about: tuple[str, str]) -> BusStatement:
    key = finding_key(found.stream, kind, about)
    return BusStatement(
        stream=found.stream,
        id=key_of(str(found.stream), WITHDRAWN, key),
        type=WITHDRAWN,
        data={"key": key, "kind": kind},
        to=Envelope.from_headers(found.headers).to,
        causation=(found.event_id,),
    )


def finding_key(stream: UUID, kind: str, about: tuple[str, str]) -> str:
    return key_of(str(stream), "finding", kind, *about)


def _raised(
    stream: UUID, kind: str, about: tuple[str, str], severity: str, to: tuple[str, ...]
) -> BusStatement:
    key = finding_key(stream, kind, about)
    return BusStatement(
        stream=stream,
        id=key_of(str(stream), RAISED, key),
        type=RAISED,
        data={
            "key": key,
            "kind": kind,
            "severity": severity,
            "event_source": about[0],
            "event_id": about[1],
            "told": list(to),
        },
        to=to,
        causation=(about[1],) if about[1] else (),
    )
