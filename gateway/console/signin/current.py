"""The visitor of a request, for routes that depend on it; and the check that a form is its own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from casebus.errors import CasebusError
from casebus.now import system_now
from gateway.console.forms import MOST_VALUES
from gateway.console.signin.signing import Signing, SignInNeeded, is_stream, of_request
from gateway.console.signin.visitor import Role, Visitor
from gateway.identity.keys import digest
from gateway.runtime.context import Context
from storage import sessions
from storage.handles import Handle

_MOST_COOKIE = 256
#: Sec-Fetch-Site of requests from a page of ours, or from the person itself.
_OURS = ("same-origin", "none")
#: A session's use is written down after this share of its idle time: not at each request.
_SPENT = 0.1


async def visitor(request: Request, gateway: Context) -> Visitor:
    """The visitor of this request's session. Raises SignInNeeded."""
    signing = of_request(request)
    cookie = request.cookies.get(signing.cookie, "")
    if not 0 < len(cookie) <= _MOST_COOKIE:
        raise SignInNeeded
    database, now = await gateway.database(), signing.now()
    session = await sessions.session(database, digest(cookie), now)
    if session is None:
        raise SignInNeeded
    # A stream that opens again by itself is nobody's act.
    spent = session.idle_at - now < signing.limits.idle * (1 - _SPENT)
    if spent and not is_stream(request):
        await sessions.use(database, digest(cookie), now + signing.limits.idle)
    found = _visitor(cookie, session)
    request.state.visitor = found
    request.state.agency = found.principal.name
    request.state.is_operator = found.agency is None
    return found


def _visitor(cookie: str, session: sessions.Session) -> Visitor:
    who = session.officer
    return Visitor(
        subject=who.subject,
        name=who.name,
        pseudonym=session.pseudonym,
        agency=who.agency,
        unit=who.unit,
        roles=frozenset(map(Role, who.roles)),
        csrf=hmac.new(cookie.encode(), b"csrf", hashlib.sha256).hexdigest(),
        session=digest(cookie),
    )


Current = Annotated[Visitor, Depends(visitor)]


async def still_valid(database: Handle, visitor: Visitor, at: datetime | None = None) -> bool:
    """True if the session is alive, and its person has the same place and roles as before."""
    session = await sessions.session(database, visitor.session, at or system_now())
    if session is None:
        return False
    who = session.officer
    now = (who.agency, who.unit, frozenset(who.roles))
    return now == (visitor.agency, visitor.unit, visitor.roles)


def _having(role: Role) -> Callable[[Visitor], Awaitable[Visitor]]:
    async def having(visitor: Current) -> Visitor:
        if role not in visitor.roles:
            raise CasebusError("role_needed", f"this is for the role {role}")
        return visitor

    return having


officer, ops, supervisor = _having(Role.OFFICER), _having(Role.OPS), _having(Role.SUPERVISOR)
OfficerHere = Annotated[Visitor, Depends(officer)]
OpsHere = Annotated[Visitor, Depends(ops)]
SupervisorHere = Annotated[Visitor, Depends(supervisor)]


async def own_form(request: Request, visitor: Current) -> None:
    """Checks that a page of this session sent the change. Raises `foreign_form`."""
    refuse_other_sites(request, of_request(request))
    given = request.headers.get("x-csrf-token") or (await request.form(max_fields=MOST_VALUES)).get(
        "csrf"
    )
    if not (isinstance(given, str) and hmac.compare_digest(given.encode(), visitor.csrf.encode())):
        raise CasebusError("foreign_form", "the form bears no token of this session; load it again")


def refuse_other_sites(request: Request, signing: Signing) -> None:
    """Raises `foreign_form` unless the browser says that a page of ours sent it."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    other_origin = origin is not None and origin != signing.origin
    other_site = site is not None and site not in _OURS
    if other_origin or other_site or (origin is None and site is None):
        raise CasebusError("foreign_form", "it was not sent from a page of this console")


OwnForm = Depends(own_form)
"""For `dependencies=` of each route that changes something."""
