"""`python -m bench.verifying`: the bytes of a journal verified, beside reading it alone."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import asyncpg

from bench import records
from bench.broker import Broker
from bench.recording import casework
from casebus.events.schemas import Schemas
from casebus.events.topics import JOURNAL
from casebus.law import Law
from casebus.settings import Settings
from onebox.testing import Stack
from operations.rebuild.context import context_of
from operations.rebuild.rebuilding import compare
from operations.verify.comparing import RecordBatch, logs_of
from operations.verify.jobs import Share, alone, collect_seldom, side_by_side
from operations.verify.journal import JournalChecks
from operations.verify.report import VerifyReport
from operations.verify.topics import Span, TopicEnds
from services.casework.records import read
from storage import journal as recorded
from storage.handles import Connection
from storage.journal import RecordedPosition

_ROUNDS = 3
_EPOCH = 1
#: Cases that casework records, and that are derived again.
CASES = 3_000
#: Cases of the whole journal: the start must be small beside the work.
OF_ALL = 30_000


class Verified(NamedTuple):
    """Journal records a second."""

    reading: float
    #: By one process, and by one for each core.
    alone: float
    side_by_side: float

    @property
    def best(self) -> float:
        return max(self.alone, self.side_by_side)


async def deriving(settings: Settings) -> float:
    async with context_of(settings) as desk:
        again = await compare(settings, desk)
    return again.records / again.seconds


async def measure(settings: Settings) -> Verified:
    """Every byte of the journal, the best of three rounds."""
    collect_seldom()
    schemas = Schemas.load(settings.schemas_dir)
    connection = await asyncpg.connect(settings.database_url)
    best = Verified(0.0, 0.0, 0.0)
    try:
        async with TopicEnds(settings) as kafka:
            await _record(kafka, connection, schemas)
            bench = _Bench(settings, kafka, connection, schemas)
            for _ in range(_ROUNDS):
                found = await bench.read(), await bench.verify(1), await bench.verify(_cores())
                best = Verified(*map(max, zip(best, found, strict=True)))
    finally:
        await connection.close()
    return best


def _cores() -> int:
    return os.cpu_count() or 1


async def _record(kafka: TopicEnds, connection: Connection, schemas: Schemas) -> None:
    """The journal's rest in PostgreSQL as casework records it, without the cases."""
    spans = await kafka.spans([JOURNAL])
    known = await recorded.next_offsets(connection, _EPOCH, [at.partition for at in spans])
    rest = {at: Span(known.get(at.partition, 0), span.end) for at, span in spans.items()}
    async for place, some in kafka.read(rest):
        async with connection.transaction():
            await _record_some(connection, schemas, place.partition, some)
    await connection.execute("analyze derived.journal")


async def _record_some(
    connection: Connection, schemas: Schemas, at: int, some: Sequence[Any]
) -> None:
    position = await recorded.lock_position(connection, _EPOCH, at)
    rows = [
        read(one, schemas, epoch=_EPOCH, partition=at, log_index=one.offset).row for one in some
    ]
    await recorded.append(connection, rows)
    frontier = position.frontier.append([row.log_leaf for row in rows])
    end = some[-1].offset + 1
    after = RecordedPosition(end, end, frontier, position.law)
    await recorded.advance_position(connection, _EPOCH, at, after)


class _Bench:
    def __init__(
        self, settings: Settings, kafka: TopicEnds, connection: Connection, schemas: Schemas
    ) -> None:
        self._settings, self._kafka = settings, kafka
        self._connection, self._schemas = connection, schemas

    async def read(self) -> float:
        spans, count = await self._kafka.spans([JOURNAL]), 0
        began = time.perf_counter()
        async for _, some in self._kafka.read(spans):
            count += len(some)
        return count / (time.perf_counter() - began)

    async def verify(self, jobs: int) -> float:
        """With the start of the processes."""
        report, count = VerifyReport(), 0
        journal = JournalChecks(report, _EPOCH)
        began = time.perf_counter()
        async with self._connection.transaction(isolation="repeatable_read", readonly=True):
            async for batch in self._batches(report, await self._share(report), jobs):
                journal.take(batch)
                count += batch.records
        seconds = time.perf_counter() - began
        if not report.ok:
            raise ValueError(f"what was measured does not agree: {report.to_json()}")
        return count / seconds

    async def _share(self, report: VerifyReport) -> Share:
        spans = await self._kafka.spans([JOURNAL])
        snapshot = await self._connection.fetchval("select pg_export_snapshot()")
        logs = await logs_of(report, self._connection, _EPOCH, spans)
        return Share(self._settings, snapshot, _EPOCH, logs, spans, spans)

    def _batches(self, report: VerifyReport, share: Share, jobs: int) -> AsyncIterator[RecordBatch]:
        if jobs == 1:
            return alone(report, share, self._schemas, self._connection, self._kafka)
        return side_by_side(report, share, jobs)


def main() -> None:
    with Stack(only=("kafka", "postgres")) as stack:
        broker = Broker(stack.settings("admin"))
        schemas = Schemas.load(records.ROOT / "schemas")
        law = Law.load(records.ROOT / "policies" / "law").digest
        made = records.journal(stack.home.keys, schemas, law, range(CASES))
        broker.fill(JOURNAL, made)
        asyncio.run(casework(stack, len(made)))
        settings = stack.settings("admin").model_copy(update={"database_url": stack.database_url})
        derived = asyncio.run(deriving(settings))
        broker.fill(JOURNAL, records.journal(stack.home.keys, schemas, law, range(CASES, OF_ALL)))
        found = asyncio.run(measure(settings))
        broker.close()
    sys.stdout.write(
        f"read {found.reading:,.0f}, verify {found.alone:,.0f} by one process,"
        f" {found.side_by_side:,.0f} by {_cores()}"
        f" ({found.best / found.reading:.2f} of it, wanted 0.3),"
        f" derive again {derived:,.0f} records a second; load {os.getloadavg()[0]:.1f}\n"
    )


if __name__ == "__main__":
    main()
