"""文号: finding a case by a number that some agency gave it (案号, 移送书文号)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from casebus.events.limits import MOST_NUMBERS_AT_ONCE
from casebus.events.numbers import canonical_number
from gateway.access import redaction
from gateway.cases import bodies
from gateway.identity.caller import Reader
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import CASE, Shape
from storage import reads
from storage.handles import Handle

router = APIRouter(route_class=ServedRoute, prefix="/v1/numbers", tags=["numbers"])


class NumberedCase(Shape):
    case: str = Field(examples=[CASE])
    status: str | None = Field(examples=["filed"])
    procedure: str | None = Field(examples=["referral"])
    kind: str = Field(examples=["letter_no"])
    value: str = Field(examples=["杭西市监移(2026)7号"])
    agency: str = Field(examples=["cn-330106-amr"])


class Numbered(Shape):
    items: list[NumberedCase]


_RESPONSES = documented("unauthenticated", "database_unavailable")


@router.get("", responses=_RESPONSES)
async def cases_by_numbers(
    value: Annotated[list[str], Query(min_length=1, max_length=MOST_NUMBERS_AT_ONCE)],
    agency: Reader,
    gateway: Context,
    database: Database,
) -> Numbered:
    """The caller's cases with any of these numbers: one question for many rows of a file."""
    return await _numbered(value, agency, gateway, database)


@router.get("/{value:segment}", responses=_RESPONSES)
async def cases_by_number(
    value: str, agency: Reader, gateway: Context, database: Database
) -> Numbered:
    """The caller's cases with this number, however its brackets, widths and spaces are typed."""
    return await _numbered([value], agency, gateway, database)


async def _numbered(
    values: Sequence[str], agency: str, gateway: Gateway, database: Handle
) -> Numbered:
    viewer = bodies.participant(gateway, agency)
    rows = await reads.numbers(
        database,
        agency,
        [canonical_number(one) for one in values],
        figures=redaction.sees_figures(viewer, gateway.access),
    )
    return Numbered(
        items=[
            NumberedCase(
                case=str(row.stream),
                status=row.status,
                procedure=row.procedure,
                kind=row.kind,
                value=row.value,
                agency=row.agency,
            )
            for row in rows
        ]
    )
