"""Repeated sequence numbers: they reveal two systems under one name."""

from __future__ import annotations

from datetime import datetime

from fastapi import APIRouter
from pydantic import Field

from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Database
from gateway.shapes import CASE, EVENT, SOURCE, Shape
from storage import reads

router = APIRouter(route_class=ServedRoute, prefix="/v1/sequences", tags=["sequences"])
_MOST = 1000


class Repeated(Shape):
    """The first number of a case that a source gave twice, and the count of such numbers."""

    source: str = Field(examples=[SOURCE])
    case: str = Field(examples=[CASE])
    sequence: int
    id: str = Field(examples=[EVENT])
    times: int
    at: datetime


class RepeatedNumbers(Shape):
    """The first thousand, by when they came."""

    items: list[Repeated]


@router.get("/repeated", responses=documented("unauthenticated", "database_unavailable"))
async def repeated(agency: Caller, database: Database) -> RepeatedNumbers:
    """Numbers that systems of the caller gave to two events of one case.

    The cause is two systems under one name, or a local store that was deleted or copied. Nothing is
    lost.
    """
    rows = await reads.repeated_numbers(database, agency, _MOST)
    return RepeatedNumbers(
        items=[
            Repeated(
                source=row.source,
                case=str(row.stream),
                sequence=row.sequence,
                id=row.id,
                times=row.times,
                at=row.recorded_at,
            )
            for row in rows
        ]
    )
