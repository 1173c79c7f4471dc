"""中止: cases and partitions that wait inside the bus, the reason, and the remedy.

Nothing is lost.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from fastapi import APIRouter
from pydantic import Field

from gateway.identity.caller import Asker
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import CASE, SOURCE, Shape
from gateway.web import paging
from storage import rejects, stalling
from storage.rejects import LeftOutAuthor, SuspendedCase
from storage.stalling import Stalled

router = APIRouter(route_class=ServedRoute, prefix="/v1/suspended", tags=["rejected"])

_ENDS = {
    "fold": "A release that can derive the case: then it is by itself. Its events are kept.",
    "room": "Nothing has to end it: what came before counts. Another case, or a wider room in "
    "policies/limits.yaml for what comes after.",
    "law": "The law bundle: restore it, or casebus law adopt its files, or casebus law void the "
    "adoption. Then the partition goes on by itself.",
}


class Suspended(Shape):
    """`fold`: underivable. `room`: its author's is used up. `law`: a bundle is missing."""

    kind: Literal["fold", "room", "law"]
    case: str | None = Field(default=None, examples=[CASE])
    partition: int | None = Field(default=None, description="Of `law`: all cases in it wait.")
    agency: str | None = Field(
        default=None,
        examples=[SOURCE],
        description="Who opened the case; for `room`, the author with the room.",
    )
    since: datetime | None = None
    why: str
    ends: str = Field(description="What ends it.")


class SuspendedList(Shape):
    items: list[Suspended]


@router.get("", responses=documented("unauthenticated", "database_unavailable"))
async def suspended(
    asker: Asker, gateway: Context, database: Database, limit: paging.Limit = 100
) -> SuspendedList:
    """The first of each kind: an operator is shown all, an agency its own cases and partitions."""
    pool = await gateway.database()
    folds = await rejects.suspended(database, asker.agency, limit)
    rooms = await rejects.left_out(database, asker.agency, limit)
    waiting = await stalling.stalled(pool)
    found = [*map(_law, waiting), *map(_fold, folds), *map(_room, rooms)]
    return SuspendedList(items=found)


def _fold(row: SuspendedCase) -> Suspended:
    why = f"its events could not be derived ({row.error})"
    return _made("fold", why, case=str(row.stream), agency=row.opener, since=row.updated_at)


def _room(row: LeftOutAuthor) -> Suspended:
    why = f"{row.events:,} events are kept and left out, from {row.first_id} on"
    return _made("room", why, case=str(row.stream), agency=row.author)


def _law(one: Stalled) -> Suspended:
    return _made("law", one.in_words(), partition=one.partition, since=one.since)


def _made(kind: Literal["fold", "room", "law"], why: str, **about: Any) -> Suspended:
    return Suspended(kind=kind, why=why, ends=_ENDS[kind], **about)
