"""In and out: to the issuer and back, and the end of a session, here or everywhere."""

from __future__ import annotations

import hmac
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse

from casebus.errors import CasebusError
from gateway.console.route import ConsoleRoute
from gateway.console.signin import way
from gateway.console.signin.current import Current, OwnForm
from gateway.console.signin.signing import Signing, local, of_request
from gateway.context import Context
from gateway.identity.keys import digest
from storage import sessions
from storage.sessions import Officer

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
_MINUTES = 10
_SEEN = 303


@router.get("/sign-in")
async def sign_in(
    request: Request, back: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """To the issuer; who comes back goes on to `next`."""
    signing = of_request(request)
    begun = way.begin()
    address = await signing.provider().way_in(way.of(begun), signing.redirect)
    answer = RedirectResponse(address, _SEEN)
    _set(answer, signing, signing.way_cookie, f"{begun}.{local(back)}", _MINUTES * 60)
    return answer


@router.get("/signed-in")
async def signed_in(
    *,
    request: Request,
    gateway: Context,
    code: Annotated[str, Query(max_length=4000)] = "",
    state: Annotated[str, Query(max_length=200)] = "",
    iss: Annotated[str, Query(max_length=2000)] = "",
) -> Response:
    """Back from the issuer: a new session, whatever there was before."""
    signing = of_request(request)
    begun, _, back = request.cookies.get(signing.way_cookie, "").partition(".")
    under_way = way.of(begun)
    if not (begun and code and hmac.compare_digest(state.encode(), under_way.state.encode())):
        raise CasebusError("sign_in_refused", "it did not begin in this browser, or took too long")
    if iss and iss != signing.issuer:
        raise CasebusError("sign_in_refused", "another issuer answered")
    said = await signing.provider().person(code, under_way, signing.redirect)
    place = signing.claims.place(said)
    if place.agency is not None and gateway.directory().agency(place.agency) is None:
        raise CasebusError("no_place", "the directory has no such agency")
    roles = tuple(sorted(place.roles))
    officer = Officer(signing.issuer, str(said["sub"]), place.name, place.agency, place.unit, roles)
    cookie = way.begin()
    await sessions.begin(
        await gateway.database(), digest(cookie), officer, signing.limits, signing.now()
    )
    answer = RedirectResponse(local(back), _SEEN)
    answer.delete_cookie(signing.way_cookie, path="/")
    _set(answer, signing, signing.cookie, cookie, int(signing.limits.longest.total_seconds()))
    return answer


@router.post("/sign-out", dependencies=[OwnForm])
async def sign_out(request: Request, gateway: Context, visitor: Current) -> Response:
    await sessions.end(await gateway.database(), visitor.session)
    return _left(of_request(request))


@router.post("/sign-out-everywhere", dependencies=[OwnForm])
async def sign_out_everywhere(request: Request, gateway: Context, visitor: Current) -> Response:
    """End every session of this person; open pages hear of it within seconds."""
    await sessions.end_all(await gateway.database(), visitor.session)
    return _left(of_request(request))


def _left(signing: Signing) -> Response:
    answer = RedirectResponse("/", _SEEN)
    answer.delete_cookie(signing.cookie, path="/", secure=signing.is_https, httponly=True)
    return answer


def _set(answer: Response, signing: Signing, name: str, value: str, seconds: int) -> None:
    answer.set_cookie(
        name,
        value,
        max_age=seconds,
        path="/",
        secure=signing.is_https,
        httponly=True,
        samesite="lax",
    )
