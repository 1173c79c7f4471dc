"""Casework without Kafka: what admission would journal goes batch by batch into real tables."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

from aiokafka import ConsumerRecord

from casebus.admission.judge import Arrival, Judge
from casebus.cases.room import Rooms
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Record, agency_of
from casebus.events.topics import JOURNAL, REJECTED
from casebus.law import Law
from onebox.testing import Stack
from services.admission.stamps import journal_headers, rejected_headers
from services.casework import batch as journal_batch
from services.casework import rejects
from services.casework.context import CaseworkContext
from services.casework.folding import save
from services.casework.law_cache import LawCache
from services.casework.renewing import CaseRenewer
from services.casework.streams import Streams
from services.transport import Batch
from storage import journal
from storage import law as bundles
from storage.handles import Connection, Pool
from storage.packing import unpack_headers
from storage.pool import open_pool
from tests.case_events import LAW
from tests.integration.database import fresh_database
from tests.world import NOW, SCHEMAS, World

HOSTED = frozenset({"administrative", "police", "procuratorate", "court"})


class Casework:
    """One partition of the journal and one of the rejected, as casework takes them in."""

    #: The room of one author in a case.
    rooms = Rooms.load(Path("policies"))

    def __init__(self, pool: Pool, url: str = "") -> None:
        self.pool, self.url, self.world = pool, url, World()
        self.log: list[ConsumerRecord] = []
        self.refused: list[ConsumerRecord] = []
        #: The time at which admission takes new events, and casework's time.
        self.at = self.now = NOW
        self._admit = Judge(SCHEMAS, self.world.directory, LAW, HOSTED)
        self.restart()

    @property
    def connection(self) -> Connection:
        """The pool where a connection is asked for: each statement is a transaction of its own."""
        return cast("Connection", self.pool)

    def restart(self) -> None:
        """A process that remembers nothing."""
        self.context = CaseworkContext(
            schemas=SCHEMAS,
            laws=LawCache(LAW),
            directory=self.world.directory,
            key=self.world.keys[BUS],
            now=lambda: self.now,
            streams=Streams(SCHEMAS, self.rooms),
            epoch=1,
        )

    async def __call__(self, *records: Record) -> None:
        """Admit the records, each at its sector's door, and record them as one batch."""
        first = len(self.log)
        for record in records:
            self.log.append(self.journaled(record))
        await self.record(self.log[first:])

    async def record(self, records: Sequence[ConsumerRecord]) -> None:
        """Hand casework a batch as it comes from the journal."""
        async with self.pool.acquire() as connection:
            async with connection.transaction():
                await journal.open_position(connection, 1, 0)
                batch = Batch(JOURNAL, 0, records)
                touched = await journal_batch.record(connection, batch, self.context)
            self.context.streams.keep(touched)

    async def reject(self, record: Record, code: str) -> None:
        """Hand casework a record that admission refused."""
        arrival = self._arrival(record)
        known = self._admit.known(arrival)
        headers = rejected_headers(arrival, CasebusError(code), known, at=NOW)
        kafka = _kafka_record(REJECTED, len(self.refused), record, headers)
        self.refused.append(kafka)
        directory = self.world.directory
        async with self.pool.acquire() as connection, connection.transaction():
            await rejects.keep(connection, Batch(REJECTED, 0, [kafka]), SCHEMAS, directory)

    async def keep_law(self, law: Law) -> None:
        async with self.pool.acquire() as connection:
            await bundles.keep_bundle(connection, law.digest, law.bundle())

    async def rebuild(self, records: int | None = None, *, at_once: bool = False) -> None:
        """Empty the derived tables and record the journal again, or its beginning, one by one."""
        tables = await self.rows("select tablename from pg_tables where schemaname = 'derived'")
        names = ", ".join(f"derived.{row['tablename']}" for row in tables)
        await self.pool.execute(f"truncate {names}")
        self.restart()
        if at_once:
            await self.record(self.log)
        for record in () if at_once else self.log[:records]:
            await self.record([record])

    async def renew(self) -> int:
        """One round of what goes on in the background; how many cases it renewed."""
        return await CaseRenewer(self.pool, self.context, save).once()

    async def reinterpreted(self) -> list[dict[str, Any]]:
        """The events about cases derived again, each with its recipients."""
        rows = await self.rows(
            "select value, headers from own.outbox where type like '%reinterpreted%' order by id"
        )
        return [
            {
                **SCHEMAS.decode(row["value"])[1],
                "to": dict(unpack_headers(row["headers"])).get("ce_to", b"").decode(),
            }
            for row in rows
        ]

    async def sent_by_the_bus(self, name: str) -> list[Record]:
        """The waiting outbox rows, as the relay would send them."""
        rows = await self.rows(
            "select aggregateid, value, headers from own.outbox where type = $1 order by id",
            f"casebus.{name}.v1",
        )
        return [
            Record(str(row["aggregateid"]).encode(), row["value"], unpack_headers(row["headers"]))
            for row in rows
        ]

    async def rows(self, query: str, *values: Any) -> list[Any]:
        return list(await self.pool.fetch(query, *values))

    async def case(self, stream: str) -> Any:
        [row] = await self.rows("select * from derived.case_state where stream = $1", stream)
        return row

    async def said(self) -> list[str]:
        """Types of what waits in the outbox."""
        rows = await self.rows("select type from own.outbox order by id")
        return [row["type"].removeprefix("casebus.") for row in rows]

    def journaled(self, record: Record) -> ConsumerRecord:
        """The record as admission would journal it next; raises CasebusError where it refuses."""
        offset = len(self.log)
        arrival = self._arrival(record)
        admitted = self._admit(arrival)
        # A later event is taken when it happens; a date of another age is a slip.
        happened = admitted.envelope.legal.moment()
        at = max(self.at, happened) if happened.year == self.at.year else self.at
        known = self.world.directory.position
        headers = journal_headers(arrival, admitted, law=LAW.digest, directory=known, at=at)
        return _kafka_record(JOURNAL, offset, record, headers)

    def _arrival(self, record: Record) -> Arrival:
        source = dict(record.headers)["ce_source"].decode(errors="replace")
        agency = self.world.directory.agency(agency_of(source))
        sector = "administrative" if agency is None else agency.sector
        return Arrival(record, f"events.{sector}", 0, 0, NOW, 1)


def _kafka_record(topic: str, offset: int, record: Record, headers: Any) -> ConsumerRecord:
    return ConsumerRecord(
        topic=topic,
        partition=0,
        offset=offset,
        timestamp=round(NOW.timestamp() * 1000),
        timestamp_type=1,
        key=record.key,
        value=record.value,
        checksum=None,
        serialized_key_size=len(record.key or b""),
        serialized_value_size=len(record.value or b""),
        headers=tuple(headers),
    )


def altered(record: ConsumerRecord, **changes: bytes) -> ConsumerRecord:
    """The record with other headers than it was journaled with."""
    names = {name.replace("cb_", "cb-"): text for name, text in changes.items()}
    headers = [(name, names.get(name, text)) for name, text in record.headers]
    return replace(record, headers=tuple(headers))


@asynccontextmanager
async def casework_on(brokers: Stack) -> AsyncIterator[Casework]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test")
        try:
            yield Casework(pool, url)
        finally:
            await pool.close()
