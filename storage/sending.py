"""Stored signed records that still have to reach the brokers, and the streams that wait for them.

Three shelves hold such records: the outbox, the gateway's submissions, and rejected records to be
sent again. The scheduler's relay empties all. Nothing is told of a stream's clocks while a record
of it lies there.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from casebus.events.envelope import Header
from casebus.events.kept import as_it_came
from storage.handles import Connection, Handle, Row, WriteHandle, sole
from storage.packing import unpack_headers
from storage.queries import load

_SQL = load("sending")

#: A refused record is tried again after this: its topic may exist then, or its limit be raised.
AGAIN = timedelta(minutes=10)
#: An unsent record of this age is a fault, because its writer and the relay both had their time.
OVERDUE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class Shelf:
    """A place where finished records wait; `grace` is the time that their author's sender has."""

    name: str
    grace: timedelta


OUTBOX = Shelf("outbox", timedelta(0))
#: The gateway gives up after ten seconds. Earlier, the relay would send at the same time. Records
#: that the gateway left are sent at once.
SUBMISSIONS = Shelf("submission", timedelta(seconds=12))
#: Rejected records whose turn has come, with the bytes that were kept.
REDRIVEN = Shelf("redriven", timedelta(0))
SHELVES = (OUTBOX, SUBMISSIONS, REDRIVEN)


@dataclass(frozen=True, slots=True)
class Unsent:
    """A waiting record; `headers` are finished and signed."""

    id: int
    topic: str
    stream: UUID
    value: bytes | None
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class WaitingCount:
    """The number of waiting records, their age, and the number that no broker takes."""

    outbox_unsent: int = 0
    outbox_oldest_seconds: float = 0.0
    submissions_unsent: int = 0
    submissions_oldest_seconds: float = 0.0
    records_refused: int = 0

    def in_words(self) -> str:
        handed_in = f"{self.submissions_unsent:,} handed in, {self.outbox_unsent:,} in the outbox"
        oldest = max(self.outbox_oldest_seconds, self.submissions_oldest_seconds)
        return f"{handed_in}, the oldest for {oldest:.0f} s; {self.records_refused:,} refused"

    @property
    def is_overdue(self) -> bool:
        """True if a person must look: a record was refused, or waits longer than it may."""
        oldest = max(self.outbox_oldest_seconds, self.submissions_oldest_seconds)
        return self.records_refused > 0 or oldest > OVERDUE.total_seconds()


async def unsent(
    connection: Connection, shelf: Shelf, held: Iterable[str], limit: int, after: int = 0
) -> list[Unsent]:
    """The first committed rows after one, in row order, without those for the topics `held`."""
    query = _SQL[f"unsent_{shelf.name}"]
    rows = await connection.fetch(query, list(held), limit, shelf.grace, AGAIN, after)
    return [
        Unsent(row["id"], row["topic"], row["stream"], row["value"], _headers(shelf, row))
        for row in rows
    ]


def _headers(shelf: Shelf, row: Row) -> tuple[Header, ...]:
    kept = unpack_headers(row["headers"])
    return as_it_came(kept) if shelf is REDRIVEN else kept


async def settle_redriven(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Mark records as needless that the journal holds by now; returns their ids."""
    return {row["id"] for row in await connection.fetch(_SQL["settle_redriven"], list(ids))}


async def settle(connection: Connection, ids: Sequence[int]) -> set[int]:
    """Take from the journal the records that it has of these outbox rows; returns their ids."""
    return {row["id"] for row in await connection.fetch(_SQL["settle_outbox"], list(ids))}


async def mark_sent(db: WriteHandle, shelf: Shelf, ids: Sequence[int]) -> None:
    await db.execute(_SQL[f"mark_sent_{shelf.name}"], list(ids))


async def mark_refused(
    connection: Connection, shelf: Shelf, ids: Sequence[int], reason: str
) -> None:
    await connection.execute(_SQL[f"mark_refused_{shelf.name}"], list(ids), reason)


async def give_up(
    connection: Connection, shelf: Shelf, topic: str, reason: str, after: timedelta
) -> None:
    """Mark records that waited too long for a topic: they hold nobody up any more."""
    await connection.execute(_SQL[f"give_up_{shelf.name}"], topic, reason, after)


async def waiting(db: Handle) -> WaitingCount:
    return WaitingCount(**sole(await db.fetchrow(_SQL["waiting"])))


async def unsent_count(connection: Connection) -> int:
    """How many records of the outbox wait, those apart that no broker takes."""
    return int(await connection.fetchval(_SQL["unsent_count"]))


class OverdueRecord(NamedTuple):
    """A record that is refused, or waits longer than it may."""

    stream: UUID
    source: str
    event_id: str
    topic: str
    created_at: datetime
    refused: str | None


async def unsent_since(connection: Connection, limit: int) -> list[OverdueRecord]:
    """The oldest first."""
    rows = await connection.fetch(_SQL["unsent_since"], OVERDUE, limit)
    return [OverdueRecord(**row) for row in rows]


async def database_time(db: Handle) -> datetime:
    """The clock that also gives the time of sending."""
    moment: datetime = await db.fetchval(_SQL["database_time"])
    return moment


async def anything_on_its_way(db: Handle, before: datetime) -> bool:
    """True if something stored before that moment that may move a clock is not sent yet."""
    return bool(await db.fetchval(_SQL["anything_on_its_way"], before))


async def awaited_among(connection: Connection, streams: Iterable[UUID]) -> set[UUID]:
    """The streams for which an agency's record is already stored here and not yet recorded."""
    rows = await connection.fetch(_SQL["awaited_among"], list(streams))
    return {row["stream"] for row in rows}


async def hold_clock(db: WriteHandle, stream: UUID, key: str, kind: str) -> None:
    await db.execute(_SQL["hold_clock"], stream, key, kind)


async def let_go(connection: Connection, stream: UUID, key: str, kind: str) -> None:
    await connection.execute(_SQL["let_go"], stream, key, kind)
