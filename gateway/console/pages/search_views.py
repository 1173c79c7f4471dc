"""常用查询: a search kept under a name, for its officer or for the whole agency."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Response
from fastapi.responses import RedirectResponse

from gateway.console.route import ConsoleRoute
from gateway.console.search.conditions import cleaned
from gateway.console.signin.current import Current, OwnForm
from gateway.console.signin.visitor import Visitor
from gateway.problems import RefusedError
from gateway.runtime.context import Context
from storage import views

router = APIRouter(
    route_class=ConsoleRoute, prefix="/console/search/views", include_in_schema=False
)
_LONGEST_NAME, _LONGEST_QUERY = 60, 4000


@router.post("", dependencies=[OwnForm])
async def keep(
    *,
    visitor: Current,
    gateway: Context,
    name: Annotated[str, Form(max_length=200)] = "",
    query: Annotated[str, Form(max_length=_LONGEST_QUERY)] = "",
    shared: Annotated[bool, Form()] = False,
) -> Response:
    """Keep the search that the page shows."""
    called, kept = " ".join(name.split())[:_LONGEST_NAME], cleaned(query)
    if not called or not called.isprintable():
        raise _unfit("name", "a view needs a name")
    database = await gateway.database()
    if not await views.save(
        database, _owner(visitor), called, kept, shared=shared, at=gateway.now()
    ):
        raise _unfit("name", f"an officer keeps {views.MOST} views at most; delete one first")
    return RedirectResponse(f"/console/search?{kept}", 303)


@router.post("/{view}/delete", dependencies=[OwnForm])
async def forget(view: UUID, visitor: Current, gateway: Context) -> Response:
    """Forget one of the officer's own."""
    await views.drop(await gateway.database(), _owner(visitor), view)
    return RedirectResponse("/console/search", 303)


def _owner(visitor: Visitor) -> views.ViewOwner:
    return views.ViewOwner(visitor.reader, visitor.pseudonym)


def _unfit(field: str, detail: str) -> RefusedError:
    return RefusedError("invalid_request", errors=[{"pointer": f"/{field}", "detail": detail}])
