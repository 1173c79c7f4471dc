"""The outbox: finished, signed records, made in the transaction, sent by the one relay."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from casebus.events.envelope import Envelope, Header, Record
from storage.handles import Connection, WriteHandle
from storage.packing import pack_headers
from storage.queries import load

_SQL = load("outbox")


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A record that waits for the relay; (stream, source, event_id) is inserted once."""

    kind: str
    stream: UUID
    type: str
    source: str
    event_id: str
    topic: str
    value: bytes | None
    headers: tuple[Header, ...]

    @classmethod
    def of(cls, record: Record, topic: str) -> OutboxRow:
        """A signed event on its way to the front door."""
        envelope = Envelope.from_headers(record.headers)
        return cls(
            kind="event",
            stream=UUID(envelope.subject),
            type=envelope.type,
            source=envelope.source,
            event_id=envelope.id,
            topic=topic,
            value=record.value,
            headers=record.headers,
        )


async def enqueue(db: WriteHandle, rows: Sequence[OutboxRow]) -> None:
    """Insert rows in order; an existing row keeps its bytes.

    A statement that is in the journal is not sent again, whatever this table holds.
    """
    if not rows:
        return
    columns = zip(
        *(
            (
                r.kind,
                r.stream,
                r.type,
                r.source,
                r.event_id,
                r.topic,
                r.value,
                pack_headers(r.headers),
            )
            for r in rows
        ),
        strict=True,
    )
    await db.execute(_SQL["enqueue"], *map(list, columns))


async def enqueued(connection: Connection, identities: Sequence[tuple[UUID, str, str]]) -> set[str]:
    """Event ids among the identities that are already in the outbox or in the journal."""
    if not identities:
        return set()
    columns = map(list, zip(*identities, strict=True))
    return {row["event_id"] for row in await connection.fetch(_SQL["enqueued"], *columns)}
