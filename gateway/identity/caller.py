"""The caller of a request: the agency whose API key it carries."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from casebus.errors import CasebusError
from casebus.trust.directory import BUS
from gateway.context import Context
from gateway.identity.keys import digest
from storage import submissions

_bearer = HTTPBearer(auto_error=False, description="An API key of the agency")
_MOST_KEY = 256


async def caller(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    gateway: Context,
) -> str:
    """The agency id behind the key; raises `unauthenticated`."""
    if given is None or not given.credentials or len(given.credentials) > _MOST_KEY:
        raise CasebusError("unauthenticated", "send Authorization: Bearer <API key>")
    database = await gateway.database()
    agency = await submissions.agency_of_key(database, digest(given.credentials))
    if agency is None or agency == BUS:
        raise CasebusError("unauthenticated", "the API key is not known or was revoked")
    request.state.agency = agency
    return agency


Caller = Annotated[str, Depends(caller)]
