"""The journal's table and its fence: every record of a batch goes in once, or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.events.envelope import Header
from casebus.trust.merkle import Frontier
from storage.handles import Connection, Handle, sole
from storage.packing import pack_headers
from storage.queries import load

_SQL = load("journal")

Identity = tuple[UUID, str, str]
"""(stream, source, id): what makes two records the same event (design rule 1, one identity)."""

Place = tuple[int, int, int]
"""Epoch, partition and log index in the journal."""


@dataclass(frozen=True, slots=True)
class RecordedPosition:
    """The end of recording in a partition; `law` is the digest in force in it."""

    next_index: int
    next_offset: int
    frontier: Frontier
    law: str | None
    #: The newest fold that has written to this database.
    newest_fold: int = 0


@dataclass(frozen=True, slots=True)
class JournalRow:
    """One journal record as the table keeps it; times are aware, UTC."""

    epoch: int
    partition: int
    log_index: int
    stream: UUID
    source: str
    event_id: str
    event_leaf: bytes
    log_leaf: bytes
    value: bytes
    headers: tuple[Header, ...]
    appended_at: datetime

    @property
    def identity(self) -> Identity:
        return (self.stream, self.source, self.event_id)

    @property
    def place(self) -> Place:
        return (self.epoch, self.partition, self.log_index)


@dataclass(frozen=True, slots=True)
class EventRow:
    """The first journaled copy of an identity."""

    stream: UUID
    source: str
    id: str
    type: str
    author: str
    sector: str
    recipients: Sequence[str]
    legal_at: datetime
    recorded_at: datetime
    sequence: int | None
    event_leaf: bytes
    epoch: int
    partition: int
    log_index: int


@dataclass(frozen=True, slots=True)
class CopyRow:
    """A further journaled copy of an identity; `same`: it has the same event leaf."""

    epoch: int
    partition: int
    log_index: int
    stream: UUID
    source: str
    id: str
    recipients: Sequence[str]
    same: bool


async def current_epoch(db: Handle) -> int:
    return int(await db.fetchval(_SQL["epoch"]))


async def open_position(connection: Connection, epoch: int, partition: int) -> None:
    await connection.execute(_SQL["open_position"], epoch, partition)


async def lock_position(connection: Connection, epoch: int, partition: int) -> RecordedPosition:
    """Take the fence's row lock until the transaction ends."""
    row = sole(await connection.fetchrow(_SQL["lock_position"], epoch, partition))
    frontier = Frontier.from_bytes(row["frontier"])
    return RecordedPosition(
        row["next_index"], row["next_offset"], frontier, row["law"], row["fold_version"]
    )


async def next_offsets(
    connection: Connection, epoch: int, partitions: Iterable[int]
) -> dict[int, int]:
    """For each partition, the offset up to which everything is recorded; without a lock."""
    rows = await connection.fetch(_SQL["next_offsets"], epoch, list(partitions))
    return {row["partition"]: row["next_offset"] for row in rows}


async def end_blockers(connection: Connection, backend: int, application: str) -> None:
    """End the application's sessions that hold locks for which the backend waits."""
    await connection.execute(_SQL["end_blockers"], backend, application)


async def advance_position(
    connection: Connection, epoch: int, partition: int, position: RecordedPosition
) -> None:
    await connection.execute(
        _SQL["advance_position"],
        epoch,
        partition,
        position.next_index,
        position.next_offset,
        position.frontier.to_bytes(),
        position.law,
    )


async def stored_leaves(
    connection: Connection, epoch: int, partition: int, first: int, last: int
) -> dict[int, bytes]:
    """The log leaves at indexes first to last, both included."""
    rows = await connection.fetch(_SQL["stored_leaves"], epoch, partition, first, last)
    return {row["log_index"]: row["log_leaf"] for row in rows}


async def append(connection: Connection, rows: Iterable[JournalRow]) -> None:
    await _copy(
        connection,
        "journal",
        JournalRow,
        (
            (
                row.epoch,
                row.partition,
                row.log_index,
                row.stream,
                row.source,
                row.event_id,
                row.event_leaf,
                row.log_leaf,
                row.value,
                pack_headers(row.headers),
                row.appended_at,
            )
            for row in rows
        ),
    )


async def known_events(
    connection: Connection, identities: Sequence[Identity]
) -> dict[Identity, bytes]:
    """The event leaf of each identity that is already recorded."""
    if not identities:
        return {}
    rows = await connection.fetch(_SQL["known_events"], *map(list, zip(*identities, strict=True)))
    return {(row["stream"], row["source"], row["id"]): row["event_leaf"] for row in rows}


async def add_events(connection: Connection, rows: Iterable[EventRow]) -> None:
    await _copy(connection, "event", EventRow, map(_values, rows))


async def add_copies(connection: Connection, rows: Sequence[CopyRow]) -> None:
    """Keep further copies; recipients of an event are the union over its equal copies."""
    if not rows:
        return
    await _copy(connection, "event_copy", CopyRow, map(_values, rows))
    widening = [(r.stream, r.source, r.id, r.recipients) for r in rows if r.same and r.recipients]
    if widening:
        await connection.executemany(_SQL["widen_recipients"], widening)


async def replace_parties(connection: Connection, parties: dict[UUID, tuple[str, ...]]) -> None:
    """Replace the agencies with a part in these streams."""
    if not parties:
        return
    await connection.execute(_SQL["drop_parties"], sorted(parties))
    await add_parties(
        connection, {(agency, stream) for stream, names in parties.items() for agency in names}
    )


async def add_parties(connection: Connection, parties: set[tuple[str, UUID]]) -> None:
    """Remember (agency, stream) for access; sorted so that two writers cannot deadlock."""
    ordered = sorted(parties)
    if ordered:
        await connection.execute(_SQL["add_parties"], *map(list, zip(*ordered, strict=True)))


def _values(row: Any) -> tuple[Any, ...]:
    return tuple(getattr(row, name) for name in row.__slots__)


async def _copy(
    connection: Connection, table: str, shape: Any, records: Iterable[tuple[Any, ...]]
) -> None:
    await connection.copy_records_to_table(
        table, schema_name="derived", columns=list(shape.__slots__), records=records
    )
