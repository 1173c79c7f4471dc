"""应急查阅: ask to read a case, agree to another's request, and read during the grant."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import ValidationError

from casebus.errors import CasebusError
from gateway.api import grants
from gateway.api.grants import GrantRequest
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OpsHere, OwnForm
from gateway.runtime.context import Context, Database

router = APIRouter(route_class=ConsoleRoute, prefix="/console/ops/grants", include_in_schema=False)
_ROWS = 50
_REFUSED = 422


@router.get("")
async def all_grants(
    *,
    request: Request,
    visitor: OpsHere,
    gateway: Context,
    case: Annotated[str, Query(max_length=100)] = "",
) -> Response:
    return await _list(request, visitor, gateway, {"case": case, "reason": ""})


async def _list(
    request: Request, visitor: Any, gateway: Any, given: dict[str, str], refused: Any = None
) -> Response:
    found = await grants.grants(asker=visitor.principal, gateway=gateway, limit=_ROWS)
    status = _REFUSED if refused else 200
    values = {"found": found, "given": given, "refused": refused}
    return page(request, "ops_grants.html", visitor, status=status, **values)


@router.post("", dependencies=[OwnForm])
async def ask(
    *, request: Request, visitor: OpsHere, gateway: Context, database: Database
) -> Response:
    form = await request.form()
    given = {name: str(form.get(name, "")) for name in ("case", "reason")}
    try:
        wanted = GrantRequest.model_validate({**given, "case": given["case"].strip()})
        made = await grants.ask(wanted, visitor.principal, gateway, database, Response())
    except ValidationError:
        return await _list(request, visitor, gateway, given, "invalid_request")
    except CasebusError as error:
        if error.code not in {"not_found", "invalid_request"}:
            raise
        return await _list(request, visitor, gateway, given, error.code)
    return RedirectResponse(f"/console/ops/grants/{made.grant}", 303)


@router.get("/{number}")
async def one(
    *, request: Request, number: grants.Number, visitor: OpsHere, gateway: Context
) -> Response:
    found = await grants.one_grant(number, visitor.principal, gateway)
    return _one(request, visitor, found)


def _one(request: Request, visitor: Any, found: Any, refused: str = "") -> Response:
    own = visitor.principal.name == found.asked_by
    status = _REFUSED if refused else 200
    return page(
        request, "ops_grant.html", visitor, status=status, found=found, own=own, refused=refused
    )


@router.get("/{number}/case")
async def content(
    *,
    request: Request,
    number: grants.Number,
    visitor: OpsHere,
    gateway: Context,
    database: Database,
) -> Response:
    """The content of the case. The look is written down before the page leaves."""
    found = await grants.opened(number, visitor.principal, gateway, database)
    known = gateway.directory().agencies
    return page(request, "ops_opened.html", visitor, found=found, agencies=known)


@router.post("/{number}/{decision}", dependencies=[OwnForm])
async def decide(
    *,
    request: Request,
    number: grants.Number,
    decision: str,
    visitor: OpsHere,
    gateway: Context,
) -> Response:
    doing = {"agree": grants.agree, "decline": grants.decline, "end": grants.end}.get(decision)
    if doing is None:
        raise CasebusError("not_found")
    try:
        await doing(number, visitor.principal.name, gateway)
    except CasebusError as refused:
        found = await grants.one_grant(number, visitor.principal, gateway)
        return _one(request, visitor, found, refused.code)
    return RedirectResponse(f"/console/ops/grants/{number}", 303)
