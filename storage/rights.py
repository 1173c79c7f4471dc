"""What the scheduler asks about rights across cases, and which cases heard of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from storage.queries import load

Connection = Any
_SQL = load("rights")
_PAGE = 500
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class SaidOfRight:
    """What stands in one case against a right."""

    stream: UUID
    number: str
    kind: str
    event_name: str
    outcome: str
    on: date
    agency: str
    citation: str
    #: The case is marked secret: nothing that is told names it.
    secret: bool
    source: str
    id: str
    #: The cases that it names itself.
    linked: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Unheard:
    """A case that is linked with one whose readers do not know it, and who of them may be asked."""

    stream: UUID
    agency: str
    holders: tuple[str, ...]


async def is_changed(connection: Connection) -> bool:
    return bool(await connection.fetchval(_SQL["is_changed"]))


async def take_changed(connection: Connection, limit: int) -> list[tuple[UUID, str]]:
    """(case that speaks, right) of which there may be news; the caller's transaction keeps it."""
    rows = await connection.fetch(_SQL["take_changed"], limit)
    return [(row["stream"], row["number"]) for row in rows]


async def said(connection: Connection, origin: UUID, number: str) -> SaidOfRight | None:
    row = await connection.fetchrow(_SQL["said"], origin, number)
    return None if row is None else SaidOfRight(**{**row, "linked": tuple(row["linked"])})


async def hearers(
    connection: Connection, origin: UUID, number: str, linked: Iterable[UUID]
) -> dict[UUID, tuple[str, ...]]:
    """The other running cases that it concerns, and who holds a role in each."""
    found: dict[UUID, tuple[str, ...]] = {}
    named, after = list(linked), _FIRST
    while True:
        rows = await connection.fetch(_SQL["hearers"], origin, number, named, after, _PAGE)
        found.update((row["stream"], tuple(row["agencies"])) for row in rows)
        if len(rows) < _PAGE:
            return found
        after = rows[-1]["stream"]


async def unheard(
    connection: Connection, origin: UUID, hearers: Iterable[UUID], kind: str, limit: int
) -> list[Unheard]:
    """Cases linked with the one that speaks that are not among its hearers."""
    rows = await connection.fetch(_SQL["unheard"], origin, list(hearers), kind, limit)
    return [Unheard(row["stream"], row["agency"], tuple(row["holders"])) for row in rows]


async def heard(connection: Connection, number: str) -> set[UUID]:
    """Cases that were told something of a right, by whichever case."""
    return {row["stream"] for row in await connection.fetch(_SQL["heard"], number)}


async def note_heard(connection: Connection, rows: Iterable[tuple[str, UUID]]) -> None:
    """(right, case that was told something of it) each."""
    ordered = sorted(set(rows))
    if ordered:
        await connection.execute(_SQL["note_heard"], *map(list, zip(*ordered, strict=True)))
