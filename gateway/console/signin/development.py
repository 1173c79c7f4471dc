"""An issuer for a laptop: its user chooses a person. Never where others can reach it.

It speaks the protocol of every issuer, so the rest of the console needs no knowledge of it.
"""

from __future__ import annotations

import ipaddress
from typing import Annotated, Any
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Form, Query, Request, Response
from fastapi.responses import JSONResponse, RedirectResponse

from casebus.errors import CasebusError
from casebus.settings import unusable
from gateway.console.rendering import page
from gateway.console.route import ConsoleRoute
from gateway.console.signin.issuing import PATH, Issuer
from gateway.runtime.context import Context

#: The people that a newcomer may choose at once: name, agency, role.
PEOPLE = (
    ("王警官", "cn-330106-psb", "officer"),
    ("李运维", "", "ops"),
    ("陈检察官", "cn-330106-pro", "supervisor"),
)
ROLES = ("officer", "supervisor", "ops")


router = APIRouter(route_class=ConsoleRoute, prefix=PATH, include_in_schema=False)


def issuer_of(request: Request) -> Issuer:
    """Raises CasebusError `not_found` for a request that names another host than this machine."""
    issuer: Issuer | None = request.app.state.signing.own_issuer
    if issuer is None or not is_loopback(request.url.hostname or ""):
        raise CasebusError("not_found")
    return issuer


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def refuse_elsewhere(origin: str, listening: str) -> None:
    """Raises CasebusError `bad_environment` if others could reach it."""
    if not (is_loopback(urlsplit(origin).hostname or "") and is_loopback(listening)):
        says = "development is for this machine alone: listen on loopback"
        raise unusable("CASEBUS_CONSOLE_ISSUER", says)


def opened(request: Request) -> Issuer:
    """Raises CasebusError `sign_in_refused` for a visitor without the stack's own key."""
    issuer = issuer_of(request)
    if not issuer.is_opened_by(request.cookies.get(request.app.state.signing.opened_cookie, "")):
        says = "open the console by the address that `casebus up` prints"
        raise CasebusError("sign_in_refused", says)
    return issuer


@router.get("/open")
async def open_(request: Request, key: Annotated[str, Query(max_length=200)] = "") -> Response:
    """The way in that `casebus up` prints: the browser keeps the key until it ends."""
    if not issuer_of(request).is_opened_by(key):
        raise CasebusError("sign_in_refused", "the key is another stack's")
    answer = RedirectResponse("/console/", 303)
    name = request.app.state.signing.opened_cookie
    answer.set_cookie(name, key, path=PATH, httponly=True, samesite="lax")
    return answer


@router.get("/.well-known/openid-configuration")
async def configuration(request: Request) -> dict[str, Any]:
    url = issuer_of(request).url
    return {
        "issuer": url,
        "authorization_endpoint": f"{url}/authorize",
        "token_endpoint": f"{url}/token",
        "jwks_uri": f"{url}/keys",
        "response_types_supported": ["code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "code_challenge_methods_supported": ["S256"],
    }


@router.get("/keys")
async def keys(request: Request) -> dict[str, Any]:
    return issuer_of(request).keys()


Short = Annotated[str, Query(max_length=2000)]


@router.get("/authorize")
async def authorize(
    *,
    request: Request,
    gateway: Context,
    redirect_uri: Short,
    state: Short,
    nonce: Short,
    code_challenge: Short,
) -> Response:
    """Three people to choose from, or anybody of any agency."""
    issuer = opened(request)
    if redirect_uri != issuer.redirect:
        raise CasebusError("not_found")
    known = {one.id: one.name for one in gateway.directory().agencies.values()}
    asked = {"state": state, "nonce": nonce, "code_challenge": code_challenge}
    return page(
        request,
        "development.html",
        None,
        people=PEOPLE,
        roles=ROLES,
        agencies=known,
        asked=asked,
    )


Typed = Annotated[str, Form(max_length=200)]


@router.post("/chosen")
async def chosen(
    *,
    request: Request,
    role: Typed,
    state: Typed,
    nonce: Typed,
    code_challenge: Typed,
    name: Typed = "",
    agency: Typed = "",
    unit: Typed = "",
) -> Response:
    issuer = opened(request)
    said = {
        "sub": f"{role}:{agency}:{name}",
        "name": name,
        "nonce": nonce,
        "casebus_agency": agency,
        "casebus_unit": unit,
        "casebus_roles": [role],
    }
    answer = {"code": issuer.code(said, code_challenge), "state": state, "iss": issuer.url}
    return RedirectResponse(f"{issuer.redirect}?{urlencode(answer)}", 303)


@router.post("/token")
async def token(
    request: Request, code: Typed, code_verifier: Typed, redirect_uri: Typed
) -> Response:
    found = issuer_of(request).token(code, code_verifier, redirect_uri)
    if found is None:
        return JSONResponse({"error": "invalid_grant"}, 400)
    return JSONResponse({"token_type": "Bearer", "access_token": "none", "id_token": found})
