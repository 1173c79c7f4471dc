"""A person's place here by the issuer's claims: policies/console/claims.yaml."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, NamedTuple

from pydantic import Field

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.topics import ADMIN
from casebus.law import loader
from casebus.law.models import LawModel
from casebus.trust.directory import ROOT
from gateway.console.signin.visitor import Role

FILE = "claims.yaml"
#: Names that are no agency's: nobody signs in as one of them.
_RESERVED = frozenset({ADMIN, BUS, ROOT})
_AGENCY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._~-]{0,127}")
_LONGEST = 200

_Path = Annotated[tuple[Annotated[str, Field(min_length=1)], ...], Field(min_length=1)]


class Claim(LawModel):
    """The place of a value in a token, and the meaning of its words."""

    claim: _Path
    #: The issuer's word -> ours; None: its words are ours.
    words: dict[str, str] | None = None

    def of(self, token: Mapping[str, Any]) -> str:
        """The value; empty if there is none, or none with a meaning."""
        given = _at(token, self.claim)
        text = given if isinstance(given, str) else ""
        return text.strip() if self.words is None else self.words.get(text, "")


class RolesClaim(LawModel):
    claim: _Path
    words: dict[str, Role]

    def of(self, token: Mapping[str, Any]) -> frozenset[Role]:
        given = _at(token, self.claim)
        said = [given] if isinstance(given, str) else given if isinstance(given, list) else []
        known = (self.words.get(one) for one in said if isinstance(one, str))
        return frozenset(role for role in known if role is not None)


class Post(NamedTuple):
    """A person's place; `agency` is None for the ops engineer."""

    name: str
    agency: str | None
    unit: str
    roles: frozenset[Role]


class Claims(LawModel):
    name: Claim
    agency: Claim
    unit: Claim
    roles: RolesClaim

    @classmethod
    def load(cls, policies: Path) -> Claims:
        """Read policies/console; raises LawError, which names file, line and reason."""
        return loader.parse(loader.read(policies / "console"), FILE, cls)

    def place(self, token: Mapping[str, Any]) -> Post:
        """Raises CasebusError `no_place`, which names the claim that is missing or unknown."""
        roles = self.roles.of(token)
        if not roles:
            raise _nowhere(f"no role stands in {'.'.join(self.roles.claim)}")
        name, unit = self.name.of(token)[:_LONGEST], self.unit.of(token)[:_LONGEST]
        if Role.OPS in roles:
            if roles != {Role.OPS}:
                raise _nowhere("who looks after the installation has no role of an agency")
            return Post(name, None, unit, roles)
        return Post(name, self._agency(token), unit, roles)

    def _agency(self, token: Mapping[str, Any]) -> str:
        agency = self.agency.of(token)
        if not _AGENCY.fullmatch(agency) or agency.casefold() in _RESERVED:
            raise _nowhere(f"no agency stands in {'.'.join(self.agency.claim)}")
        return agency


def _at(token: Mapping[str, Any], path: tuple[str, ...]) -> Any:
    found: Any = token
    for step in path:
        found = found.get(step) if isinstance(found, Mapping) else None
    return found


def _nowhere(detail: str) -> CasebusError:
    return CasebusError("no_place", detail)
