"""统计: one indicator as a table, at any past moment; small cells stand as they leave the API."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BeforeValidator

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from gateway.api import stats
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current
from gateway.context import Context, Database

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)


def _unsaid(text: object) -> object:
    """A form sends the field that nobody filled in, as empty."""
    return text or None


By = Literal["month", "division", "agency", "none"]


@router.get("/figures")
async def figures(
    *,
    request: Request,
    visitor: Current,
    gateway: Context,
    database: Database,
    indicator: Annotated[str, Query(max_length=100)] = "",
    by: By = "month",
    as_of: Annotated[dt.date | None, BeforeValidator(_unsaid), Query()] = None,
    view: Literal["own", "shared"] = "own",
) -> Response:
    if visitor.agency is None:
        raise CasebusError("role_needed", "an operator sees no statistics")
    known = await stats.indicators(visitor.agency, gateway)
    chosen = indicator or known.items[0].id
    found = await stats.stats(
        request=request,
        agency=visitor.agency,
        gateway=gateway,
        database=database,
        indicator=[chosen],
        by="" if by == "none" else by,
        as_of=None if as_of is None else _end_of(as_of),
        since=None,
        until=None,
        view=view,
        division="",
    )
    return page(
        request,
        "figures.html",
        visitor,
        known=known,
        chosen=chosen,
        by=by,
        view=view,
        as_of=as_of,
        found=stats.Statistics.model_validate(found),
    )


def _end_of(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(23, 59, 59), CHINA)
