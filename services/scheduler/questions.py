"""Cross-case questions that no fold can answer, because each fold sees one stream.

Design rule 13, questions across cases.

`id_reused`: the same (source, id) is in more than one stream (rule 1, one identity). `unopened`: a
stream has had no opening event for 24 hours (rule 2, whose case it is). `not_sent`: a record is
stored here, and no broker takes it (rule 18, actions of officers).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from casebus.cases.reporting import ID_REUSED
from casebus.events.envelope import Envelope, agency_of
from casebus.now import Now
from services.scheduler.asking import Asking
from services.scheduler.barrier import Passes
from services.scheduler.findings import NO_EVENT, raised, withdrawn
from services.scheduler.statements import BusStatement, StatementSigner
from storage import scheduling
from storage.handles import Connection, Pool
from storage.scheduling import NotSent, Opened, Reused, SentAfterAll, Stretch, Unopened

UNOPENED = "unopened"
NOT_SENT = "not_sent"
UNOPENED_AFTER = timedelta(hours=24)
#: Bounds what one round costs the database that casework writes to at the same time.
_RECORDS = 500
_STREAMS = 200


class Questions(Asking):
    def __init__(
        self,
        pool: Pool,
        signer: StatementSigner,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
        *,
        now: Now,
    ) -> None:
        super().__init__(pool, signer, barrier, partitions)
        self._now = now

    async def ask(self) -> int:
        """Do one round of every question; a pause follows, whatever its result."""
        before = self._now() - UNOPENED_AFTER
        if await scheduling.unopened(self._pool, before, 1):
            # Behind the barrier: the event that opens them may be on its way.
            await self._barred()
        async with self._pool.acquire() as connection:
            for stretch in await scheduling.unread(connection, ID_REUSED, _RECORDS):
                await self._about_reuse(connection, stretch)
            await self._about_unopened(connection, before)
            await self._about_opened(connection)
            await self._about_not_sent(connection)
            await self._about_sent_after_all(connection)
        return 0

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
            await self._say(connection, map(opened_statement, found))
            for one in found:
                await scheduling.note_withdrawal(connection, one.stream, UNOPENED)

    async def _about_not_sent(self, connection: Connection) -> None:
        found = await scheduling.not_sent(connection, _STREAMS)
        async with connection.transaction():
            await self._raise(connection, found, not_sent_statement, NOT_SENT)

    async def _about_sent_after_all(self, connection: Connection) -> None:
        found = await scheduling.sent_after_all(connection, _STREAMS)
        async with connection.transaction():
            await self._say(connection, map(sent_statement, found))
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
        await self._say(connection, statements)
        for one in statements:
            about = (one.data["event_source"], one.data["event_id"])
            await scheduling.note_finding(connection, one.stream, kind, about, one.id)


def reused_statement(found: Reused) -> BusStatement:
    """For the source alone; the other stream is not named, because its parties may be others."""
    about, to = (found.source, found.id), (agency_of(found.source),)
    cause = (found.id,)
    return raised(found.stream, ID_REUSED, about, "WARNING", to, event=about, causation=cause)


def unopened_statement(found: Unopened) -> BusStatement:
    return raised(found.stream, UNOPENED, NO_EVENT, "INFO", found.authors)


def not_sent_statement(found: NotSent) -> BusStatement:
    """For the author alone: nobody else has been told anything."""
    about, to = (found.source, found.id), (agency_of(found.source),)
    why = {"reason": found.reason}
    return raised(found.stream, NOT_SENT, about, "SERIOUS", to, event=about, detail=why)


def opened_statement(found: Opened) -> BusStatement:
    """Takes the finding back from the agencies that were told."""
    return _withdrawn(found, UNOPENED, NO_EVENT)


def sent_statement(found: SentAfterAll) -> BusStatement:
    return _withdrawn(found, NOT_SENT, (found.source, found.id))


def _withdrawn(found: Opened | SentAfterAll, kind: str, about: tuple[str, str]) -> BusStatement:
    told = Envelope.from_headers(found.headers).to
    return withdrawn(found.stream, kind, about, told, (found.event_id,))
