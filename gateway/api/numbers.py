"""文号: finding a case by a number that some agency gave it (案号, 移送书文号)."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import Field

from casebus.events.numbers import canonical_number
from gateway import bodies, redaction
from gateway.api.shapes import CASE, Shape
from gateway.context import Context, Database
from gateway.identity.caller import Reader
from gateway.problems import documented
from gateway.serving import ServedRoute
from storage import reads

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


@router.get("/{value:segment}", responses=documented("unauthenticated", "database_unavailable"))
async def cases_by_number(
    value: str, agency: Reader, gateway: Context, database: Database
) -> Numbered:
    """The caller's cases with this number, however its brackets, widths and spaces are typed."""
    viewer = bodies.participant(gateway, agency)
    rows = await reads.numbers(
        database,
        agency,
        canonical_number(value),
        figures=redaction.sees_figures(viewer, gateway.access),
    )
    return Numbered(
        items=[
            NumberedCase(
                case=str(row["stream"]),
                status=row["status"],
                procedure=row["procedure"],
                kind=row["kind"],
                value=row["value"],
                agency=row["agency"],
            )
            for row in rows
        ]
    )
