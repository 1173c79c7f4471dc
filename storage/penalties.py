"""Published penalties: those on the bus, and the questions about those that it lacks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from casebus.cases.listed import PenaltyKey, known_of
from storage.handles import Connection, Handle, Row
from storage.queries import load
from storage.scheduling import Stretch

_SQL = load("penalties")


class Sought(NamedTuple):
    """A penalty that somebody asks about."""

    asker: str
    office: str
    known: PenaltyKey


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """A question about a penalty that was not found yet."""

    stream: UUID
    sought: Sought


async def entered(
    db: Handle, sought: Sequence[Sought], penalties: Iterable[str]
) -> dict[int, UUID]:
    """By place in `sought`, the case of it; of secret ones as the asker may know.

    `penalties` are the events by which a penalty without a number is recognised.
    """
    columns: list[list[Any]] = [
        list(range(len(sought))),
        [one.asker for one in sought],
        [one.office for one in sought],
        [one.known.number for one in sought],
        [one.known.day for one in sought],
        [one.known.party for one in sought],
    ]
    rows = await db.fetch(_SQL["entered"], *columns, list(penalties))
    return {row["place"]: row["stream"] for row in reversed(rows)}


async def standing(db: Handle, asker: str, streams: Iterable[UUID]) -> dict[UUID, str]:
    """The states of the asker's questions in these streams, if they exist."""
    rows = await db.fetch(_SQL["standing"], asker, list(streams))
    return {row["stream"]: row["status"] for row in rows}


async def is_asked(db: Handle) -> bool:
    """True if anybody ever asked."""
    return bool(await db.fetchval(_SQL["is_asked"]))


async def touched(connection: Connection, stretch: Stretch) -> list[UUID]:
    """The streams with records in a stretch of the journal."""
    where = (stretch.epoch, stretch.partition, stretch.first, stretch.until)
    return [row["stream"] for row in await connection.fetch(_SQL["touched"], *where)]


async def open_about(
    connection: Connection, streams: Iterable[UUID], penalties: Iterable[str]
) -> list[OpenQuestion]:
    """Questions among these streams, and those that these streams may answer."""
    rows = await connection.fetch(_SQL["open_about"], list(streams), list(penalties))
    return [
        OpenQuestion(row["stream"], Sought(row["asker"], row["office"], known))
        for row in rows
        if row["office"] and (known := known_of(row["office"], row["value"])) is not None
    ]


async def questions(
    db: Handle,
    asker: str,
    *,
    status: str | None,
    office: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    place = after or (None, None)
    return await db.fetch(_SQL["questions"], asker, status, office, *place, limit)


class AlikeItem(NamedTuple):
    """An open work item of an office, and who asks there."""

    key: str
    asker: str


class OfficeQuestions(NamedTuple):
    """How an agency's questions to one office stand; `overdue` are some of the open ones."""

    office: str | None
    asked: int
    open: int
    overdue: int
    explained: int
    entered: int
    withdrawn: int
    median_days: float | None
    oldest_open_days: Decimal | None


async def alike(db: Handle, office: str, key: str) -> list[AlikeItem]:
    """The office's other open items about the same penalty."""
    return [AlikeItem(**row) for row in await db.fetch(_SQL["alike"], office, key)]


async def offices(db: Handle, asker: str, now: datetime) -> list[OfficeQuestions]:
    return [OfficeQuestions(**row) for row in await db.fetch(_SQL["offices"], asker, now)]
