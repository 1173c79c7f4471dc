"""In and out: to the issuer and back, and the end of a session, here or everywhere."""

from __future__ import annotations

import hmac
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from casebus.errors import CasebusError
from gateway.console.route import ConsoleRoute
from gateway.console.signin import way
from gateway.console.signin.current import Current, OwnForm
from gateway.console.signin.signing import Signing, local, of_request
from gateway.identity.keys import digest
from gateway.runtime.context import Context, Gateway
from storage import drafts, sessions
from storage.sessions import Officer

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
_MINUTES = 10
_SEEN = 303


@router.get("/sign-in")
async def sign_in(
    request: Request, back: Annotated[str, Query(alias="next", max_length=2000)] = ""
) -> Response:
    """Sends the browser to the issuer. When it comes back, it goes on to `next`."""
    signing = of_request(request)
    begun = way.begin()
    under_way = way.of(begun)
    address = await signing.provider().way_in(under_way, signing.redirect)
    answer = RedirectResponse(address, _SEEN)
    kept = signing.way_cookie(under_way.state)
    _set(answer, signing, kept, f"{begun}.{local(back)}", _MINUTES * 60)
    return answer


class IssuerAnswer(BaseModel):
    """The parameters with which the issuer sends a browser back."""

    code: Annotated[str, Field(max_length=4000)] = ""
    state: Annotated[str, Field(max_length=200)] = ""
    iss: Annotated[str, Field(max_length=2000)] = ""
    #: OAuth's code for the reason.
    error: Annotated[str, Field(max_length=100)] = ""


@router.get("/signed-in")
async def signed_in(
    request: Request, gateway: Context, said: Annotated[IssuerAnswer, Query()]
) -> Response:
    """Back from the issuer: a new session, in place of the browser's old one."""
    signing = of_request(request)
    kept = signing.way_cookie(said.state)
    begun, _, back = request.cookies.get(kept, "").partition(".")
    officer = await _officer(signing, gateway, said, begun)
    database, cookie = await gateway.database(), way.begin()
    await sessions.end(database, digest(request.cookies.get(signing.cookie, "")))
    await sessions.begin(database, digest(cookie), officer, signing.limits, signing.now())
    await drafts.prune(database, gateway.now())
    answer = RedirectResponse(local(back), _SEEN)
    _forget(answer, signing, kept)
    _set(answer, signing, signing.cookie, cookie, int(signing.limits.longest.total_seconds()))
    return answer


async def _officer(signing: Signing, gateway: Gateway, said: IssuerAnswer, begun: str) -> Officer:
    """The person that the issuer sent back.

    Raises `sign_in_refused`, `issuer_unavailable` or `no_place`.
    """
    under_way = way.of(begun)
    if not (begun and hmac.compare_digest(said.state.encode(), under_way.state.encode())):
        raise CasebusError("sign_in_refused", "it did not begin in this browser, or took too long")
    await signing.provider().require_its_answer(said.iss)
    if said.error or not said.code:
        raise CasebusError("sign_in_refused", "the issuer lets nobody in")
    token = await signing.provider().person(said.code, under_way, signing.redirect)
    place = signing.claims.place(token)
    if place.agency is not None and gateway.directory().agency(place.agency) is None:
        raise CasebusError("no_place", "the directory has no such agency")
    who = (signing.issuer, str(token["sub"]))
    return Officer(*who, place.name, place.agency, place.unit, tuple(sorted(place.roles)))


@router.post("/sign-out", dependencies=[OwnForm])
async def sign_out(request: Request, gateway: Context, visitor: Current) -> Response:
    await sessions.end(await gateway.database(), visitor.session)
    return await _left(of_request(request))


@router.post("/sign-out-everywhere", dependencies=[OwnForm])
async def sign_out_everywhere(request: Request, gateway: Context, visitor: Current) -> Response:
    """End every session of this person; open pages hear of it within seconds."""
    await sessions.end_all(await gateway.database(), visitor.session)
    return await _left(of_request(request))


async def _left(signing: Signing) -> Response:
    """Sign out at the issuer too: at a shared desk the next person must be asked who it is."""
    address = ""
    with suppress(CasebusError):  # whether it answers or not, here the session has ended
        address = await signing.provider().way_out(f"{signing.origin}/")
    answer = RedirectResponse(address or "/", _SEEN)
    _forget(answer, signing, signing.cookie)
    return answer


def _forget(answer: Response, signing: Signing, name: str) -> None:
    answer.delete_cookie(name, path="/", secure=signing.is_https, httponly=True, samesite="lax")


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
