"""What the scheduler asks about organisations across cases, and what it answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from storage.queries import load

Connection = Any
_SQL = load("organisations")


@dataclass(frozen=True, slots=True)
class Asker:
    """A case that may still owe a transfer for acts of the organisation."""

    stream: UUID
    agency: str
    first_on: date
    last_on: date
    #: The event whose figures are asked about.
    source: str
    id: str


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
class Act:
    """Figures of another case, by the names of `casebus.law.figures.Figures`; money in fen."""

    stream: UUID
    first_on: date
    last_on: date
    source: str
    id: str
    figures: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Answer:
    """The last answer that a case was given."""

    revision: int
    digest: str
    event_id: str


async def is_changed(connection: Connection) -> bool:
    return bool(await connection.fetchval(_SQL["is_changed"]))


async def take_changed(connection: Connection, limit: int) -> list[tuple[str, str]]:
    """(code, family) of whom something was journaled since; the caller's transaction keeps it."""
    rows = await connection.fetch(_SQL["take_changed"], limit)
    return [(row["uscc"], row["family"]) for row in rows]


async def askers(connection: Connection, uscc: str, family: str, limit: int) -> list[Asker]:
    """Cases that ask about an organisation, newest acts first."""
    return [Asker(*row) for row in await connection.fetch(_SQL["askers"], uscc, family, limit)]


async def punished(connection: Connection, uscc: str, family: str, limit: int) -> list[Punishment]:
    """Newest first."""
    rows: Sequence[Any] = await connection.fetch(_SQL["punished"], uscc, family, limit)
    return [Punishment(*row) for row in rows]


async def unpunished(connection: Connection, uscc: str, family: str, limit: int) -> list[Act]:
    """Newest first."""
    return [Act(*row) for row in await connection.fetch(_SQL["unpunished"], uscc, family, limit)]


async def answers(connection: Connection, uscc: str, family: str) -> dict[UUID, Answer]:
    rows = await connection.fetch(_SQL["answers"], uscc, family)
    return {row[0]: Answer(*row[1:]) for row in rows}


async def note_answer(
    connection: Connection, stream: UUID, uscc: str, family: str, answer: Answer
) -> None:
    await connection.execute(
        _SQL["note_answer"],
        stream,
        uscc,
        family,
        answer.revision,
        answer.digest,
        answer.event_id,
    )
