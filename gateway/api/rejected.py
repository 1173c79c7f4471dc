"""退回: what admission rejected, with the reason; the bytes are kept.

In full what the caller signed. What others may have written under its name is counted (ADR 46).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import Field

from gateway import paging
from gateway.api.shapes import CASE, EVENT, SOURCE, Next, Shape
from gateway.context import Database
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.serving import ServedRoute
from storage import reads

router = APIRouter(route_class=ServedRoute, prefix="/v1/rejected", tags=["rejected"])


class Rejected(Shape):
    """A rejected record as far as it could be read; `late` ones had been journaled before."""

    source: str | None = Field(examples=[SOURCE])
    id: str | None = Field(examples=[EVENT])
    subject: str | None = Field(examples=[CASE])
    reason: str = Field(examples=["bad_signature"])
    detail: str
    late: bool
    bytes: int | None
    at: datetime


class Unverified(Shape):
    """What bears the caller's name and no signature of its: by door and reason, of the latest."""

    door: str = Field(examples=["events.police"])
    reason: str = Field(examples=["bad_signature"])
    count: int
    first_at: datetime
    last_at: datetime
    leaves: list[str] = Field(description="Event leaves of the last of them, where there is one.")


class RejectedPage(Shape):
    items: list[Rejected]
    unverified: list[Unverified] = Field(description="On the first page; empty on others.")
    next: Next


@router.get("", responses=documented("unauthenticated", "malformed_cursor", "database_unavailable"))
async def rejected(
    agency: Caller, database: Database, cursor: paging.Cursor = None, limit: paging.Limit = 50
) -> RejectedPage:
    """Rejected records, the last first. Reasons are explained in docs/reason-codes.md."""
    after = None if cursor is None else _place(paging.decode(cursor))
    rows = await reads.rejected(database, agency, after=after, limit=limit + 1)
    last = rows[limit - 1] if len(rows) > limit else None
    place = last and [last["rejected_at"].isoformat(), last["partition"], last["kafka_offset"]]
    others = await reads.unverified(database, agency) if cursor is None else []
    return RejectedPage(
        items=[_rejected(row) for row in rows[:limit]],
        unverified=[Unverified(**{**row, "leaves": row["leaves"] or []}) for row in others],
        next=place and paging.encode(place),
    )


def _rejected(row: Any) -> Rejected:
    return Rejected(
        source=row["source"],
        id=row["event_id"],
        subject=row["subject"],
        reason=row["reason"],
        detail=row["detail"],
        late=row["late"],
        bytes=row["bytes"],
        at=row["rejected_at"],
    )


def _place(place: Any) -> tuple[datetime, int, int]:
    match place:
        case [str() as moment, int() as partition, int() as offset]:
            try:
                return datetime.fromisoformat(moment), partition, offset
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
