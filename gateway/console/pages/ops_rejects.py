"""退回与暂停: refused records by cause, shown, tried, and sent again once a second person agreed.

All of it is the API's: its reading, its dry run, its rule of the second person.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from casebus.errors import CasebusError
from gateway.api import redrives, rejected, suspended
from gateway.api.redrives import Plan, RedriveRequest
from gateway.console.forms import MOST_VALUES
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import OpsHere, OwnForm
from gateway.runtime.context import Context, Database
from gateway.shapes import LONGEST_NAME
from gateway.web import paging
from storage.redriving import FASTEST, MOST_RECORDS, USUAL

router = APIRouter(route_class=ConsoleRoute, prefix="/console/ops", include_in_schema=False)
_ROWS = 50
_REFUSED = 422
#: Fields of the form that select records and options; the others are the page's.
_TEXTS = ("reason", "door", "source", "why")
_NUMBERS = ("most", "per_minute")
#: Refusals of a form that its page puts in words, with the typed values kept.
_SAID = frozenset({"nothing_to_redrive", "invalid_request", "not_found", "nameless_operator"})

Text = Annotated[str, Query(max_length=LONGEST_NAME)]


@router.get("/rejects")
async def rejects(
    *,
    request: Request,
    visitor: OpsHere,
    gateway: Context,
    database: Database,
    reason: Text = "",
    door: Text = "",
    source: Text = "",
    every: Annotated[bool, Query(alias="all")] = False,
    cursor: paging.Cursor = None,
) -> Response:
    """By cause, with each record of a chosen cause."""
    asked: dict[str, Any] = {"reason": reason or None, "door": door or None}
    found = await rejected.rejected(
        asker=visitor.principal,
        database=database,
        **asked,
        source=source or None,
        every=every,
        cursor=cursor,
        limit=_ROWS,
    )
    return page(
        request,
        "ops_rejects.html",
        visitor,
        found=found,
        given={"reason": reason, "door": door, "source": source},
        every=every,
        chosen=bool(reason or door or source),
        waiting=await suspended.suspended(visitor.principal, gateway, database, limit=_ROWS),
        redrives=await redrives.redrives(visitor.principal, database, limit=_ROWS),
        most=MOST_RECORDS,
    )


@router.get("/rejects/{place}")
async def one_reject(
    *, request: Request, place: str, visitor: OpsHere, gateway: Context, database: Database
) -> Response:
    """One record, read as far as it can be."""
    found = await rejected.one_rejected(place, visitor.principal, gateway, database)
    return page(request, "ops_reject.html", visitor, found=found)


@router.post("/redrives", dependencies=[OwnForm])
async def ask(
    *, request: Request, visitor: OpsHere, gateway: Context, database: Database
) -> Response:
    """Try it, or ask for it: the same form does both, and neither sends anything."""
    form = await request.form(max_fields=MOST_VALUES)
    given = {name: str(value) for name, value in form.items()}
    places = [str(one) for one in form.getlist("places")]
    dry_run = given.get("do") != "ask"
    plan, refused = None, None
    try:
        plan = await redrives.ask(
            _request(given, places, dry_run=dry_run),
            visitor.principal,
            gateway,
            database,
            Response(),
        )
    except CasebusError as error:
        if error.code not in _SAID:
            raise
        refused = error
    if plan is not None and plan.redrive is not None:
        return RedirectResponse(f"/console/ops/redrives/{plan.redrive}", 303)
    return page(
        request,
        "ops_plan.html",
        visitor,
        status=_REFUSED if refused else 200,
        plan=plan,
        passing=_passing(plan),
        refused=refused,
        given={"most": "100", "per_minute": str(USUAL), **given},
        places=places,
        fastest=FASTEST,
    )


def _request(given: dict[str, str], places: list[str], *, dry_run: bool) -> RedriveRequest:
    """The request of the form. Raises CasebusError `invalid_request` for a bad number."""
    said: dict[str, Any] = {name: given[name] for name in _TEXTS if given.get(name)}
    said |= {name: given[name] for name in _NUMBERS if given.get(name)}
    try:
        return RedriveRequest(
            places=places, dry_run=dry_run, even_so=given.get("even_so") == "yes", **said
        )
    except ValueError as error:
        raise CasebusError("invalid_request", "a field of the form has no fitting value") from error


def _passing(plan: Plan | None) -> int:
    """The number of records that admission would take."""
    if plan is None:
        return 0
    return sum(
        one.judgement is not None and one.judgement.admitted
        for one in plan.records
        if not one.obstacle
    )


@router.get("/redrives/{number}")
async def one_redrive(
    *, request: Request, number: redrives.Number, visitor: OpsHere, database: Database
) -> Response:
    """The request, the operator who decides, and the progress."""
    found = await redrives.one_redrive(number, visitor.principal, database)
    return _redrive(request, visitor, found)


@router.post("/redrives/{number}/{decision}", dependencies=[OwnForm])
async def decide(
    *,
    request: Request,
    number: redrives.Number,
    decision: str,
    visitor: OpsHere,
    gateway: Context,
    database: Database,
) -> Response:
    """Agree to it or refuse it; the asker may not agree."""
    doing = {"agree": redrives.agree, "decline": redrives.decline}.get(decision)
    if doing is None:
        raise CasebusError("not_found")
    try:
        await doing(number, visitor.principal.name, gateway)
    except CasebusError as refused:
        found = await redrives.one_redrive(number, visitor.principal, database)
        return _redrive(request, visitor, found, refused)
    return RedirectResponse(f"/console/ops/redrives/{number}", 303)


def _redrive(
    request: Request, visitor: Any, found: Any, refused: CasebusError | None = None
) -> Response:
    own = visitor.principal.name == found.asked_by
    status = _REFUSED if refused else 200
    return page(
        request, "ops_redrive.html", visitor, status=status, found=found, own=own, refused=refused
    )
