"""运行: the health and progress of each service, the flow, and the connections.

It has no content of cases. Each fact is the API's, which has one owner for each.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response

from casebus.errors import CasebusError
from gateway.api import journeys, operating, proofs, rejected, suspended
from gateway.console import flowing
from gateway.console.ages import age
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OpsHere
from gateway.monitoring.status import Sort
from gateway.runtime.context import Context, Database
from storage import redriving

router = APIRouter(route_class=ConsoleRoute, prefix="/console/ops", include_in_schema=False)
_ROWS = 50
_Windows = Literal["1", "24", "168"]


@router.get("")
async def ops(
    *,
    request: Request,
    visitor: OpsHere,
    gateway: Context,
    database: Database,
    sort: Sort = "lag",
    opened: Annotated[str, Query(alias="open", max_length=100)] = "",
) -> Response:
    found = await operating.services(
        asker=visitor.principal, gateway=gateway, database=database, sort=sort
    )
    refused = await rejected.rejected(
        asker=visitor.principal,
        database=database,
        reason=None,
        door=None,
        source=None,
        every=False,
        cursor=None,
        limit=_ROWS,
    )
    waiting = await suspended.suspended(visitor.principal, gateway, database, limit=_ROWS)
    asked = await redriving.redrives(database, None, limit=_ROWS)
    return page(
        request,
        "ops.html",
        visitor,
        found=found,
        sort=sort,
        opened=opened,
        age=age,
        refused=sum(one.count for one in refused.groups),
        suspended=len(waiting.items),
        undecided=sum(one.agreed is None and one.is_fresh for one in asked),
    )


@router.get("/flow")
async def flow(
    *,
    request: Request,
    visitor: OpsHere,
    gateway: Context,
    database: Database,
    hours: Annotated[_Windows, Query()] = "24",
) -> Response:
    asked: dict[str, Any] = {
        "asker": visitor.principal,
        "gateway": gateway,
        "database": database,
        "hours": int(hours),
    }
    found = await operating.flow(**asked)
    connected = await operating.connections(**asked)
    return page(
        request,
        "ops_flow.html",
        visitor,
        found=found,
        connected=connected,
        silent=[one for one in connected.items if _is_silent(one)],
        drawing=flowing.drawn(found.items),
        hours=hours,
        age=age,
        agencies=gateway.directory().agencies,
    )


def _is_silent(one: operating.Connection) -> bool:
    """True if nothing was ever heard of it, and it needs nobody."""
    return one.has_key and not (one.last_sent or one.last_read or one.sent_to_it or one.gaps)


@router.get("/proof")
async def proof(
    *, request: Request, visitor: OpsHere, gateway: Context, database: Database
) -> Response:
    """The verified runs, the signed heads with their witnesses, and the schemas by sender."""
    asked: dict[str, Any] = {"asker": visitor.principal, "database": database}
    return page(
        request,
        "ops_proof.html",
        visitor,
        runs=await proofs.verifications(**asked, limit=_ROWS),
        heads=await proofs.heads(**asked, gateway=gateway),
        versions=await proofs.schemas(**asked, gateway=gateway),
        agencies=gateway.directory().agencies,
        age=age,
    )


@router.get("/where")
async def where(
    *,
    request: Request,
    visitor: OpsHere,
    gateway: Context,
    database: Database,
    name: Annotated[str, Query(max_length=255)] = "",
) -> Response:
    """The place of a case, and the reason why it is stuck; places only."""
    typed, found, missing = name.strip(), None, False
    if typed:
        try:
            found = await journeys.where(typed, visitor.principal, gateway, database)
        except CasebusError as error:
            if error.code != "not_found":
                raise
            missing = True
    return page(
        request,
        "ops_where.html",
        visitor,
        name=typed,
        found=found,
        missing=missing,
        agencies=gateway.directory().agencies,
        age=age,
    )
