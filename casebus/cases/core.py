"""The fold's own part of a case (order, standing, regions), and what each facet knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from casebus.cases import jsonforms
from casebus.cases.event import Identity

K = TypeVar("K")


class Knows(Generic[K]):
    """A fact about a case under one name, as a value of type K."""

    name: ClassVar[str]
    #: The value if no event stated it.
    nothing: ClassVar[Any] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One procedure of a case: it runs beside the others in a state of its own."""

    procedure: str
    status: str
    #: Of the state.
    title: str
    title_en: str
    opened_by: Identity
    roles: dict[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        return {
            "procedure": self.procedure,
            "status": self.status,
            "title": self.title,
            "title_en": self.title_en,
            "opened_by": jsonforms.identity(self.opened_by),
            "roles": {role: list(agencies) for role, agencies in sorted(self.roles.items())},
        }


# Not frozen for the same reason as a clock.
@dataclass(slots=True, kw_only=True)
class Core:
    """The fold's state of one stream; `status` is a state of its procedure, `unopened` or `none`.

    If the case goes on in another one, `status` is `absorbed`.

    Procedure, status and title are those of the leading region.
    """

    stream: str
    status: str
    procedure: str | None = None
    title: str = ""
    title_en: str = ""
    opener: str | None = None
    #: The leading region, which the first journaled opening event opened, and the regions beside
    #: it.
    regions: tuple[Region, ...] = ()
    #: Those of the leading region; for roles that it does not have, those of the others.
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Agencies with a part in it. They have standing, and get such events, breaches and copies. For
    #: a stream that nothing opened: authors and recipients, each with its own. Sorted.
    participants: tuple[str, ...] = ()
    #: (kind, number as written), sorted.
    numbers: tuple[tuple[str, str], ...] = ()
    #: Identities in fold order.
    order: tuple[Identity, ...] = ()
    #: Words by which events mark it secret (商业秘密, 未成年人 ...), sorted. Only the `team` of a
    #: case with any may know more than its existence. Other cases are told nothing.
    secrecy: tuple[str, ...] = ()
    #: The agencies to tell what other cases mean for this one: the holders of roles in running
    #: procedures. Nobody if all of it is imported. Sorted.
    hearers: tuple[str, ...] = ()
    #: The agencies that see it as holders of a role in it (ADR 40). Sorted.
    team: tuple[str, ...] = ()
    #: The knowledge of the facets, by their names (casebus.cases.facets).
    known: dict[str, Any] = field(default_factory=dict)
    #: Digest of the law bundle.
    law: str = ""

    def of(self, facet: type[Knows[K]]) -> K:
        """The knowledge of one facet."""
        found: K = self.known.get(facet.name, facet.nothing)
        return found

    @property
    def readers(self) -> tuple[str, ...]:
        """The agencies that may know the content of the case."""
        return self.team if self.secrecy else self.participants
