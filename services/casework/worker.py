"""The Faust worker: hands each batch of the journal and of `rejected` to one transaction."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from uuid import UUID

from casebus import telemetry
from casebus.cases import FOLD_VERSION
from casebus.cases.renewing import refuse_newer
from casebus.cases.room import Rooms
from casebus.events.doors import BUS
from casebus.events.schemas import Schemas
from casebus.events.topics import JOURNAL, REJECTED
from casebus.kafka.directory import following
from casebus.law import Law
from casebus.now import now_from
from casebus.signing.signers import Signers
from services.casework import batch as journal_batch
from services.casework import rejects
from services.casework.ahead import ReadAhead
from services.casework.context import CaseworkContext
from services.casework.folding import save
from services.casework.law_cache import UNKNOWN, LawCache, MissingLawError
from services.casework.renewing import CaseRenewer
from services.casework.streams import Stream, Streams
from services.transport import Batch, Handler, Producer, TopicPartition, WorkerSettings
from services.transport.worker import end_process
from storage import evidence, journal, renewing, stalling
from storage import law as bundles
from storage.handles import Connection, Pool
from storage.pool import BY_KEY, application_name, open_pool

log = logging.getLogger(__name__)

#: Journal records in one transaction.
RECORDS_AT_ONCE = 500
#: The most events folded in one transaction, unless one stream alone has more: some tenths of a
#: second.
EVENTS_AT_ONCE = 4_000
APPLICATION = "casework"
#: The pause between two batches of rejects of a partition. A flood of them comes in few large
#: batches, and leaves the time to taken records.
_GATHERING_SECONDS = 0.1
#: The time that a running transaction may take to end when its partition moves.
_YIELD_SECONDS = 2.0
#: The time between two checks for the thing that a partition waits for.
_STALLED_SECONDS = 2.0
#: The time between two checks for recorded but unsent statements.
_SAY_SECONDS = 1.0


class Casework:
    """Called with one batch after the other of each partition."""

    def __init__(self, pool: Pool, context: CaseworkContext, ahead: ReadAhead) -> None:
        self._pool = pool
        self._context = context
        self._ahead = ahead
        #: Partitions that may be in the table of waiting ones.
        self._stalled: set[int] = set()
        #: The journal's ends at the start: records below may hold statements already (ADR 48).
        self._ends: dict[int, int] = {}
        #: Partitions with records whose owed statements may not be sent yet.
        self._behind: set[int] = set()

    async def __call__(self, batch: Batch) -> None:
        """Record a batch; when it returns, its transactions are committed."""
        rejected = batch.topic == REJECTED
        handle = self._keep_rejects if rejected else self._keep_journal
        async with self._pool.acquire() as connection:
            for part in _parts(batch):
                await handle(connection, part)
        if rejected:
            await asyncio.sleep(_GATHERING_SECONDS)
        telemetry.count("casebus.casework.recorded", len(batch.records))

    async def _keep_journal(self, connection: Connection, batch: Batch) -> None:
        await self._context.streams.warm(connection, _streams(batch))
        for piece in _pieces(batch, self._context.streams):
            await self._record(connection, piece)
        await self._say_owed(connection, batch.partition, batch.records[-1].offset + 1)

    async def _record(self, connection: Connection, batch: Batch) -> None:
        """Record as soon as possible.

        If a law's bundle is missing, the partition waits here, visibly.
        """
        while True:
            try:
                async with connection.transaction():
                    end = self._ends.get(batch.partition, 0)
                    touched = await journal_batch.record(connection, batch, self._context, end=end)
                    if batch.partition in self._stalled:
                        await stalling.end(connection, batch.partition)
            except MissingLawError as error:
                await self._stall(connection, batch, error)
            else:
                self._stalled.discard(batch.partition)
                self._context.streams.keep(touched)
                return

    async def _say_owed(self, connection: Connection, partition: int, next_offset: int) -> None:
        """Send the statements of silent records, once the journal is read to its earlier end."""
        if partition not in self._behind or next_offset < self._ends.get(partition, 0):
            return
        try:
            while (touched := await self._say_some(connection, partition)) is not None:
                self._context.streams.keep(touched)
        except MissingLawError as error:
            # It is sent when its bundle is there; a waiting partition reports it.
            log.warning("partition %d says nothing: %s", partition, error)
        else:
            self._behind.discard(partition)

    async def _say_some(self, connection: Connection, partition: int) -> dict[UUID, Stream] | None:
        async with connection.transaction():
            return await journal_batch.say_owed(connection, partition, self._context)

    async def keep_saying(self) -> None:
        """For partitions without new records: an older `own` owes the statements that it forgot."""
        while True:
            await asyncio.sleep(_SAY_SECONDS)
            if not self._behind:
                continue
            async with self._pool.acquire() as connection:
                at = await journal.next_offsets(connection, self._context.epoch, self._behind)
                for partition, next_offset in at.items():
                    await self._say_owed(connection, partition, next_offset)

    async def _stall(self, connection: Connection, batch: Batch, missing: MissingLawError) -> None:
        partition, first = batch.partition, batch.records[0].offset
        log.error("partition %d waits: %s", partition, missing)
        self._stalled.add(partition)
        await stalling.begin(connection, partition, UNKNOWN, missing.digest, missing.adoption)
        self._context.laws.voided |= await self._ahead.voided(partition, first)
        if missing.adoption not in self._context.laws.voided:
            await asyncio.sleep(_STALLED_SECONDS)

    async def _keep_rejects(self, connection: Connection, batch: Batch) -> None:
        async with connection.transaction():
            await rejects.keep(connection, batch, self._context.schemas, self._context.directory)

    async def on_assigned(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Start each partition at its fence (rule 6, the fence). Kafka's own offset is a hint."""
        self._stalled = {place.partition for place in partitions}
        journaled = [place.partition for place in partitions if place.topic == JOURNAL]
        self._ends = await self._ahead.ends(journaled) if journaled else {}
        self._behind = set(journaled)
        async with self._pool.acquire() as connection:
            asked = asyncio.create_task(self._next_offsets(connection, partitions))
            while not (await asyncio.wait({asked}, timeout=_YIELD_SECONDS))[0]:
                await self._take_over(connection.get_server_pid())
            return await asked

    async def _take_over(self, waiting: int) -> None:
        """End the sessions of a worker that lost its partitions but stopped inside a transaction.

        No time-out of the database does: in the middle of a COPY it waits for its client.
        """
        log.warning("fence held by another worker's session")
        async with self._pool.acquire() as connection:
            await journal.end_blockers(connection, waiting, application_name(APPLICATION))

    async def _next_offsets(
        self, connection: Connection, partitions: list[TopicPartition]
    ) -> dict[TopicPartition, int]:
        async with connection.transaction():
            return {place: await self._next_offset(connection, place) for place in partitions}

    async def _next_offset(self, connection: Connection, place: TopicPartition) -> int:
        if place.topic == REJECTED:
            return await evidence.rejected_offset(connection, place.partition)
        await journal.open_position(connection, self._context.epoch, place.partition)
        position = await journal.lock_position(connection, self._context.epoch, place.partition)
        return position.next_offset


def _parts(batch: Batch) -> Iterator[Batch]:
    """The batch in pieces that even a slow machine ends long before the session's time-out."""
    for at in range(0, len(batch.records), RECORDS_AT_ONCE):
        yield replace(batch, records=batch.records[at : at + RECORDS_AT_ONCE])


def _streams(batch: Batch) -> set[UUID]:
    """The streams that the records name; journaled records were admitted."""
    return {_stream(record.key) for record in batch.records if record.key}


def _pieces(batch: Batch, streams: Streams) -> Iterator[Batch]:
    """The batch in pieces that fold at most `EVENTS_AT_ONCE` events: one transaction each."""
    start, events, seen = 0, 0, set[bytes | None]()
    for at, record in enumerate(batch.records):
        more = 1 if record.key in seen or not record.key else streams.size(_stream(record.key)) + 1
        if events and events + more > EVENTS_AT_ONCE:
            yield replace(batch, records=batch.records[start:at])
            start, events, seen = at, 0, set()
            more = streams.size(_stream(record.key)) + 1 if record.key else 1
        events += more
        seen.add(record.key)
    yield replace(batch, records=batch.records[start:])


def _stream(key: bytes) -> UUID:
    return UUID(key.decode())


def _ended(task: asyncio.Task[None]) -> None:
    """Any end of such work ends the process, and the next process goes on."""
    if not task.cancelled() and task.exception() is not None:
        end_process(f"{task.get_name()}_failed", task.exception())


@asynccontextmanager
async def open_casework(settings: WorkerSettings, _: Producer) -> AsyncIterator[Handler]:
    """Connect, keep the installed law's bundle, follow the directory, and yield the handler."""
    schemas = Schemas.load(settings.schemas_dir)
    law = Law.load(settings.policies_dir / "law")
    async with AsyncExitStack() as stack:
        follower = await stack.enter_async_context(following(settings, schemas))
        pool = await open_pool(settings.database_url, application=APPLICATION, planning=BY_KEY)
        stack.push_async_callback(pool.close)
        async with pool.acquire() as connection:
            await bundles.keep_bundle(connection, law.digest, law.bundle())
            epoch = await journal.current_epoch(connection)
            refuse_newer(await renewing.raise_fold_version(connection, FOLD_VERSION))
        context = CaseworkContext(
            schemas=schemas,
            laws=LawCache(law),
            directory=follower.directory,
            key=Signers(settings.bus_key.parent, follower.directory).holder(BUS),
            now=now_from(settings),
            streams=Streams(schemas, Rooms.load(settings.policies_dir)),
            epoch=epoch,
        )
        casework = Casework(pool, context, ReadAhead(settings, schemas, JOURNAL))
        beside = (
            asyncio.create_task(CaseRenewer(pool, context, save).run(), name="renewals"),
            asyncio.create_task(casework.keep_saying(), name="saying"),
        )
        for task in beside:
            task.add_done_callback(_ended)
        yield casework
        for task in beside:
            task.cancel()
