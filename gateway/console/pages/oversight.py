"""督办: who is late, and what should have been transferred, as the supervisor's agency sees it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from gateway.api import searching
from gateway.api.searching import CasePage, Filters
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import SupervisorHere
from gateway.context import Context, Database

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
_ROWS = 50
#: What is looked after: a word of the page, and the condition of the search that finds it.
CONCERNS: dict[str, dict[str, Any]] = {
    "overdue": {"clock_state": "overdue"},
    "omission": {"finding": "omission"},
    "breached": {"clock_state": "breached"},
    "soon": {"due_within_days": 3},
}


@router.get("/oversight")
async def oversight(
    *,
    request: Request,
    visitor: SupervisorHere,
    gateway: Context,
    database: Database,
    agency: Annotated[str, Query(max_length=64)] = "",
) -> Response:
    """Of each concern how many cases there are, by whom they were opened, and the latest."""
    asked: dict[str, Any] = {"agency": visitor.reader, "gateway": gateway, "database": database}
    found: dict[str, CasePage] = {}
    counted = {}
    for concern, condition in CONCERNS.items():
        filters = Filters(**condition, agency=agency or None)
        found[concern] = await searching.cases(
            **asked, filters=filters, sort="-changed", count=True, cursor=None, limit=_ROWS
        )
        counted[concern] = await searching.counts(**asked, filters=filters, by="agency")
    return page(
        request,
        "oversight.html",
        visitor,
        found=found,
        counted=counted,
        concerns=CONCERNS,
        agency=agency,
        agencies=gateway.directory().agencies,
    )
