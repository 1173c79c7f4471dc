"""The scheduler's statements in the journal. Its counters are read there, not remembered."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from storage.handles import Connection, Row
from storage.packing import unpack_headers
from storage.queries import load
from storage.scheduling import Stretch

_SQL = load("said")


@dataclass(frozen=True, slots=True)
class SaidStatement:
    """One statement, read."""

    stream: UUID
    id: str
    type: str
    causation: tuple[str, ...]
    data: dict[str, Any]


async def words_in(
    connection: Connection,
    streams: Iterable[UUID],
    source: str,
    types: Iterable[str],
    schemas: Schemas,
) -> dict[UUID, list[SaidStatement]]:
    """A bus source's statements in these cases, journaled or on their way.

    One for each identity.
    """
    rows = await connection.fetch(_SQL["said_in"], list(streams), source, list(types))
    found: dict[UUID, list[SaidStatement]] = {}
    for row in rows:
        found.setdefault(row["stream"], []).append(_word(row, schemas))
    return found


async def words_since(
    connection: Connection, stretch: Stretch, source: str, schemas: Schemas
) -> list[SaidStatement]:
    """Its statements in a stretch of the journal, copies included."""
    where = (stretch.epoch, stretch.partition, stretch.first, stretch.until)
    rows = await connection.fetch(_SQL["said_since"], *where, source)
    return [_word(row, schemas) for row in rows]


def _word(row: Row, schemas: Schemas) -> SaidStatement:
    envelope = Envelope.from_headers(unpack_headers(row["headers"]))
    return SaidStatement(
        row["stream"],
        envelope.id,
        envelope.type,
        envelope.causationid,
        schemas.decode(row["value"])[1],
    )
