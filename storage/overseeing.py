"""A supervisor's questions: who is late, which transfer is missing, what has no answer.

Every query takes the agency that asks. It counts and lists only what that agency is shown of its
cases, and nothing of closed ones (ADR 0043).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from storage.handles import PoolHandle, Row
from storage.queries import load

_SQL = load("overseeing")
_PLANNED = load("searching")["planned_anew"]
_PATIENCE = 5.0
#: Used in place of a moment: the law sets no day.
NEVER = datetime(9999, 12, 31, tzinfo=UTC)

Place = tuple[datetime, UUID, str]
"""Where a page ended: (moment, case, agency)."""


@dataclass(frozen=True, slots=True)
class Watched:
    """The agency under supervision and its supervisor. None means any."""

    viewer: str
    #: True if the viewer sees findings and duties in cases in which it holds no role.
    figures: bool
    agency: str | None = None
    #: The agencies of a division.
    agencies: Sequence[str] | None = None


class OwedCounts(NamedTuple):
    """Cases of an agency and a clock; of all its clocks, or of all agencies, where these are None.

    `overdue` since the first due date of them, due `soon`, and done too `late`.
    """

    agency: str | None
    clock: str | None
    overdue: int
    since: datetime | None
    soon: int
    late: int


class BreachCounts(NamedTuple):
    """`missed`: periods that ran out in the days asked for. `standing`: those without an act."""

    agency: str
    clock: str
    missed: int
    standing: int
    since: datetime | None


async def owed(db: PoolHandle, watched: Watched, now: datetime, soon: datetime) -> list[OwedCounts]:
    """Counts of cases by agency and clock, then by agency, then in total."""
    agencies = None if watched.agencies is None else list(watched.agencies)
    rows = await _fetch(db, "owed", watched.viewer, now, soon, watched.agency, agencies)
    return [OwedCounts(**row) for row in rows]


async def omissions(db: PoolHandle, watched: Watched, after: Place | None, limit: int) -> list[Row]:
    """Cases whose transfer is owed but missing, the longest owed first."""
    return await _fetch(db, "omissions", *_asked(watched, after), limit)


async def unanswered(
    db: PoolHandle, watched: Watched, duties: Sequence[str], after: Place | None, limit: int
) -> list[Row]:
    """Cases that came back to an agency whose `duties` are still open, the first due first."""
    return await _fetch(db, "unanswered", *_asked(watched, after), limit, list(duties))


async def breached(
    db: PoolHandle, viewer: str, as_of: datetime, since: date, until: date
) -> list[BreachCounts]:
    """By agency and clock: periods that ran out in these days, and those without an act by then."""
    rows = await _fetch(db, "breached", viewer, as_of, since, until)
    return [BreachCounts(**row) for row in rows]


def _asked(watched: Watched, after: Place | None) -> tuple[Any, ...]:
    agencies = None if watched.agencies is None else list(watched.agencies)
    who = (watched.viewer, watched.figures, watched.agency, agencies)
    return (*who, *(after or (None, None, None)))


async def _fetch(db: PoolHandle, name: str, *values: Any) -> list[Row]:
    async with db.acquire(timeout=_PATIENCE) as connection, connection.transaction(readonly=True):
        await connection.execute(_PLANNED)
        rows: list[Row] = await connection.fetch(_SQL[name], *values, timeout=_PATIENCE)
        return rows
