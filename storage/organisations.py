"""The scheduler's questions about organisations across cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from storage.across import ChangeNotes, Untold, pages, untold
from storage.handles import Connection
from storage.queries import load

_SQL = load("organisations")
#: The organisations about which something was journaled, by code and family of acts.
CHANGED = ChangeNotes("changed_organisation", ("uscc", "family"))


@dataclass(frozen=True, slots=True)
class AskingCase:
    """A case that may still owe a transfer for acts of the organisation."""

    stream: UUID
    agency: str
    first_on: date
    last_on: date
    #: The event with the figures in question.
    source: str
    id: str
    #: The agencies that read the answer.
    readers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrganisationQuery:
    """The question of one case: the organisation, and the first day that counts."""

    uscc: str
    family: str
    asker: AskingCase
    since: date
    acts_since: date

    @property
    def about(self) -> str:
        return f"{self.uscc} {self.family}"


@dataclass(frozen=True, slots=True)
class Punishment:
    stream: UUID
    offence: str
    kind: str
    decided_on: date
    number: str
    source: str
    id: str


@dataclass(frozen=True, slots=True)
class OtherAct:
    """Figures of another case, by the names of `casebus.law.figures.Figures`; money in fen."""

    stream: UUID
    first_on: date
    last_on: date
    source: str
    id: str
    figures: dict[str, Any]


async def askers(connection: Connection, uscc: str, family: str) -> AsyncIterator[list[AskingCase]]:
    """Every case that asks about an organisation, page by page."""
    async for rows in pages(connection, _SQL["askers"], uscc, family):
        yield [AskingCase(**{**row, "readers": tuple(row["readers"])}) for row in rows]


async def punished(
    connection: Connection, asked: OrganisationQuery, limit: int
) -> list[Punishment]:
    """Punishments that all readers of the asking case may know, newest first."""
    one = asked.asker
    rows = await connection.fetch(
        _SQL["punished"],
        *(asked.uscc, asked.family, one.stream, asked.since, one.last_on),
        list(one.readers),
        limit,
    )
    return [Punishment(*row) for row in rows]


async def unpunished(
    connection: Connection, asked: OrganisationQuery, limit: int
) -> list[OtherAct]:
    """Unpunished acts that all readers of the asking case may know, newest first."""
    one = asked.asker
    rows = await connection.fetch(
        _SQL["unpunished"],
        *(asked.uscc, asked.family, one.stream, asked.acts_since),
        list(one.readers),
        limit,
    )
    return [OtherAct(*row) for row in rows]


async def withheld(
    connection: Connection, asked: OrganisationQuery, kind: str, *, acts: bool, limit: int
) -> list[Untold]:
    """Secret cases that would have something to tell, and about which nobody was asked before."""
    one = asked.asker
    return await untold(
        connection,
        _SQL["withheld"],
        *(asked.uscc, asked.family, one.stream, asked.since, one.last_on, asked.acts_since, acts),
        *(one.agency, list(one.readers)),
        kind=kind,
        word=asked.about,
        limit=limit,
    )
