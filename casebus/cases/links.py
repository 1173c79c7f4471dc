"""The links of one fold at work: events' statements about other cases."""

from __future__ import annotations

from casebus.cases import body
from casebus.cases.event import CaseEvent
from casebus.cases.facets.links import KnownLinks, Link

LINKED, UNLINKED = "case.linked", "case.unlinked"
#: In the stream that goes on, and in the one that ends in it.
MERGED, ABSORBED = "case.merged", "case.absorbed"
#: Event name -> the field of its body that names the other case.
FIELDS = {LINKED: "linked", UNLINKED: "linked", MERGED: "linked", ABSORBED: "into"}


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
