"""The gateway's memory: API keys, finished records before they are sent, actions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from casebus.events.envelope import Envelope, Record
from storage.handles import Handle, Row, WriteHandle
from storage.packing import pack_headers, unpack_headers
from storage.queries import load

_SQL = load("gateway")
#: Seconds after which a statement counts as a database that does not answer.
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Finished:
    """A signed record ready to produce; `digest` is that of the request it answers."""

    source: str
    event_id: str
    stream: UUID
    agency: str
    digest: bytes
    topic: str
    record: Record
    sent_at: datetime | None = None

    @classmethod
    def of(
        cls, record: Record, envelope: Envelope, *, agency: str, digest: bytes, topic: str
    ) -> Finished:
        """`envelope` is that of the record, which nobody need read again."""
        stream = UUID(envelope.subject)
        return cls(envelope.source, envelope.id, stream, agency, digest, topic, record)


async def holders_of_keys(db: Handle, digests: Sequence[bytes]) -> list[tuple[str | None, str]]:
    """The owner and the label of each key. None if it is nobody's or was revoked."""
    rows = await db.fetch(_SQL["holders_of_keys"], list(digests), timeout=_PATIENCE)
    found = {row["digest"]: (row["agency"], row["label"]) for row in rows}
    return [found.get(digest, (None, "")) for digest in digests]


async def add_key(db: WriteHandle, digest: bytes, agency: str, label: str) -> None:
    await db.execute(_SQL["add_key"], digest, agency, label, timeout=_PATIENCE)


async def revoke_keys(db: Handle, agency: str, label: str) -> int:
    """Revoke the agency's keys of this label; returns how many."""
    return len(await db.fetch(_SQL["revoke_keys"], agency, label, timeout=_PATIENCE))


async def revoke_all_keys(db: Handle, agency: str) -> int:
    """Revoke the agency's keys, whatever their label; returns how many."""
    return len(await db.fetch(_SQL["revoke_all_keys"], agency, timeout=_PATIENCE))


async def store(db: WriteHandle, finished: Finished) -> Finished:
    """Keep a record, or return the one kept before under the same source and id."""
    await db.execute(
        _SQL["store_submission"],
        finished.source,
        finished.event_id,
        finished.stream,
        finished.agency,
        finished.digest,
        finished.topic,
        finished.record.value,
        pack_headers(finished.record.headers),
        finished.sent_at,
        timeout=_PATIENCE,
    )
    kept = await stored(db, finished.source, finished.event_id)
    return kept or finished


async def store_at_once(db: Handle, records: Sequence[Finished]) -> list[bool | None]:
    """Keep these in one statement.

    For each: True if it is the next of its author to be sent in its stream. None if it was not
    kept, because its identity is already here or in the journal.
    """
    columns = zip(*map(_columns, records), strict=True)
    rows = await db.fetch(_SQL["store_at_once"], *map(list, columns), timeout=_PATIENCE)
    found = {(row["source"], row["event_id"]): bool(row["is_next"]) for row in rows}
    # A record that was asked for twice at once was kept for the first one only.
    return [found.pop((one.source, one.event_id), None) for one in records]


def _columns(one: Finished) -> tuple[Any, ...]:
    packed = pack_headers(one.record.headers)
    place = (one.source, one.event_id, one.stream, one.agency)
    return (*place, one.digest, one.topic, one.record.value, packed)


async def stored(db: Handle, source: str, event_id: str) -> Finished | None:
    row = await db.fetchrow(_SQL["stored_submission"], source, event_id, timeout=_PATIENCE)
    if row is None:
        return None
    return _finished(source, event_id, row)


async def unsent_before(db: Handle, finished: Finished) -> list[Finished]:
    """Its author's earlier submissions in the stream that are still here, then itself if it is."""
    asked = (finished.source, finished.event_id, finished.stream)
    rows = await db.fetch(_SQL["unsent_before"], *asked, timeout=_PATIENCE)
    return [_finished(row["source"], row["event_id"], row) for row in rows]


def _finished(source: str, event_id: str, row: Row) -> Finished:
    stream: UUID = row["stream"]
    record = Record(str(stream).encode(), row["value"], unpack_headers(row["headers"]))
    about = (row["agency"], row["digest"], row["topic"])
    return Finished(source, event_id, stream, *about, record, row["sent_at"])


async def mark_sent(db: WriteHandle, *records: Finished) -> None:
    columns = [one.source for one in records], [one.event_id for one in records]
    await db.execute(_SQL["mark_sent"], *columns, timeout=_PATIENCE)


async def hand_to_relay(db: WriteHandle, finished: Finished) -> None:
    """Leave it to the relay, after its author's earlier submissions in the stream.

    It then waits for nobody else's sender: a record that comes twice is the same record.
    """
    identity = (finished.source, finished.event_id)
    await db.execute(_SQL["hand_to_relay"], *identity, timeout=_PATIENCE)


async def mark_refused(db: WriteHandle, finished: Finished, reason: str) -> None:
    """Mark it: no broker takes it. Nobody waits for it any more, and its author is told."""
    identity = (finished.source, finished.event_id)
    await db.execute(_SQL["mark_refused"], *identity, reason, timeout=_PATIENCE)


@dataclass(frozen=True, slots=True)
class PendingAction:
    """The one action under way on a version of a work item."""

    work_item: str
    version: int
    digest: bytes
    source: str
    event_id: str


async def reserve(db: Handle, action: PendingAction, lifetime: timedelta) -> PendingAction:
    """Take the place, or return the action that holds it."""
    while True:
        taken = await db.fetchval(
            _SQL["reserve_action"],
            action.work_item,
            action.version,
            action.digest,
            action.source,
            action.event_id,
            lifetime,
            timeout=_PATIENCE,
        )
        if taken is not None:
            return action
        # Released between the two statements: the place is free, so try again.
        if (held := await pending(db, action.work_item, action.version)) is not None:
            return held


async def pending(db: Handle, work_item: str, version: int) -> PendingAction | None:
    """The action that holds a version of an item, expired or not."""
    row = await db.fetchrow(_SQL["pending_action"], work_item, version, timeout=_PATIENCE)
    return None if row is None else PendingAction(work_item, version, *row.values())


async def forget_actions(db: WriteHandle) -> None:
    """Delete the places that expired a day ago: no retry asks for them any more."""
    await db.execute(_SQL["forget_actions"], timeout=_PATIENCE)


async def release(db: WriteHandle, action: PendingAction) -> None:
    await db.execute(
        _SQL["release_action"], action.work_item, action.version, action.event_id, timeout=_PATIENCE
    )
