"""Grants by which an operator reads the content of a case, agreed to by another, and short."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from casebus.errors import CasebusError
from storage.handles import Connection, Handle, WriteHandle
from storage.operators import TwoPersonRule
from storage.queries import load

_SQL = load("glass")
_PATIENCE = 5.0
#: Counted from the agreement of another operator.
LASTS = timedelta(minutes=30)
#: The time after which a request without a decision is void.
LAPSE = timedelta(days=1)
_RULE = TwoPersonRule(decided="grant_decided", lapsed="grant_over", within="a day")


class CaseGrant(NamedTuple):
    """A request to read a case, and what became of it; `agreed` is None before anybody decides."""

    id: int
    stream: UUID
    asked_by: str
    asked_at: datetime
    reason: str
    agreed: bool | None
    decided_by: str | None
    decided_at: datetime | None
    ends_at: datetime | None
    is_fresh: bool
    is_live: bool
    #: How often the case was read under it.
    looks: int


async def ask(db: Handle, stream: UUID, by: str, reason: str) -> int:
    """The grant's number; raises CasebusError `not_found` if there is no such case."""
    if not await db.fetchval(_SQL["is_there"], stream, timeout=_PATIENCE):
        raise CasebusError("not_found", "no case has this id")
    number: int = await db.fetchval(_SQL["ask"], stream, by, reason, timeout=_PATIENCE)
    return number


async def grants(db: Handle, number: int | None = None, limit: int = 100) -> list[CaseGrant]:
    """The last one first."""
    rows = await db.fetch(_SQL["grants"], number, LAPSE, limit, timeout=_PATIENCE)
    return [CaseGrant(**row) for row in rows]


async def one(db: Handle, number: int) -> CaseGrant:
    """Raises CasebusError `not_found`."""
    rows = await grants(db, number)
    if not rows:
        raise CasebusError("not_found", f"there is no grant {number}")
    return rows[0]


async def decide(connection: Connection, number: int, by: str, *, agreed: bool) -> None:
    """Give it or refuse it, in a transaction; raises CasebusError."""
    await connection.execute(_SQL["lock"])
    row = await one(connection, number)
    _RULE.check(by, agreed=agreed, asked_by=row.asked_by, before=row.agreed, is_fresh=row.is_fresh)
    await connection.execute(_SQL["decide"], number, agreed, by, LASTS)


async def end(db: WriteHandle, number: int) -> None:
    """End it before its time; any caller may that notices it is no longer needed."""
    await db.execute(_SQL["end"], number)
