"""`python -m bench.verifying`: the bytes of a journal verified, beside reading it alone."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import Any, NamedTuple

import asyncpg

from bench import records
from bench.broker import Broker
from bench.recording import casework
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.settings import Settings
from onebox.rebuild.desk import desk_of
from onebox.rebuild.rebuilding import compare
from onebox.testing import Stack
from onebox.verify.journal import JOURNAL, Journal
from onebox.verify.report import Report
from onebox.verify.topics import Kafka

_ROUNDS = 3
_CASES = 3_000


class Verified(NamedTuple):
    """Journal records a second."""

    reading: float
    bytes: float
    deriving: float


async def measure(settings: Settings) -> Verified:
    """What stands in the journal and is recorded, the best of three rounds."""
    schemas = Schemas.load(settings.schemas_dir)
    connection = await asyncpg.connect(settings.database_url)
    reading = verifying = 0.0
    try:
        async with Kafka(settings) as kafka:
            for _ in range(_ROUNDS):
                reading = max(reading, await _read(kafka))
                verifying = max(verifying, await _verify(kafka, connection, schemas))
    finally:
        await connection.close()
    async with desk_of(settings) as desk:
        again = await compare(settings, desk)
    return Verified(reading, verifying, again.records / again.seconds)


async def _read(kafka: Kafka) -> float:
    spans, count = await kafka.spans([JOURNAL]), 0
    began = time.perf_counter()
    async for _, some in kafka.read(spans):
        count += len(some)
    return count / (time.perf_counter() - began)


async def _verify(kafka: Kafka, connection: Any, schemas: Schemas) -> float:
    spans, count = await kafka.spans([JOURNAL]), 0
    report = Report()
    journal = Journal(report, schemas, connection, 1)
    began = time.perf_counter()
    await journal.begin(spans)
    async for place, some in kafka.read(spans):
        await journal.take(place.partition, some)
        count += len(some)
    await journal.end(spans, spans)
    seconds = time.perf_counter() - began
    if not report.ok:
        raise ValueError(f"what was measured does not agree: {report.to_json()}")
    return count / seconds


def main() -> None:
    with Stack(only=("kafka", "postgres")) as stack:
        broker = Broker(stack.settings("admin"))
        schemas = Schemas.load(records.ROOT / "schemas")
        law = Law.load(records.ROOT / "policies" / "law").digest
        made = records.journal(stack.home.keys, schemas, law, _CASES)
        broker.fill(JOURNAL, made)
        asyncio.run(casework(stack, len(made)))
        settings = stack.settings("admin").model_copy(update={"database_url": stack.database_url})
        found = asyncio.run(measure(settings))
        broker.close()
    sys.stdout.write(
        f"read {found.reading:,.0f}, verify {found.bytes:,.0f}"
        f" ({found.bytes / found.reading:.2f} of it, wanted 0.3),"
        f" derive again {found.deriving:,.0f} records a second\n"
    )


if __name__ == "__main__":
    main()
