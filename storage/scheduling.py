"""The scheduler's questions to the database, and its notes there."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from casebus.events.envelope import Header
from storage.handles import Connection, Handle, WriteHandle
from storage.heartbeats import BeatDetail
from storage.packing import unpack_headers
from storage.queries import load

_SQL = load("scheduling")

#: The channel on which a commit that filled the outbox calls the relay.
OUTBOX_CHANNEL = "casebus_outbox"
#: The advisory lock of the one leading scheduler.
LEADER_LOCK = 0x63617365_6C656164


#: The kinds of statements about a clock.
BREACHED = "breached"
LAPSED = "lapsed"
WARNED = "warned"
#: The statement that a finding has waited long enough.
FOUND = "found"


@dataclass(frozen=True, slots=True)
class DueItem:
    """A running clock with a past moment, or a finding that has waited long enough."""

    stream: UUID
    key: str
    #: BREACHED, LAPSED, WARNED or FOUND.
    kind: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Stretch:
    """Log indexes [first, until) of one partition that a question has not read."""

    epoch: int
    partition: int
    first: int
    until: int


@dataclass(frozen=True, slots=True)
class Reused:
    """An event whose (source, id) is in an earlier stream too."""

    source: str
    id: str
    stream: UUID


@dataclass(frozen=True, slots=True)
class Unopened:
    """A stream without an opening event, and the agencies that wrote in it."""

    stream: UUID
    authors: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """A stream that was told as unopened and has an opener now."""

    stream: UUID
    #: The finding.raised to withdraw, and its headers.
    event_id: str
    headers: tuple[Header, ...]


@dataclass(frozen=True, slots=True)
class NotSent:
    """An agency's record that is stored here and that no broker takes."""

    stream: UUID
    source: str
    id: str
    #: `too_large`, `topic_unknown` or `topic_denied`.
    reason: str


@dataclass(frozen=True, slots=True)
class SentAfterAll:
    """Such a record that has been sent since, and the finding to withdraw."""

    stream: UUID
    source: str
    id: str
    event_id: str
    headers: tuple[Header, ...]


async def lead(connection: Connection) -> None:
    """Wait until this session is the leading scheduler's; it is until the session ends."""
    await connection.execute("select pg_advisory_lock($1)", LEADER_LOCK)


async def due_clocks(db: Handle, now: datetime, limit: int) -> list[DueItem]:
    """Clocks with something to tell by `now` that has not been told.

    Historic clocks have none. A stream's clocks have none while a record of it waits to be sent.
    """
    rows = await db.fetch(_SQL["due_clocks"], now, limit)
    return [DueItem(row["stream"], row["key"], row["kind"], row["at"]) for row in rows]


async def next_due(db: Handle, now: datetime) -> datetime | None:
    """The next moment after `now` at which there can be something to tell about a running clock."""
    moment: datetime | None = await db.fetchval(_SQL["next_due"], now)
    return moment


async def tellable(connection: Connection, due: DueItem, since: datetime) -> dict[str, Any] | None:
    """Lock the case; return the clock's view if there is something to tell with the same moment.

    Nothing while a record of its stream is unsent, or if one was sent only after the barrier began
    at `since` (the database's time): that record is not behind the barrier.
    """
    await connection.fetchval(_SQL["lock_case"], due.stream)
    if await connection.fetchval(_SQL["awaited"], due.stream, since):
        return None
    view: dict[str, Any] | None = await connection.fetchval(
        _SQL["tellable_clock"], due.stream, due.key, due.kind, due.at
    )
    return view


async def due_findings(db: Handle, now: datetime, limit: int) -> list[DueItem]:
    """Findings whose time has passed by `now` and that nobody was told."""
    rows = await db.fetch(_SQL["due_findings"], now, limit)
    return [DueItem(row["stream"], row["key"], row["kind"], row["at"]) for row in rows]


class TellableFinding(NamedTuple):
    """A finding's view, and the numbers of its case that its author may be told."""

    view: dict[str, Any]
    numbers: list[dict[str, Any]]


async def tellable_finding(
    connection: Connection, due: DueItem, since: datetime
) -> TellableFinding | None:
    """As `tellable`: what there is to tell, if the finding still stands untold."""
    await connection.fetchval(_SQL["lock_case"], due.stream)
    if await connection.fetchval(_SQL["awaited"], due.stream, since):
        return None
    row = await connection.fetchrow(_SQL["tellable_finding"], due.stream, due.key, due.at)
    return None if row is None else TellableFinding(**row)


async def note_said(connection: Connection, due: DueItem, revision: int, event_id: str) -> None:
    """`revision` is the number of earlier statements about the clock, withdrawn ones included."""
    await connection.execute(_SQL["note_said"], due.stream, due.key, due.kind, revision, event_id)


async def journal_offsets(db: Handle, partitions: Iterable[int]) -> dict[int, int]:
    """Per partition, the journal offset up to which casework has recorded everything."""
    rows = await db.fetch(_SQL["journal_offsets"], list(partitions))
    return {row["partition"]: row["next_offset"] for row in rows}


async def unread(db: Handle, question: str, most: int) -> list[Stretch]:
    """The part of the journal that a question has not read, `most` records for each partition."""
    rows = await db.fetch(_SQL["reading_places"], question, most)
    return [Stretch(*row) for row in rows]


async def note_reading(connection: Connection, question: str, stretch: Stretch) -> None:
    await connection.execute(
        _SQL["note_reading"], question, stretch.epoch, stretch.partition, stretch.until
    )


async def reused_ids(connection: Connection, stretch: Stretch) -> list[Reused]:
    """Events with an identity of this stretch in another stream, except in the first stream."""
    rows = await connection.fetch(
        _SQL["reused_ids"], stretch.epoch, stretch.partition, stretch.first, stretch.until
    )
    return [Reused(*row) for row in rows]


async def unopened(db: Handle, before: datetime, limit: int) -> list[Unopened]:
    """Streams first recorded by `before` that nobody has opened or been told about."""
    rows = await db.fetch(_SQL["unopened"], before, limit)
    return [Unopened(row["stream"], tuple(row["authors"])) for row in rows]


async def opened_since(connection: Connection, limit: int) -> list[Opened]:
    """Streams told as unopened that have been opened meanwhile."""
    rows = await connection.fetch(_SQL["opened_since"], limit)
    return [Opened(row["stream"], row["event_id"], unpack_headers(row["headers"])) for row in rows]


async def note_finding(
    connection: Connection, stream: UUID, kind: str, about: tuple[str, str], event_id: str
) -> None:
    """`about` is the (source, id) of the event the finding is about, or two empty texts."""
    await connection.execute(_SQL["note_finding"], stream, kind, *about, event_id)


async def note_withdrawal(
    connection: Connection, stream: UUID, kind: str, about: tuple[str, str] = ("", "")
) -> None:
    await connection.execute(_SQL["note_withdrawal"], stream, kind, *about)


async def not_sent(connection: Connection, limit: int) -> list[NotSent]:
    """Agencies' records that no broker takes and that nobody was told of."""
    return [NotSent(*row) for row in await connection.fetch(_SQL["not_sent"], limit)]


async def sent_after_all(connection: Connection, limit: int) -> list[SentAfterAll]:
    """Records told as refused that have been sent since."""
    rows = await connection.fetch(_SQL["sent_after_all"], limit)
    return [
        SentAfterAll(
            row["stream"],
            row["source"],
            row["id"],
            row["event_id"],
            unpack_headers(row["headers"]),
        )
        for row in rows
    ]


async def directory_copied(db: Handle) -> int:
    """How many of the directory's entries were sent to the front door."""
    return await db.fetchval(_SQL["directory_copied"]) or 0


async def note_directory_copy(db: WriteHandle, next_offset: int) -> None:
    await db.execute(_SQL["note_directory_copy"], next_offset)


async def beat(db: WriteHandle, service: str, detail: BeatDetail) -> None:
    """Say that a service lives; `own.heartbeat.at` is the database's clock."""
    await db.execute(_SQL["beat"], service, detail.to_json())


async def last_beat(db: Handle, service: str) -> BeatDetail:
    """What a service said last of itself; nothing where it never lived."""
    return BeatDetail.from_json(await db.fetchval(_SQL["last_beat"], service) or {})


class PartitionProgress(NamedTuple):
    """A service's progress in one partition; `oldest` is the seconds that a record has waited."""

    service: str
    topic: str
    partition: int
    done: int
    ends: int
    rate: float
    oldest: float


async def note_places(db: WriteHandle, progress: Sequence[PartitionProgress]) -> None:
    """Note the progress of each; an unchanged row is not written."""
    columns = [list(column) for column in zip(*progress, strict=True)] or [[] for _ in range(7)]
    await db.execute(_SQL["note_places"], *columns)
