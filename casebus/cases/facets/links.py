"""Relations of a case to others: linked with them, merged out of them, or continued in one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from casebus.cases import body
from casebus.cases.core import Core
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.facet import JSON, Facet, Moved

LINKED, UNLINKED = "case.linked", "case.unlinked"
#: In the stream that goes on, and in the one that ends in it.
MERGED, ABSORBED = "case.merged", "case.absorbed"
#: Event name -> the field of its body that names the other case.
FIELDS = {LINKED: "linked", UNLINKED: "linked", MERGED: "linked", ABSORBED: "into"}


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


class Links:
    """The links of one fold while it runs."""

    def __init__(self) -> None:
        self._links: list[Link] = []
        self._origins: list[Link] = []
        #: The case in which this one goes on; the first that was named counts.
        self._absorbed_into: Link | None = None

    def note(self, event: CaseEvent, name: str) -> None:
        link = _link(event, FIELDS[name])
        if name == LINKED:
            self._links = [*self._others(link), link]
        elif name == UNLINKED:
            self._links = self._others(link)
        elif name == MERGED:
            if not any(one.is_of(link) for one in self._origins):
                self._origins.append(link)
        elif self._absorbed_into is None:
            self._absorbed_into = link

    def _others(self, link: Link) -> list[Link]:
        return [one for one in self._links if not one.is_of(link)]

    def known(self) -> KnownLinks:
        return KnownLinks(tuple(self._links), tuple(self._origins), self._absorbed_into)


def _link(event: CaseEvent, field: str) -> Link:
    said = event.data.get(field)
    other = said if isinstance(said, dict) else {}
    return Link(
        stream=body.text(other, "stream"),
        source=body.text(other, "source"),
        number=body.text(other, "number") or body.text(other, "number_raw"),
        relation=body.text(event.data, "relation"),
        event=event.identity,
    )


class LinksFacet(Facet[KnownLinks]):
    name = "links"
    lists = ("links", "origins")
    nothing = KnownLinks()

    @classmethod
    def after(cls, moved: Moved) -> KnownLinks:
        return moved.of(Links).known()

    @classmethod
    def shows(cls, known: KnownLinks, case: Core) -> JSON:
        return {
            "links": [one.to_json() for one in known.links],
            "origins": [one.to_json() for one in known.origins],
            "absorbed_into": known.absorbed_into and known.absorbed_into.to_json(),
        }
