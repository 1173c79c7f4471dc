"""What `own` must know about a rewritten journal: its epoch and its content."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from casebus.events.doors import BUS
from casebus.events.envelope import Header
from casebus.events.stamps import ORIGIN, Origin, without_stamps
from casebus.sql import composed
from casebus.trust.directory import ROOT
from storage import dumping
from storage.handles import Connection, Row
from storage.journal import current_epoch
from storage.packing import pack_headers, unpack_headers
from storage.queries import load
from storage.scheduling import directory_copied

_SQL = load("restoring")
_AT_ONCE = 2_000
#: Headers of the bus's own events: those that no outbox ever held.
_NOT_OF_THE_OUTBOX = frozenset({"directory", "law", "relay"})
_INTAKE = "intake"
#: The columns of a table that holds its owner's progress in the journal.
_OF_A_PLACE = frozenset({"epoch", "partition", "next_index"})
#: Those columns that change with the next epoch.
_MOVED = frozenset({"epoch", "next_index"})


class Written(NamedTuple):
    """A record of the journal as Kafka takes it; `timestamp` in milliseconds since 1970."""

    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class Resent:
    """Rows that were sent and that the journal lacks: the relay sends their bytes again."""

    outbox: int
    submissions: int


@asynccontextmanager
async def owner(database_url: str) -> AsyncIterator[Connection]:
    """The owner's session, in one transaction: everything is restored, or nothing."""
    connection: Connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction():
            yield connection
    finally:
        await connection.close()


async def begin_epoch(
    connection: Connection, epoch: int, carried: Mapping[int, int], directory: int
) -> None:
    """Begin an epoch of the journal with so many records carried over in each partition.

    `directory` is the number of entries carried over.
    """
    before = await current_epoch(connection)
    await connection.execute(_SQL["begin_epoch"], epoch)
    await connection.execute(_SQL["carry"], epoch, list(carried), list(carried.values()))
    await _carry_places(connection, before, epoch)
    await connection.execute(_SQL["shorten_directory_copy"], directory)


async def carried(connection: Connection, epoch: int) -> dict[int, int]:
    """The number of records in each partition with which this epoch began."""
    return {row[0]: row[1] for row in await connection.fetch(_SQL["carried"], epoch)}


async def _carry_places(connection: Connection, before: int, epoch: int) -> None:
    """Set every counter of progress in a partition to the same place in the next epoch.

    So no question is asked again and nothing is sent again about the records that were carried
    over.
    """
    for table in await dumping.tables(connection):
        if set(table.columns) >= _OF_A_PLACE:
            others = [name for name in table.columns if name not in _MOVED]
            carrying = composed(
                "insert into own.{table} (epoch, next_index, {others})"
                " select next.begun, least(next_index, next.carried_over), {others}"
                " from own.{table} t join ("
                "select epoch as begun, partition as place, carried as carried_over"
                " from own.journal_epoch where epoch = $1"
                ") next on next.place = t.partition"
                " where t.epoch = $2",
                table=table.name,
                others=others,
            )
            await connection.execute(carrying, epoch, before)


async def rejected_from(connection: Connection, ends: Mapping[int, int]) -> dict[int, int]:
    """Set the places at which `rejected` goes on: after these offsets, and after the kept ones."""
    rows = await connection.fetch(_SQL["rejected_from"], list(ends), list(ends.values()))
    return {row["partition"]: row["next_offset"] for row in rows}


class JournalIdentities:
    """The journal's identities beside `own`, within one transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._identities: list[tuple[UUID, str, str]] = []
        self._said: list[tuple[Any, ...]] = []

    async def begin(self) -> None:
        await self._connection.execute(_SQL["note_journaled"])

    async def note(self, record: Written) -> None:
        # A journal has millions of them, so only the needed attributes are kept.
        texts = dict(record.headers)
        stream = UUID(texts["ce_subject"].decode())
        source, event_id = texts["ce_source"].decode(), texts["ce_id"].decode()
        self._identities.append((stream, source, event_id))
        ce_type = texts["ce_type"].decode()
        if _is_of_the_outbox(source, ce_type):
            door = Origin.parse(texts[ORIGIN].decode()).door
            self._said.append((stream, ce_type, source, event_id, door, *_as_sent(record)))
        if len(self._identities) >= _AT_ONCE:
            await self._flush()

    async def take_stored(self, epoch: int) -> None:
        """Note the tables' content under this epoch; events that it holds are in the outbox."""
        await self._connection.execute(_SQL["take_stored"], epoch)

    async def send_again(self) -> Resent:
        """Let the relay send, byte for byte, sent records that are not in the journal."""
        await self._flush()
        await self._connection.execute(_SQL["index_journaled"])
        outbox = await self._connection.execute(_SQL["send_outbox_again"])
        submissions = await self._connection.execute(_SQL["send_submissions_again"])
        return Resent(*(int(said.rpartition(" ")[2]) for said in (outbox, submissions)))

    async def _flush(self) -> None:
        await self._connection.copy_records_to_table("journaled", records=self._identities)
        await self._connection.executemany(_SQL["said"], self._said)
        self._identities.clear()
        self._said.clear()


def _is_of_the_outbox(source: str, ce_type: str) -> bool:
    domain = ce_type.split(".", 2)[1]
    return domain == _INTAKE or (source == BUS and domain not in _NOT_OF_THE_OUTBOX)


def _as_sent(record: Written) -> tuple[bytes | None, bytes, datetime]:
    """Value, headers without the journal's stamps, and the time."""
    own = without_stamps(record.headers)
    at = datetime.fromtimestamp(record.timestamp / 1000, UTC)
    return record.value, pack_headers(own), at


async def stored(
    connection: Connection, epoch: int, partition: int
) -> AsyncIterator[tuple[int, bytes, Written]]:
    """Log index, log leaf and record of each row of one partition, in order."""
    async for row in connection.cursor(_SQL["stored"], epoch, partition, prefetch=_AT_ONCE):
        yield row["log_index"], row["log_leaf"], _written(row)


async def directory_copies(connection: Connection, epoch: int) -> tuple[list[Written], int]:
    """Directory entries that came into the journal, and the number of them that were sent there."""
    rows = await connection.fetch(_SQL["directory_copies"], epoch, ROOT)
    copied = await directory_copied(connection)
    return [_written(row) for row in rows], copied


async def rejected_headers(connection: Connection) -> AsyncIterator[tuple[Header, ...]]:
    """The headers of all records kept as rejected."""
    async for row in connection.cursor(_SQL["rejected_headers"], prefetch=_AT_ONCE):
        yield unpack_headers(row["headers"])


def _written(row: Row) -> Written:
    """The record's key as its author gave it: the text of `ce_subject`."""
    headers = unpack_headers(row["headers"])
    timestamp = round(row["appended_at"].timestamp() * 1000)
    return Written(timestamp, dict(headers)["ce_subject"], row["value"], headers)


async def positions(connection: Connection, epoch: int) -> dict[int, tuple[int, bytes]]:
    """Recorded records and frontier of each partition."""
    rows = await connection.fetch(_SQL["positions"], epoch)
    return {row["partition"]: (row["next_index"], row["frontier"]) for row in rows}
