"""查询: the viewer's cases by conditions, or by whatever was typed into the one box."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from casebus.events.identifiers import FORM, identify
from gateway import figures, paging
from gateway.api import numbers, searching
from gateway.api.searching import Filters
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current
from gateway.console.signin.visitor import Visitor
from gateway.context import Context, Database, Gateway
from gateway.problems import RefusedError
from storage import reads
from storage.searching import Sort

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
PAGE_ROWS = 100
#: What the page asks for; whatever else its address has is the search's own.
CONDITIONS = tuple(Filters.model_fields)
STATES = ("overdue", "running", "unconfirmed", "breached", "paused", "met", "met_late", "lapsed")

Text = Annotated[str, Query(max_length=200)]


@router.get("/search")
async def search(
    *,
    request: Request,
    visitor: Current,
    gateway: Context,
    database: Database,
    text: Text = "",
    sort: Sort = "-changed",
    cursor: paging.Cursor = None,
) -> Response:
    typed = text.strip()
    case = await _case(gateway, visitor, typed)
    if case is not None:
        return RedirectResponse(f"/console/cases/{case}", 303)
    given = {name: one for name in CONDITIONS if (one := request.query_params.get(name, ""))}
    kind, more = await _taken_for(gateway, visitor, typed) if typed else ("", {})
    found, errors = None, []
    try:
        found = await searching.cases(
            agency=visitor.reader,
            gateway=gateway,
            database=database,
            filters=Filters(**{**given, **more}),
            sort=sort,
            count=True,
            cursor=cursor,
            limit=PAGE_ROWS,
        )
    except ValidationError as error:
        errors = [str(one["loc"][0]) for one in error.errors()]
    except RefusedError as error:
        errors = [one["detail"] for one in error.errors]
    known = (await figures.rules(gateway.settings.policies_dir)).words
    return page(
        request,
        "search.html",
        visitor,
        found=found,
        errors=errors,
        given=given,
        typed=typed,
        kind=kind,
        sort=sort,
        known=known,
        states=STATES,
        agencies=gateway.directory().agencies,
    )


async def _case(gateway: Gateway, visitor: Visitor, typed: str) -> UUID | None:
    """The case that an id names: its own, or that of an event, as far as the viewer sees it."""
    try:
        name = UUID(typed)
    except ValueError:
        return None
    database = await gateway.database()
    row = await reads.case(database, visitor.reader, name)
    return None if row is None else name


async def _taken_for(gateway: Gateway, visitor: Visitor, typed: str) -> tuple[str, dict[str, Any]]:
    """What the one box was taken for, and the condition that this is."""
    if gateway.directory().agency(typed) is not None:
        return "agency", {"agency": typed}
    code = identify("uscc", typed)
    if code.canonical and code.problem != FORM:
        return "organisation", {"organisation": typed}
    numbered = await numbers.cases_by_number(
        typed, visitor.reader, gateway, await gateway.database()
    )
    if numbered.items:
        return "number", {"number": typed}
    return "title", {"title": typed}
