"""Statistics: the indicators of policies/statistics, from the event log, for a past moment too."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import Field
from starlette.concurrency import run_in_threadpool

from casebus.spreadsheets import XLSX
from casebus.statistics.tables import to_csv, to_xlsx
from gateway.figures import answers, rules
from gateway.figures.query import FigureQuery, parts
from gateway.identity.caller import Caller
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database
from gateway.shapes import SOURCE, Moment, Shape

router = APIRouter(route_class=ServedRoute, prefix="/v1/stats", tags=["statistics"])
CSV = "text/csv"
_MOST = 200
_REFUSALS = documented("unauthenticated", "not_shared", "unknown_indicator", "database_unavailable")


class IndicatorTable(Shape):
    """One indicator; a row has the dimensions asked for, and the last row is the total."""

    id: str = Field(examples=["transfers_filed"])
    title: str = Field(examples=["移送立案率"])
    title_en: str = Field(examples=["Transfers filed"])
    kind: str = Field(examples=["share"])
    paragraph: str = Field(examples=["（二）"], description="Of the mandate.")
    definition: str = Field(default="", description="What exactly is counted.")
    testdata: int = Field(description="How many of what is counted is marked as test data.")
    rows: list[dict[str, Any]] = Field(
        examples=[[{"month": "2026-03", "count": 20, "met": 15, "value": 0.75}]]
    )


class Statistics(Shape):
    as_of: datetime = Field(description="Only what was recorded by then counts.")
    view: Literal["own", "shared"]
    agency: str = Field(examples=[SOURCE])
    agency_name: str = Field(examples=["西湖区公安分局"])
    division: str = Field(examples=["330100"])
    by: list[str] = Field(examples=[["month"]])
    law: str = Field(description="Digest of the law whose steps are timed.")
    definitions: str = Field(description="Digest of the indicators' file.")
    indicators: list[IndicatorTable]


@router.get(
    "",
    response_model=Statistics,
    responses={
        200: {"content": {CSV: {}, XLSX: {}}},
        **_REFUSALS,
    },
)
async def stats(
    *,
    request: Request,
    agency: Caller,
    gateway: Context,
    database: Database,
    indicator: Annotated[
        list[str] | None, Query(max_length=_MOST, description="Ids; none for all.")
    ] = None,
    by: Annotated[str, Query(max_length=_MOST, description="month,division,…")] = "",
    as_of: Annotated[Moment | None, Query(description="Recorded time; now by default.")] = None,
    since: Annotated[date | None, Query(alias="from", description="First legal day.")] = None,
    until: Annotated[date | None, Query(alias="to", description="Last legal day.")] = None,
    view: Annotated[Literal["own", "shared"], Query()] = "own",
    division: Annotated[str, Query(max_length=6, description="Of a shared view.")] = "",
) -> Any:
    """Figures of events that the caller sent or was sent, or of all with small cells left out."""
    # A whole second, so that the moment in a report can be asked for again.
    moment = as_of or gateway.now().replace(microsecond=0)
    known = await rules.rules(gateway.settings.policies_dir)
    asked = FigureQuery(
        indicators=parts(indicator or ()),
        by=parts(by),
        as_of=moment.astimezone(UTC),
        since=since,
        until=until,
        shared=view == "shared",
        division=division,
    )
    found = await answers.answer(database, agency, known, asked)
    accepted = request.headers.get("accept", "")
    if CSV in accepted:
        return Response(to_csv(found), media_type=f"{CSV}; charset=utf-8")
    if XLSX in accepted:
        return Response(await run_in_threadpool(to_xlsx, found), media_type=XLSX)
    return found


class Definition(Shape):
    id: str = Field(examples=["transfers_filed"])
    title: str
    title_en: str
    kind: str
    paragraph: str
    definition: str = Field(default="", description="What exactly is counted.")


class Definitions(Shape):
    digest: str
    items: list[Definition]


@router.get("/indicators", responses=documented("unauthenticated"))
async def indicators(_: Caller, gateway: Context) -> Definitions:
    """The counted thing, with the paragraph of the mandate that asks for it."""
    known = (await rules.rules(gateway.settings.policies_dir)).indicators
    items = [
        Definition(
            id=one.id,
            title=one.title.zh,
            title_en=one.title.en,
            kind=one.kind,
            paragraph=one.paragraph,
            definition=one.definition.zh if one.definition else "",
        )
        for one in known.by_id.values()
    ]
    return Definitions(digest=known.digest, items=items)
