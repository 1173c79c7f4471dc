"""Traits of matters, and the cases that share some, for comparison."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from casebus.cases.matching import Profile
from casebus.events.limits import LONGEST_NUMBER
from storage.handles import Connection, Handle
from storage.queries import load

_SQL = load("matching")
#: Traits that find a case; a title or an address alone would find too many.
_FINDING = ("codes", "rights", "shops", "names")
#: Cases compared with one.
_MOST = 200
_PATIENCE = 5.0

Trait = tuple[str, str, UUID]
"""(kind, value, stream); a kind is a field of Profile."""


def traits_of(stream: UUID, profile: Profile) -> set[Trait]:
    return {
        (kind, value, stream)
        for kind in Profile.__slots__
        for value in getattr(profile, kind)
        if len(value) <= LONGEST_NUMBER
    }


async def add_traits(connection: Connection, traits: set[Trait]) -> None:
    if traits:
        columns = map(list, zip(*sorted(traits), strict=True))
        await connection.execute(_SQL["add_traits"], *columns)


async def drop_traits(connection: Connection, traits: set[Trait]) -> None:
    if traits:
        columns = map(list, zip(*sorted(traits), strict=True))
        await connection.execute(_SQL["drop_traits"], *columns)


async def profiles(db: Handle, streams: Iterable[UUID]) -> dict[UUID, Profile]:
    found: dict[UUID, dict[str, set[str]]] = {}
    for row in await db.fetch(_SQL["traits"], list(streams), timeout=_PATIENCE):
        found.setdefault(row["stream"], {}).setdefault(row["kind"], set()).add(row["value"])
    return {
        stream: Profile(**{kind: frozenset(values) for kind, values in kinds.items()})
        for stream, kinds in found.items()
    }


async def candidates(db: Handle, stream: UUID, agency: str = "") -> list[UUID]:
    """Cases that share an organisation code, a right, a shop or a name with this one.

    Among secret cases only those that the agency may know, so that the others take no room.
    """
    asked = (stream, list(_FINDING), _MOST, agency)
    found = await db.fetch(_SQL["candidates"], *asked, timeout=_PATIENCE)
    return [row["stream"] for row in found]


class MatchedCase(NamedTuple):
    """A case as a match shows it; `own`: the agency has a part in it."""

    stream: UUID
    opener: str | None
    opened_at: datetime | None
    procedure: str | None
    status: str
    own: bool


async def shown_to(db: Handle, agency: str, streams: Iterable[UUID]) -> list[MatchedCase]:
    """Those of the cases that the agency may know of."""
    rows = await db.fetch(_SQL["shown_to"], agency, list(streams), timeout=_PATIENCE)
    return [MatchedCase(**row) for row in rows]
