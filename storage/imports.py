"""Closings of imports, and the findings about their events."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from storage.handles import Connection, Handle, sole
from storage.queries import load

_SQL = load("imports")


@dataclass(frozen=True, slots=True)
class Closing:
    """An `import.closed` by the agency that opened the import; `stream` is the import's id."""

    stream: UUID
    source: str
    id: str
    author: str


@dataclass(frozen=True, slots=True)
class DeviationCount:
    """The findings of one kind, with a few of their events, the first by recorded position."""

    kind: str
    reason: str
    event_name: str
    count: int
    examples: list[dict[str, str]]


async def closed(db: Handle, limit: int) -> list[Closing]:
    """Closings without a summary."""
    return [Closing(*row) for row in await db.fetch(_SQL["closed"], limit)]


async def totals(connection: Connection, closing: Closing) -> tuple[int, int]:
    """The numbers of cases and events of the import that have findings."""
    row = sole(await connection.fetchrow(_SQL["totals"], str(closing.stream), closing.author))
    return int(row["cases"]), int(row["events"])


async def counted(connection: Connection, closing: Closing) -> list[DeviationCount]:
    """The most frequent first."""
    asked = (str(closing.stream), closing.author)
    return [DeviationCount(*row) for row in await connection.fetch(_SQL["counted"], *asked)]


async def note(connection: Connection, closing: Closing, event_id: str) -> None:
    """Remember that a closing has its summary."""
    await connection.execute(_SQL["note"], closing.stream, closing.source, closing.id, event_id)
