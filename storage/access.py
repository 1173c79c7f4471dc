"""The access log: who looked at which case, and who was refused."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from storage.handles import Handle, WriteHandle
from storage.queries import load

_SQL = load("access")
_PATIENCE = 5.0


@dataclass(frozen=True, slots=True)
class Looked:
    """One request for a case, an event or an inbox; `status` is the HTTP answer."""

    at: datetime
    agency: str
    method: str
    route: str
    stream: UUID | None
    source: str | None
    event_id: str | None
    status: int
    #: Pseudonym of the officer at the console, and the reason for looking at masked content.
    officer: str | None = None
    reason: str | None = None
    #: The grant under which an operator was shown the content of the case.
    break_glass: int | None = None


async def note(db: WriteHandle, rows: Sequence[Looked]) -> None:
    """Write the rows, all or none. For few rows at once, COPY takes twice as long."""
    records = [tuple(getattr(row, name) for name in Looked.__slots__) for row in rows]
    await db.executemany(_SQL["note"], records, timeout=_PATIENCE)


class NotedLook(NamedTuple):
    """A look at a case, as the access log has it."""

    at: datetime
    agency: str
    method: str
    route: str
    status: int
    officer: str | None
    reason: str | None
    break_glass: int | None
    break_glass_reason: str | None


class FirstLook(NamedTuple):
    """When an agency was shown something first."""

    agency: str
    at: datetime


async def accesses(db: Handle, stream: UUID, *, limit: int) -> list[NotedLook]:
    """The looks at a case, the last first."""
    rows = await db.fetch(_SQL["accesses"], stream, limit, timeout=_PATIENCE)
    return [NotedLook(**row) for row in rows]


async def readers(
    db: Handle,
    stream: UUID,
    events: Collection[tuple[str, str]],
    *,
    since: datetime,
    until: datetime,
) -> list[FirstLook]:
    """The agencies that were shown one of these events, alone or with its case, and when."""
    columns = map(list, zip(*events, strict=True))
    asked = (stream, *columns, since, until)
    rows = await db.fetch(_SQL["readers"], *asked, timeout=_PATIENCE)
    return [FirstLook(**row) for row in rows]


async def streams_of(
    db: Handle, asked: Collection[tuple[str, str]]
) -> dict[tuple[str, str], list[UUID]]:
    """The streams that hold an event of this (source, id), or a work item of ("", key)."""
    columns = map(list, zip(*sorted(asked), strict=True))
    found: dict[tuple[str, str], list[UUID]] = {}
    for row in await db.fetch(_SQL["streams_of"], *columns, timeout=_PATIENCE):
        found.setdefault((row["source"], row["id"]), []).append(row["stream"])
    return found
