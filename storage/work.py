"""Work items: an agency's, as its officers read them.

Every query takes the agency that asks and answers with its own items only.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple
from uuid import UUID

from storage.handles import Handle, Row, sole
from storage.queries import load

_SQL = dict(load("work"))
_PARTS = {name: _SQL[name] for name in ("shown", "wanted")}
_SQL |= {name: text.format(**_PARTS) for name, text in _SQL.items() if name not in _PARTS}
#: Seconds that a read may take before it counts as a database that does not answer.
_PATIENCE = 5.0


class WorkFilter(NamedTuple):
    """Conditions on an agency's work items; None means any."""

    is_open: bool | None
    stream: UUID | None = None
    #: The beginning of its key.
    key: str | None = None
    #: Pseudonym of the officer who took it.
    taken_by: str | None = None
    unit: str | None = None
    #: True: nobody has taken it.
    is_new: bool | None = None
    due_from: datetime | None = None
    due_before: datetime | None = None


Order = Literal["due", "received"]
"""By due date, the first first; or by when it was received, the last first."""


class WorkCounts(NamedTuple):
    """The numbers of open items: a unit's, one officer's, due today, overdue, taken by nobody."""

    unit: int
    mine: int
    today: int
    overdue: int
    new: int


class ItemCounts(NamedTuple):
    """How many items there are, and how many of them are open and overdue."""

    total: int
    overdue: int


async def items(
    db: Handle,
    agency: str,
    wanted: WorkFilter,
    *,
    after: tuple[datetime, str] | None,
    limit: int,
    order: Order = "due",
) -> list[Row]:
    """A page of items after a place: (due or received, key) of the last one seen."""
    values = (agency, *wanted, *(after or (None, None)), limit)
    return list(await db.fetch(_SQL[f"by_{order}"], *values, timeout=_PATIENCE))


async def count(db: Handle, agency: str, wanted: WorkFilter, now: datetime) -> ItemCounts:
    return ItemCounts(
        **sole(await db.fetchrow(_SQL["count"], agency, *wanted, now, timeout=_PATIENCE))
    )


async def standing(
    db: Handle, agency: str, who: tuple[str, str | None], now: datetime, midnight: datetime
) -> WorkCounts:
    """`who` is an officer and its unit; `midnight` ends the day in which `now` lies, in Beijing."""
    values = (agency, *who, now, midnight)
    return WorkCounts(*sole(await db.fetchrow(_SQL["standing"], *values, timeout=_PATIENCE)))


async def item(db: Handle, agency: str, key: str) -> Row | None:
    return await db.fetchrow(_SQL["item"], agency, key, timeout=_PATIENCE)
