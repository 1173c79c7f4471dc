"""The progress of owed statements. It is kept with the outbox, so both are of the same day.

After a restore, the database sends its owed statements from there on, and no fewer (ADR 48).
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from storage.handles import Connection
from storage.queries import load

_SQL = load("speaking")


async def spoken(connection: Connection, epoch: int, partition: int) -> int:
    """The first log index whose statements were not sent yet."""
    return await connection.fetchval(_SQL["spoken"], epoch, partition) or 0


async def note_spoken(connection: Connection, epoch: int, partition: int, next_index: int) -> None:
    await connection.execute(_SQL["note_spoken"], epoch, partition, next_index)


async def is_even(connection: Connection) -> bool:
    """True if the statements of every record were sent, and none of a lost record."""
    return bool(await connection.fetchval(_SQL["is_even"]))


async def cases_among(
    connection: Connection, epoch: int, partition: int, first: int, until: int
) -> set[UUID]:
    """Cases with a record at log indexes [first, until) and no event behind them."""
    rows = await connection.fetch(_SQL["cases_among"], epoch, partition, first, until)
    return {row["stream"] for row in rows}


async def received(connection: Connection, topic: str, partitions: Iterable[int]) -> dict[int, int]:
    """For each partition of an inbox with receipts, the offset up to which receipts were sent."""
    rows = await connection.fetch(_SQL["received"], topic, list(partitions))
    return {row["partition"]: row["next_offset"] for row in rows}


async def note_received(
    connection: Connection, topic: str, partition: int, next_offset: int
) -> None:
    await connection.execute(_SQL["note_received"], topic, partition, next_offset)
