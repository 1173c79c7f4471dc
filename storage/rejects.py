"""Rejects of admission and records that wait inside: an operator sees all, an agency its own.

`agency` is the agency that asks for its own: among records with its name it gets those that its key
signed (ADR 46). It is None for an operator.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from storage.handles import Handle, Row, sole
from storage.queries import load

_SQL = load("rejects")
_PATIENCE = 5.0
#: The days of rejects that the status counts.
RECENT = timedelta(days=7)
#: After this time a redrive without a decision is void.
LAPSE = timedelta(days=7)


class RejectedPlace(NamedTuple):
    """The place of a rejected record; written `2-17`."""

    partition: int
    offset: int

    @classmethod
    def parse(cls, text: str) -> RejectedPlace:
        """Raises ValueError."""
        partition, dash, offset = text.partition("-")
        if not (dash and partition.isascii() and partition.isdigit()):
            raise ValueError(text)
        if not (offset.isascii() and offset.isdigit() and len(text) <= _LONGEST_PLACE):
            raise ValueError(text)
        place = cls(int(partition), int(offset))
        if place.partition >= 1 << 31 or place.offset >= 1 << 63:
            raise ValueError(text)
        return place

    def __str__(self) -> str:
        return f"{self.partition}-{self.offset}"


_LONGEST_PLACE = 24


@dataclass(frozen=True, slots=True)
class RejectFilter:
    """Selects rejected records: only those that nothing has mended yet, or all."""

    reason: str | None = None
    door: str | None = None
    #: The agency whose name they have.
    source: str | None = None
    all: bool = False

    def row(self) -> tuple[str | None, str | None, str | None, bool]:
        return self.reason, self.door, self.source, self.all


class RejectedListing(NamedTuple):
    """A rejected record without its bytes; `leaf` is its event leaf."""

    partition: int
    kafka_offset: int
    rejected_at: datetime
    door: str
    reason: str
    detail: str
    agency: str | None
    source: str | None
    event_id: str | None
    subject: str | None
    verified: bool
    late: bool
    leaf: str | None
    bytes: int | None
    journaled: bool


@dataclass(frozen=True, slots=True)
class RejectGroup:
    """Rejects for one reason at one door; `agencies` are the first five whose name they bear."""

    reason: str
    door: str
    count: int
    first_at: datetime
    last_at: datetime
    signed: int
    agencies: list[str] | None


class SuspendedCase(NamedTuple):
    """A case whose fold failed."""

    stream: UUID
    error: str
    updated_at: datetime
    opener: str | None
    agencies: list[str] | None


class LeftOutAuthor(NamedTuple):
    """An author whose room in a case is used up."""

    stream: UUID
    author: str
    events: int
    first_id: str | None


async def listed(
    db: Handle,
    agency: str | None,
    wanted: RejectFilter,
    *,
    after: tuple[datetime, int, int] | None,
    limit: int,
) -> list[RejectedListing]:
    """Rejected records, the last first."""
    place = after or (None, None, None)
    rows = await _fetch(db, "listed", agency, *wanted.row(), *place, limit)
    return [RejectedListing(**row) for row in rows]


async def grouped(db: Handle, agency: str | None, wanted: RejectFilter) -> list[RejectGroup]:
    """The numbers of the last ones, by reason and door."""
    return [RejectGroup(**row) for row in await _fetch(db, "grouped", agency, *wanted.row())]


async def one(db: Handle, agency: str | None, place: RejectedPlace) -> Row | None:
    """All its columns, its bytes too."""
    return await db.fetchrow(_SQL["one"], *place, agency, timeout=_PATIENCE)


async def by_event(db: Handle, agency: str | None, event_id: str) -> RejectedPlace | None:
    """The last rejection of the event of this id."""
    row = await db.fetchrow(_SQL["by_event"], event_id, agency, timeout=_PATIENCE)
    return None if row is None else RejectedPlace(*row)


async def suspended(db: Handle, agency: str | None, limit: int) -> list[SuspendedCase]:
    return [SuspendedCase(**row) for row in await _fetch(db, "suspended", agency, limit)]


async def left_out(db: Handle, agency: str | None, limit: int) -> list[LeftOutAuthor]:
    return [LeftOutAuthor(**row) for row in await _fetch(db, "left_out", agency, limit)]


@dataclass(frozen=True, slots=True)
class RejectCounts:
    """Records for a person to look at: rejects of the last days that nothing has mended."""

    rejected: int
    undecided: int
    suspended: int

    def in_words(self) -> str:
        return (
            f"{self.rejected:,} rejected in {RECENT.days} days and not mended, "
            f"{self.undecided:,} redrives for a second person, {self.suspended:,} cases suspended"
        )


async def figures(db: Handle) -> RejectCounts:
    row = sole(await db.fetchrow(_SQL["figures"], RECENT, LAPSE, timeout=_PATIENCE))
    return RejectCounts(**row)


async def _fetch(db: Handle, name: str, *arguments: Any) -> list[Row]:
    return list(await db.fetch(_SQL[name], *arguments, timeout=_PATIENCE))
