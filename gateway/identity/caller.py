"""The caller of a request: the agency whose API key it carries, or an operator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.topics import ADMIN
from gateway.identity.keys import digest
from gateway.runtime.context import Context
from storage import operators

_bearer = HTTPBearer(auto_error=False, description="An API key of the agency, or an operator's")
_MOST_KEY = 256


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller: an agency, for its own cases, or an operator, who speaks for no agency."""

    #: The agency; for an operator `admin/` and the key's owner, `admin` if no label names one.
    name: str
    #: None for an operator.
    agency: str | None


async def principal(
    request: Request,
    given: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
    gateway: Context,
) -> Principal:
    """The owner of the key. Raises `unauthenticated`."""
    if given is None or not given.credentials or len(given.credentials) > _MOST_KEY:
        raise CasebusError("unauthenticated", "send Authorization: Bearer <API key>")
    holder, label = await gateway.holders(digest(given.credentials))
    if holder is None or holder == BUS:
        raise CasebusError("unauthenticated", "the API key is not known or was revoked")
    is_operator = holder == ADMIN
    name = operators.name_of(label) if is_operator else holder
    request.state.agency, request.state.is_operator = name, is_operator
    return Principal(name, None if is_operator else holder)


Asker = Annotated[Principal, Depends(principal)]


async def reader(asker: Asker) -> str:
    """The agency, or `admin` for any operator."""
    return asker.agency or ADMIN


Reader = Annotated[str, Depends(reader)]
"""An agency, or the operator, who is shown no bodies (ADR 0059)."""


async def caller(agency: Reader) -> str:
    """The agency; raises `agencies_only` for the operator, who has a part in nothing."""
    if agency == ADMIN:
        says = "an operator reads cases, numbers, events and rejects only"
        raise CasebusError("agencies_only", says)
    return agency


Caller = Annotated[str, Depends(caller)]


async def named(asker: Asker) -> Principal:
    """The operator by name. Raises `nameless_operator` if the key may be anybody's."""
    if asker.name == ADMIN:
        says = "its key has no label that says whose it is"
        raise CasebusError("nameless_operator", says)
    return asker


async def operator(asker: Annotated[Principal, Depends(named)]) -> str:
    """The operator's name; raises `operators_only` if the key is an agency's."""
    if asker.agency is not None:
        raise CasebusError("operators_only", "an operator decides on redrives")
    return asker.name


Operator = Annotated[str, Depends(operator)]


def only_operators(asker: Principal) -> None:
    """For routes that any operator may read, with any operator's key.

    Raises `operators_only` for an agency.
    """
    if asker.agency is not None:
        raise CasebusError("operators_only", "the ops desk is for operators")
