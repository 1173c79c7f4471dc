"""`python -m bench.flood`: the wait of one agency's events while another floods its own door.

The wait is from publishing to recording in PostgreSQL, through admission and casework, by this
process's clock. It is measured alone, and beside 2,000 records a second of garbage of another
agency of the sector.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
from confluent_kafka import Producer

from bench.broker import PARTITIONS, client_options
from bench.records import ROOT
from bench.routing import running
from casebus.events.doors import door_of
from casebus.events.envelope import Envelope, Record
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from onebox.testing import Stack
from storage.handles import Connection

#: One sector: they are kept apart because an agency that writes to Kafka itself has its own door.
SOURCE, DOOR = "cn-330108-amr", door_of("administrative")
FLOODED = door_of("administrative", "cn-330106-amr")
NOTED = "casebus.case.noted.v1"
EVENTS, EVENTS_A_SECOND = 400, 20
GARBAGE_A_SECOND, GARBAGE_BYTES = 2_000, 200
WARM_SECONDS, PATIENCE_SECONDS, LOOK_SECONDS = 10.0, 120.0, 0.005
HUNDRED = 100


@dataclass(frozen=True, slots=True)
class Waited:
    """Seconds from publishing to recording."""

    p50: float
    p99: float

    @classmethod
    def of(cls, seconds: list[float]) -> Waited:
        cuts = statistics.quantiles(seconds, n=HUNDRED)
        return cls(cuts[HUNDRED // 2 - 1], cuts[-1])

    def __str__(self) -> str:
        return f"p50 {self.p50 * 1000:.0f} ms, p99 {self.p99 * 1000:.0f} ms"


def measure(stack: Stack) -> tuple[Waited, Waited]:
    """Alone, and beside the garbage."""
    with ExitStack() as services:
        for name in ("admission", "casework"):
            env = {**os.environ, **stack.environment(name)}
            services.enter_context(running([sys.executable, "-m", f"services.{name}"], env))
        asyncio.run(_waited(stack, EVENTS_A_SECOND))
        alone = Waited.of(asyncio.run(_waited(stack, EVENTS)))
        with _garbage(stack):
            time.sleep(WARM_SECONDS)
            beside = Waited.of(asyncio.run(_waited(stack, EVENTS)))
    return alone, beside


async def _waited(stack: Stack, count: int) -> list[float]:
    producer = Producer({**client_options(stack.settings("admin")), "linger.ms": 0})
    connection = await asyncpg.connect(stack.database_url)
    sent: dict[str, float] = {}
    took: list[float] = []
    try:
        looking = asyncio.create_task(_look(connection, sent, took, count))
        for record in _events(stack, count):
            sent[dict(record.headers)["ce_id"].decode()] = time.perf_counter()
            _put(producer, DOOR, record)
            producer.poll(0)
            await asyncio.sleep(1 / EVENTS_A_SECOND)
        await asyncio.wait_for(looking, PATIENCE_SECONDS)
    finally:
        await connection.close()
    return took


async def _look(
    connection: Connection, sent: dict[str, float], took: list[float], count: int
) -> None:
    while len(took) < count:
        query = "select id from derived.event where source = $1 and id = any($2)"
        rows, now = await connection.fetch(query, SOURCE, list(sent)), time.perf_counter()
        took += [now - sent.pop(row["id"]) for row in rows]
        await asyncio.sleep(LOOK_SECONDS)


def _events(stack: Stack, count: int) -> list[Record]:
    schemas = Schemas.load(ROOT / "schemas")
    key = SigningKey.load(stack.home.keys / f"{SOURCE}.pem")
    value, uri = schemas.encode(NOTED, {"note": "bench"}), schemas.latest(NOTED).uri
    drafts = [
        Draft(
            Envelope(
                id=str(uuid4()),
                type=NOTED,
                source=SOURCE,
                subject=str(uuid4()),
                time=datetime.now(UTC),
                dataschema=uri,
            ),
            value,
        )
        for _ in range(count)
    ]
    return [sign([draft], key, schemas)[0] for draft in drafts]


@contextmanager
def _garbage(stack: Stack) -> Iterator[None]:
    """Sent evenly by another process, as in reality, until the block ends."""
    settings = stack.settings("admin")
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=_flood, args=(client_options(settings),), daemon=True)
    process.start()
    try:
        yield
    finally:
        process.terminate()
        process.join()


def _flood(options: dict[str, Any]) -> None:
    producer = Producer({**options, "linger.ms": 5})
    began, put = time.monotonic(), 0
    while True:
        time.sleep(0.01)
        while put < (time.monotonic() - began) * GARBAGE_A_SECOND:
            key, value = str(uuid4()).encode(), os.urandom(GARBAGE_BYTES)
            _put(producer, FLOODED, Record(key, value, ()))
            put += 1
        producer.poll(0)


def _put(producer: Producer, topic: str, record: Record) -> None:
    at = partition_for(record.key or b"", PARTITIONS)
    producer.produce(topic, record.value, record.key, at, headers=list(record.headers))


def run() -> tuple[Waited, Waited]:
    """The same, on a stack of its own."""
    with Stack(only=("kafka", "postgres")) as stack:
        return measure(stack)


def main() -> None:
    alone, beside = run()
    sys.stdout.write(f"alone {alone}; beside a flood {beside}\n")


if __name__ == "__main__":
    main()
