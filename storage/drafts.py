"""Drafts of officers that are not sent, and the officers who look at an item at this moment."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from storage.handles import Handle, WriteHandle
from storage.queries import load

_SQL = load("drafts")
#: How often an open page reports itself; after two missed reports it counts as closed.
PRESENT_SECONDS = 15

#: The time that a draft stays after its item was closed.
KEPT = timedelta(days=30)

Fields = Sequence[tuple[str, str]]
"""A form's names and values, as they were typed."""


class DraftKey(NamedTuple):
    """The owner of a draft, its action and its item."""

    agency: str
    item: str
    action: str
    officer: str


class SavedForm(NamedTuple):
    """`version` is the version of the item that the officer read."""

    version: int
    fields: list[list[str]]
    saved_at: datetime


async def save(
    db: WriteHandle, place: DraftKey, version: int, fields: Fields, at: datetime
) -> None:
    await db.execute(_SQL["save"], *place, version, [list(pair) for pair in fields], at)


async def one(db: Handle, place: DraftKey) -> SavedForm | None:
    row = await db.fetchrow(_SQL["one"], *place)
    return None if row is None else SavedForm(*row)


async def begun(db: Handle, agency: str, item: str, officer: str) -> set[str]:
    """The actions of an item on which the officer has a draft."""
    return {row["action"] for row in await db.fetch(_SQL["begun"], agency, item, officer)}


async def drop(db: WriteHandle, place: DraftKey) -> None:
    await db.execute(_SQL["drop"], *place)


async def prune(db: WriteHandle, now: datetime) -> None:
    """Delete old drafts of closed items."""
    await db.execute(_SQL["prune"], now - KEPT)


async def present(db: WriteHandle, agency: str, item: str, officer: str) -> list[str]:
    """Note that an officer looks at an item; returns the others who do."""
    await db.execute(_SQL["seen"], agency, item, officer)
    await db.execute(_SQL["forget"], 2.0 * PRESENT_SECONDS)
    rows = await db.fetch(_SQL["others"], agency, item, officer, 2.0 * PRESENT_SECONDS)
    return [row["officer"] for row in rows]
