"""The cases behind a number of the statistics, for the caller's own figures, as it sees them."""

from __future__ import annotations

from datetime import UTC, date
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field

from gateway.api.cases import CaseSummary, summaries
from gateway.figures import answers, rules
from gateway.figures.query import FigureQuery
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import Moment, Next, Shape
from gateway.web import paging
from storage.statistics import CellQuery

router = APIRouter(route_class=ServedRoute, prefix="/v1/stats", tags=["statistics"])
_MOST = 200
_DIVISION = "^([0-9]{6})?$"


class FigureRow(BaseModel):
    """A row of an answer of `/v1/stats`: its value for each dimension; empty means none stated."""

    month: str | None = Field(None, max_length=7, examples=["2026-03"])
    division: str | None = Field(None, pattern=_DIVISION)
    city: str | None = Field(None, pattern=_DIVISION)
    province: str | None = Field(None, pattern=_DIVISION)
    agency: str | None = Field(None, max_length=64, description="Author of what is counted.")
    sector: str | None = Field(None, max_length=64)
    offence: str | None = Field(None, max_length=64)
    right: str | None = Field(None, max_length=64)
    value_of: str | None = Field(None, max_length=_MOST, description="Of steps: the clock.")

    def cell(self) -> dict[str, str]:
        return {
            name.removesuffix("_of"): value
            for name, value in self.model_dump(exclude_none=True).items()
        }


class CountedCases(Shape):
    items: list[CaseSummary]
    next: Next
    total: int = Field(description="How many cases there are, on all pages.")


@router.get(
    "/cases",
    responses=documented(
        "unauthenticated", "unknown_indicator", "malformed_cursor", "database_unavailable"
    ),
)
async def cases(
    *,
    agency: Caller,
    gateway: Context,
    database: Database,
    row: Annotated[FigureRow, Query()],
    indicator: Annotated[
        str, Query(max_length=100, description="Which one; without it none is known.")
    ] = "",
    part: Annotated[
        Literal["all", "met", "unmet", "late"],
        Query(description="All that were counted, those that were followed, not, or overdue."),
    ] = "all",
    as_of: Annotated[Moment | None, Query(description="Recorded time; now by default.")] = None,
    since: Annotated[date | None, Query(alias="from", description="First legal day.")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last legal day.")] = None,
    cursor: paging.Cursor = None,
    limit: paging.Limit = 50,
) -> CountedCases:
    """The cases of one cell of the caller's own figures, the last first."""
    known = await rules.rules(gateway.settings.policies_dir)
    moment = as_of or gateway.now().replace(microsecond=0)
    asked = FigureQuery(
        (indicator,), (), moment.astimezone(UTC), since, until, shared=False, division=""
    )
    cell = CellQuery(row.cell(), part, _after(cursor), limit + 1)
    rows = await answers.cases_of(database, agency, known, asked, cell)
    last = rows[limit - 1] if len(rows) > limit else None
    return CountedCases(
        items=await summaries(gateway, database, agency, rows[:limit]),
        next=last and paging.encode([last["counted_on"].isoformat(), str(last["stream"])]),
        total=rows[0]["total"] if rows else 0,
    )


def _after(cursor: str | None) -> tuple[date, UUID] | None:
    if cursor is None:
        return None
    place: Any = paging.decode(cursor)
    match place:
        case [str() as day, str() as stream]:
            try:
                return date.fromisoformat(day), UUID(stream)
            except ValueError:
                raise paging.malformed() from None
    raise paging.malformed()
