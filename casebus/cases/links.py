"""How a case stands to others: linked with them, merged out of them, or gone on in another one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from casebus.cases import body
from casebus.cases.event import CaseEvent, Identity

LINKED, UNLINKED = "case.linked", "case.unlinked"
#: In the stream that goes on, and in the one that ends in it.
MERGED, ABSORBED = "case.merged", "case.absorbed"
#: Event name -> the field of its body that names the other case.
FIELDS = {LINKED: "linked", UNLINKED: "linked", MERGED: "linked", ABSORBED: "into"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Another case; its stream is empty where the author knew its number only."""

    stream: str
    #: The agency that handles it and the number it has there, as far as the author said.
    source: str
    number: str
    #: How the two are related (`SAME_RIGHT`, ...); empty of a merger.
    relation: str
    #: The event that says so.
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
        """Whether both name the same case: by stream, or by number where one has no stream."""
        if self.stream and other.stream:
            return self.stream == other.stream
        return bool(self.number) and (self.source, self.number) == (other.source, other.number)


class Links:
    """The links of one fold while it runs."""

    def __init__(self) -> None:
        self._links: list[Link] = []
        self._origins: list[Link] = []
        #: The case in which this one goes on; the first that was named counts.
        self.absorbed_into: Link | None = None

    def note(self, event: CaseEvent, name: str) -> None:
        link = _link(event, FIELDS[name])
        if name == LINKED:
            self._links = [*self._others(link), link]
        elif name == UNLINKED:
            self._links = self._others(link)
        elif name == MERGED:
            if not any(one.is_of(link) for one in self._origins):
                self._origins.append(link)
        elif self.absorbed_into is None:
            self.absorbed_into = link

    def _others(self, link: Link) -> list[Link]:
        return [one for one in self._links if not one.is_of(link)]

    @property
    def links(self) -> tuple[Link, ...]:
        """In the order of the last event about each."""
        return tuple(self._links)

    @property
    def origins(self) -> tuple[Link, ...]:
        """The cases merged into this one, each once, in fold order."""
        return tuple(self._origins)


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
