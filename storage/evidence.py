"""Statements about hand-overs, and the rejects of admission."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from storage.handles import Connection
from storage.packing import pack_headers
from storage.queries import load

_SQL = load("evidence")


async def add_checkpoints(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """(epoch, partition, first offset, last offset, said epoch, partition, index, at) for each."""
    if rows:
        await connection.executemany(_SQL["add_checkpoints"], rows)


async def add_hand_overs(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """(stream, source, id, agency, step, unit, epoch, partition, log index, at) for each."""
    if rows:
        await connection.executemany(_SQL["add_hand_overs"], rows)


async def note_recalls(
    connection: Connection, stream: UUID, rows: Sequence[tuple[str, str, str, str]]
) -> None:
    """(source, id, source and id of its recall) for each, if no row has it yet."""
    await connection.execute(_SQL["note_recalls"], stream, *map(list, zip(*rows, strict=True)))


async def rejected_offset(connection: Connection, partition: int) -> int:
    """The next offset of `rejected` to record, locked until the transaction ends."""
    return await connection.fetchval(_SQL["rejected_position"], partition) or 0


async def advance_rejected(connection: Connection, partition: int, next_offset: int) -> None:
    await connection.execute(_SQL["advance_rejected"], partition, next_offset)


async def add_rejected(connection: Connection, rows: Sequence[tuple[Any, ...]]) -> None:
    """Rows in the table's form, with unpacked headers."""
    packed = [(*row[:11], pack_headers(row[11]), *row[12:]) for row in rows]
    if packed:
        await connection.execute(_SQL["add_rejected"], *map(list, zip(*packed, strict=True)))
