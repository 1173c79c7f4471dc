"""The scheduler's questions about rights across cases, and the cases that heard of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from storage.across import ChangeNotes, Untold, pages, untold
from storage.handles import Connection
from storage.queries import load

_SQL = load("rights")
#: The rights with possible news, and the cases that stated them.
CHANGED = ChangeNotes("changed_right", ("stream", "number"))


@dataclass(frozen=True, slots=True)
class SaidOfRight:
    """The statement of one case against a right."""

    stream: UUID
    number: str
    kind: str
    event_name: str
    outcome: str
    on: date
    agency: str
    citation: str
    #: True if the case is marked secret: nothing that is told names it.
    secret: bool
    source: str
    id: str
    #: The cases that it names itself.
    linked: tuple[UUID, ...]


async def said(connection: Connection, origin: UUID, number: str) -> SaidOfRight | None:
    row = await connection.fetchrow(_SQL["said"], origin, number)
    return None if row is None else SaidOfRight(**{**row, "linked": tuple(row["linked"])})


async def hearers(
    connection: Connection, origin: UUID, number: str, linked: Iterable[UUID]
) -> dict[UUID, tuple[str, ...]]:
    """The other running cases that it concerns, and who holds a role in each."""
    found: dict[UUID, tuple[str, ...]] = {}
    async for rows in pages(connection, _SQL["hearers"], origin, number, list(linked)):
        found.update((row["stream"], tuple(row["agencies"])) for row in rows)
    return found


async def unheard(
    connection: Connection, origin: UUID, hearers: Iterable[UUID], kind: str, limit: int
) -> list[Untold]:
    """Cases linked with the stating one that are not among its hearers."""
    about = (origin, list(hearers))
    return await untold(connection, _SQL["unheard"], *about, kind=kind, word="", limit=limit)


async def heard(connection: Connection, number: str) -> set[UUID]:
    """Cases that were told something of a right, by any case."""
    return {row["stream"] for row in await connection.fetch(_SQL["heard"], number)}


async def note_heard(connection: Connection, rows: Iterable[tuple[str, UUID]]) -> None:
    """(right, case that was told something of it) for each."""
    ordered = sorted(set(rows))
    if ordered:
        await connection.execute(_SQL["note_heard"], *map(list, zip(*ordered, strict=True)))
