"""The person in front of the console."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from casebus.events.topics import ADMIN
from gateway.identity.caller import Principal
from storage import operators


class Role(StrEnum):
    OFFICER = "officer"
    OPS = "ops"
    SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class Visitor:
    """A person with a session that is alive."""

    #: The issuer's id of the person.
    subject: str
    #: Its real name: shown to the person itself, and in no event.
    name: str
    #: Used in signed bodies as `actor`.
    pseudonym: str
    #: None for the ops engineer, who speaks for no agency.
    agency: str | None
    #: Empty if the agency has no units, or the issuer names none.
    unit: str
    roles: frozenset[Role]
    #: The token in each form of this session.
    csrf: str
    #: Digest of the session's cookie.
    session: bytes

    @property
    def principal(self) -> Principal:
        """The caller, for the services below the API."""
        if self.agency is None:
            return Principal(operators.name_of(self.pseudonym), None)
        return Principal(self.agency, self.agency)

    @property
    def reader(self) -> str:
        """The agency, or `admin`, who is shown no bodies."""
        return self.agency or ADMIN
