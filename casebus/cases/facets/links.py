"""Relations of a case to others: linked with them, merged out of them, or continued in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from casebus.cases.core import Core
from casebus.cases.event import Identity
from casebus.cases.facets.facet import JSON, Facet


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another case; its stream is empty if the author knew only its number."""

    stream: str
    #: The agency that handles it and its number there, as far as the author gave them.
    source: str
    number: str
    #: The relation of the two (`SAME_RIGHT`, ...); empty for a merger.
    relation: str
    #: The event that states it.
    event: Identity

    def to_json(self) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "source": self.source,
            "number": self.number,
            "relation": self.relation,
            "event": {"source": self.event[0], "id": self.event[1]},
        }

    def is_of(self, other: Link) -> bool:
        """True if both name the same case: by stream, or by number if one has no stream."""
        if self.stream and other.stream:
            return self.stream == other.stream
        return bool(self.number) and (self.source, self.number) == (other.source, other.number)


class KnownLinks(NamedTuple):
    #: Cases that share something with this one, in the order of the last event about each.
    links: tuple[Link, ...] = ()
    #: Cases that were merged into it, and the one in which it goes on.
    origins: tuple[Link, ...] = ()
    absorbed_into: Link | None = None


class LinksFacet(Facet[KnownLinks]):
    name = "links"
    nothing = KnownLinks()

    @classmethod
    def shows(cls, known: KnownLinks, case: Core) -> JSON:
        return {
            "links": [one.to_json() for one in known.links],
            "origins": [one.to_json() for one in known.origins],
            "absorbed_into": known.absorbed_into and known.absorbed_into.to_json(),
        }
