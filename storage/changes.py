"""The records since a place: the cases and agencies that they concern."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from uuid import UUID

from storage.handles import Handle
from storage.queries import load

_SQL = load("changes")
_PATIENCE = 3.0

Places = dict[int, int]
"""Partition -> index of the next record."""


async def places(db: Handle) -> Places:
    rows = await db.fetch(_SQL["places"], timeout=_PATIENCE)
    return {row["partition"]: row["next_index"] for row in rows}


async def streams(db: Handle, before: Mapping[int, int], now: Places) -> set[UUID]:
    """The cases of the records in between; none if the place went back."""
    found: set[UUID] = set()
    for partition, end in now.items():
        first = before.get(partition, 0)
        if first < end:
            rows = await db.fetch(_SQL["streams"], partition, first, end, timeout=_PATIENCE)
            found |= {row["stream"] for row in rows}
    return found


async def agencies(db: Handle, cases: Collection[UUID]) -> set[str]:
    """The agencies with a part in them, or with work to do."""
    rows = await db.fetch(_SQL["agencies"], list(cases), timeout=_PATIENCE)
    return {row["agency"] for row in rows}
