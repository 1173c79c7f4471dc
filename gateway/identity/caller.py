"""The caller of a request: the agency whose API key it carries, or the installation's operator."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from casebus.errors import CasebusError
from casebus.events.topics import ADMIN
from casebus.trust.directory import BUS
from gateway.context import Context
from gateway.identity.keys import digest
from storage import submissions

_bearer = HTTPBearer(auto_error=False, description="An API key of the agency")
_MOST_KEY = 256


async def reader(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    gateway: Context,
) -> str:
    """The agency id behind the key, or `admin`; raises `unauthenticated`."""
    if given is None or not given.credentials or len(given.credentials) > _MOST_KEY:
        raise CasebusError("unauthenticated", "send Authorization: Bearer <API key>")
    database = await gateway.database()
    agency = await submissions.agency_of_key(database, digest(given.credentials))
    if agency is None or agency == BUS:
        raise CasebusError("unauthenticated", "the API key is not known or was revoked")
    request.state.agency = agency
    return agency


Reader = Annotated[str, Depends(reader)]
"""An agency, or the operator, who is shown no bodies (ADR 0059)."""


async def caller(agency: Reader) -> str:
    """The agency; raises `agencies_only` for the operator, who has a part in nothing."""
    if agency == ADMIN:
        raise CasebusError("agencies_only", "an operator reads cases, numbers and events only")
    return agency


Caller = Annotated[str, Depends(caller)]
