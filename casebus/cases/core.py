"""What the fold itself keeps of a case (order, standing, regions), and what each facet knows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, Generic, TypeVar

from casebus.cases import jsonforms
from casebus.cases.event import Identity

K = TypeVar("K")


class Knows(Generic[K]):
    """What is known of a case under one name, as a value of type K."""

    name: ClassVar[str]
    #: What is known where nothing was said of it.
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
    """One stream; `status` is a state of its procedure, `unopened` or `none`.

    `absorbed` is that of a case which goes on in another one.

    Procedure, status and title are those of the leading region.
    """

    stream: str
    status: str
    procedure: str | None = None
    title: str = ""
    title_en: str = ""
    opener: str | None = None
    #: The leading region, which the first journaled opening event opened, and those beside it.
    regions: tuple[Region, ...] = ()
    #: Of the leading region and, for words that it does not have, of the others.
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Agencies with a part in it: who has standing, and whom such events, breaches and copies
    #: reach. Of a stream that nothing opened, authors and recipients, each with its own. Sorted.
    participants: tuple[str, ...] = ()
    #: (kind, number as written), sorted.
    numbers: tuple[tuple[str, str], ...] = ()
    #: Identities in fold order.
    order: tuple[Identity, ...] = ()
    #: Words by which events mark it secret (商业秘密, 未成年人 ...), sorted. Of a case with any,
    #: only its `team` may know more than that it is there, and other cases nothing.
    secrecy: tuple[str, ...] = ()
    #: Who is told what other cases mean for it: the holders of roles in procedures that still run,
    #: nobody where all of it is imported. Sorted.
    hearers: tuple[str, ...] = ()
    #: Who sees it as one who holds a role in it (ADR 40). Sorted.
    team: tuple[str, ...] = ()
    #: What the facets know, by their names (casebus.cases.facets).
    known: dict[str, Any] = field(default_factory=dict)
    #: Digest of the law bundle.
    law: str = ""

    def of(self, facet: type[Knows[K]]) -> K:
        """What one facet knows."""
        found: K = self.known.get(facet.name, facet.nothing)
        return found

    @property
    def readers(self) -> tuple[str, ...]:
        """Who may know of the case what it holds."""
        return self.team if self.secrecy else self.participants
