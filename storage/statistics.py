"""Figures from the event log.

Every read takes two times: the moment up to which recorded events count (`as_of`), and the legal
dates that count (`since` to `until`, both included).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, NamedTuple
from uuid import UUID

from casebus.statistics.steps import TimedStep
from storage.handles import Handle, PoolHandle, Row
from storage.queries import load

_SQL = load("statistics")
#: Seconds; figures of a whole province take longer than one case.
_PATIENCE = 30.0
BEGINNING, END = date(1, 1, 1), date(9999, 12, 31)


@dataclass(frozen=True, slots=True)
class CountedTypes:
    """The counted events: types by name (`referral.sent`), and conditions on their bodies."""

    types: Sequence[str]
    where: dict[str, list[str]]
    #: `case`: the first such event of each case; `event`: each.
    unit: str
    followed_by: Sequence[str]
    followed_where: dict[str, list[str]]
    within_days: int | None
    #: `other_city`, `other_province`: conditions on the recipients.
    sent_to: str | None
    value: str
    amount: str


@dataclass(frozen=True, slots=True)
class FigureFrame:
    """The question for figures: whose, for which time, by which dimensions."""

    as_of: datetime
    since: date
    until: date
    by: Sequence[str]
    #: Only events that this agency sent or was sent; None for all.
    agency: str | None
    #: Restricted cases count by type and month only.
    shared: bool
    #: Leading digits of division codes; empty for all.
    division: str
    #: Leave restricted cases out completely.
    open_only: bool
    #: Later steps must have happened by this day.
    followed_until: date = END


async def figures(db: PoolHandle, counted: CountedTypes, frame: FigureFrame) -> list[Row]:
    """Groups by the dimensions, and a last row over all of them (`is_total`)."""
    return await _fetch(db, _SQL["counted"] + _SQL["figures"], *_of_counted(counted, frame))


def _of_counted(counted: CountedTypes, frame: FigureFrame) -> tuple[Any, ...]:
    return (
        list(counted.types),
        counted.where,
        frame.as_of,
        frame.since,
        frame.until,
        counted.unit,
        list(counted.followed_by),
        counted.within_days,
        counted.sent_to,
        frame.agency,
        list(frame.by),
        counted.value,
        counted.amount,
        frame.shared,
        counted.followed_where,
        frame.division,
        frame.followed_until,
        frame.open_only,
    )


async def steps(db: PoolHandle, timed: Sequence[TimedStep], frame: FigureFrame) -> list[Row]:
    """Groups by clock (`value`) and the dimensions: triggers, acts in answer, days, overdue."""
    return await _fetch(db, _SQL["timed"] + _SQL["steps"], *_of_steps(timed, frame))


def _of_steps(timed: Sequence[TimedStep], frame: FigureFrame) -> tuple[Any, ...]:
    starts = [(one, event, False) for one in timed for event in one.starts]
    starts += [(one, event, True) for one in timed for event in one.ensures]
    stops = [(one.clock, event) for one in timed for event in one.stops]
    return (
        [one.clock for one, _, _ in starts],
        [event for _, event, _ in starts],
        [one.when for one, _, _ in starts],
        [one.unless for one, _, _ in starts],
        [clock for clock, _ in stops],
        [event for _, event in stops],
        frame.as_of,
        frame.since,
        frame.until,
        frame.agency,
        list(frame.by),
        frame.shared,
        frame.division,
        [ensured for _, _, ensured in starts],
    )


@dataclass(frozen=True, slots=True)
class CellQuery:
    """A number in a table: the values of its row for each dimension, and which cases count."""

    #: Dimension -> value, empty if nothing is stated; None for the total.
    row: dict[str, str]
    part: Literal["all", "met", "unmet", "late"]
    #: The place at which the page before ended: (day, case).
    after: tuple[date, UUID] | None
    limit: int


async def cases(
    db: PoolHandle, counted: CountedTypes | Sequence[TimedStep], frame: FigureFrame, cell: CellQuery
) -> list[Row]:
    """The cases of one cell of the agency's own figures, the last first; `total` counts all."""
    if isinstance(counted, CountedTypes):
        name, values = "counted", _of_counted(counted, frame)
    else:
        name, values = "timed", _of_steps(counted, frame)
    more = (cell.row, cell.part, frame.agency, *(cell.after or (None, None)), cell.limit)
    places = (f"${len(values) + at}" for at in range(1, len(more) + 1))
    names = ("cell", "part", "viewer", "day", "stream", "limit")
    listed = _SQL["listed"].format(**dict(zip(names, places, strict=True)))
    return await _fetch(db, _SQL[name] + listed, *values, *more)


class AgencySeat(NamedTuple):
    """Where an agency sits, and its name."""

    division: str
    sector: str
    level: str | None
    name: str


async def home(db: Handle, agency: str, as_of: datetime) -> AgencySeat | None:
    """Where it sat at that moment."""
    row = await db.fetchrow(_SQL["home"], agency, as_of, timeout=_PATIENCE)
    return None if row is None else AgencySeat(**row)


async def _fetch(db: PoolHandle, query: str, *arguments: Any) -> list[Row]:
    """Run a query over sets: one plan, and no compilation, which takes longer."""
    async with db.acquire(timeout=_PATIENCE) as connection, connection.transaction(readonly=True):
        await connection.execute(_SQL["over_sets"])
        found: list[Row] = await connection.fetch(query, *arguments, timeout=_PATIENCE)
        return found
