"""运行: whether all works, what was refused, what is suspended; of no case its content."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from gateway.api import health, rejected, suspended
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OpsHere
from gateway.context import Context, Database
from storage import reads

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
_ROWS = 50


@router.get("/ops")
async def ops(
    *, request: Request, visitor: OpsHere, gateway: Context, database: Database
) -> Response:
    pool = await gateway.database()
    return page(
        request,
        "ops.html",
        visitor,
        ready=await health.ready_of(gateway),
        services=await reads.heartbeats(pool),
        silent=health.SILENT_SECONDS,
        depths=gateway.figures,
        refused=await rejected.rejected(
            asker=visitor.principal,
            database=database,
            reason=None,
            door=None,
            source=None,
            every=False,
            cursor=None,
            limit=_ROWS,
        ),
        waiting=await suspended.suspended(visitor.principal, gateway, database, limit=_ROWS),
    )
