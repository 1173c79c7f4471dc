"""Searches that officers keep under a name, for themselves or for their whole agency."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid4

from storage.handles import Handle, WriteHandle
from storage.queries import load

_SQL = load("views")
#: The most that one officer keeps.
MOST = 50


class ViewOwner(NamedTuple):
    """The owner by its pseudonym; the operators are one agency."""

    agency: str
    officer: str


class SavedView(NamedTuple):
    id: UUID
    officer: str
    name: str
    #: In the form of the page's address.
    query: str
    shared: bool


async def seen(db: Handle, owner: ViewOwner) -> list[SavedView]:
    """An officer's own views, and those that others of the agency share."""
    return [SavedView(*row) for row in await db.fetch(_SQL["seen"], *owner)]


async def save(
    db: Handle, owner: ViewOwner, name: str, query: str, *, shared: bool, at: datetime
) -> bool:
    """Keep it, in place of one with the same name.

    False if the officer has `MOST` others already.
    """
    given = (uuid4(), *owner, name, query, shared, at, MOST)
    return await db.fetchval(_SQL["save"], *given) is not None


async def drop(db: WriteHandle, owner: ViewOwner, view: UUID) -> None:
    """Delete one of the officer's own views; another's stays."""
    await db.execute(_SQL["drop"], view, *owner)
