"""What is derived, derived again from the journal in a database beside, and compared case by case.

Reads one snapshot of the live database and changes nothing in it; nothing is said to anybody.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import asyncpg
from aiokafka import ConsumerRecord

from services.casework import batch as journal_batch
from services.casework.desk import Desk
from services.casework.folding import save
from services.casework.renewing import Renewals
from services.casework.streams import Streams
from services.transport import Batch
from storage import journal
from storage.migrate import migrate
from storage.packing import unpack_headers
from storage.pool import open_pool

NAME = "casebus_rebuild"
_JOURNAL = "case.journal"
_AT_ONCE = 500
Advance = Callable[[int], None]
_RECORDS = """
select partition, log_index, stream, value, headers, appended_at from derived.journal
where epoch = (select epoch from own.installation) order by partition, log_index
"""
_CASES = "select stream, digest, law, fold_version from derived.case_state"
_COPIED = ("own.law_bundle", "own.installation")


@dataclass(slots=True)
class Rebuilt:
    """How much was derived again, and the cases that came out otherwise, each with how."""

    records: int = 0
    cases: int = 0
    differing: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        return {"records": self.records, "cases": self.cases, "differing": self.differing}


async def rebuild(database_url: str, desk: Desk, advance: Advance) -> Rebuilt:
    """Derive everything again by this release; `advance` is told of each batch of records."""
    live: Any = await asyncpg.connect(database_url)
    try:
        async with (
            live.transaction(isolation="repeatable_read", readonly=True),
            _beside(database_url) as pool,
        ):
            await _copy_ground(live, pool)
            epoch = await journal.current_epoch(live)
            quiet = replace(desk, speaks=False, streams=Streams(desk.schemas), epoch=epoch)
            found = Rebuilt(records=await _replay(live, pool, quiet, advance))
            while await Renewals(pool, quiet, save).once():
                pass
            await _compare(live, pool, found)
            return found
    finally:
        await live.close()


@asynccontextmanager
async def _beside(database_url: str) -> AsyncIterator[Any]:
    """A migrated database of its own, dropped at the end; one left by a kill is dropped first."""
    owner = await asyncpg.connect(database_url)
    try:
        await owner.execute(f'drop database if exists "{NAME}" with (force)')
        await owner.execute(f'create database "{NAME}"')
        url = database_url.rpartition("/")[0] + f"/{NAME}"
        await migrate(url)
        pool = await open_pool(url, application=NAME)
        try:
            yield pool
        finally:
            await pool.close()
    finally:
        await owner.execute(f'drop database if exists "{NAME}" with (force)')
        await owner.close()


async def _copy_ground(live: Any, pool: Any) -> None:
    """What is not derived and is needed to derive: the kept laws, and the installation's epoch."""
    for table in _COPIED:
        rows = await live.fetch(f"select * from {table}")  # noqa: S608 - names of our own
        await pool.execute(f"delete from {table}")  # noqa: S608
        schema, _, name = table.partition(".")
        async with pool.acquire() as connection:
            await connection.copy_records_to_table(
                name,
                schema_name=schema,
                columns=list(rows[0].keys()) if rows else None,
                records=[tuple(row) for row in rows],
            )


async def _replay(live: Any, pool: Any, desk: Desk, advance: Advance) -> int:
    count, waiting = 0, list[Any]()
    async for row in live.cursor(_RECORDS, prefetch=_AT_ONCE):
        if waiting and (len(waiting) == _AT_ONCE or waiting[0]["partition"] != row["partition"]):
            await _record(pool, desk, waiting)
            advance(len(waiting))
            waiting = []
        waiting.append(row)
        count += 1
    if waiting:
        await _record(pool, desk, waiting)
        advance(len(waiting))
    return count


async def _record(pool: Any, desk: Desk, rows: list[Any]) -> None:
    partition = rows[0]["partition"]
    batch = Batch(_JOURNAL, partition, [_kafka(row) for row in rows])
    async with pool.acquire() as connection:
        async with connection.transaction():
            await journal.open_position(connection, desk.epoch, partition)
            touched = await journal_batch.record(connection, batch, desk)
        desk.streams.keep(touched)


def _kafka(row: Any) -> Any:
    key = str(row["stream"]).encode()
    appended: datetime = row["appended_at"].astimezone(UTC)
    return ConsumerRecord(
        topic=_JOURNAL,
        partition=row["partition"],
        # The rank in the partition: a journal has no holes in it.
        offset=row["log_index"],
        timestamp=round(appended.timestamp() * 1000),
        timestamp_type=1,
        key=key,
        value=row["value"],
        checksum=None,
        serialized_key_size=len(key),
        serialized_value_size=len(row["value"] or b""),
        headers=unpack_headers(row["headers"]),
    )


async def _compare(live: Any, pool: Any, found: Rebuilt) -> None:
    there = {row["stream"]: row for row in await live.fetch(_CASES)}
    again = {row["stream"]: row for row in await pool.fetch(_CASES)}
    found.cases = len(again)
    for stream in sorted(there.keys() | again.keys()):
        one, other = there.get(stream), again.get(stream)
        if one is None or other is None:
            word = "the journal has no such case" if other is None else "missing"
            found.differing[str(stream)] = word
        elif (one["fold_version"], one["law"]) != (other["fold_version"], other["law"]):
            found.differing[str(stream)] = "still to be derived anew"
        elif one["digest"] != other["digest"]:
            found.differing[str(stream)] = "its state is another one"
