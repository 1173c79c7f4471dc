"""The fold's result for a case. It is immutable, and every part has a JSON form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from casebus.cases import facets
from casebus.cases.core import Core
from casebus.cases.facets.clocks.clock import Clock
from casebus.cases.facets.findings.finding import Finding
from casebus.cases.facets.work.item import WorkItem

#: A stream without any procedure: a roster, an import, only the bus's own events.
NO_CASE = "none"
#: Events of a case whose opening has not been journaled (design rule 2, whose case it is).
UNOPENED = "unopened"


@dataclass(slots=True, kw_only=True)
class Case(Core):
    """The state of one stream, with the knowledge of every facet."""

    def to_json(self) -> dict[str, Any]:
        view = {
            "stream": self.stream,
            "status": self.status,
            "procedure": self.procedure,
            "title": self.title,
            "title_en": self.title_en,
            "opener": self.opener,
            "roles": {role: list(agencies) for role, agencies in sorted(self.roles.items())},
            "numbers": [{"kind": kind, "value": value} for kind, value in self.numbers],
            "order": [{"source": source, "id": event_id} for source, event_id in self.order],
            "secrecy": list(self.secrecy),
            "law": self.law,
        }
        for facet in facets.FACETS:
            view |= facet.shows(self.of(facet), self)
        return view

    def digest(self) -> str:
        return digest_of(self.to_json())

    # The three that are asked most. The others are asked of their facet: `case.of(LinksFacet)`.
    @property
    def clocks(self) -> tuple[Clock, ...]:
        return self.of(facets.ClocksFacet).all

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.of(facets.FindingsFacet).all

    @property
    def work(self) -> tuple[WorkItem, ...]:
        return self.of(facets.WorkFacet)


def digest_of(view: dict[str, Any]) -> str:
    """SHA-256 (hex) of a case's canonical JSON; the law's digest is no part of the state."""
    state = {name: value for name, value in view.items() if name != "law"}
    state["clocks"] = [
        {name: value for name, value in clock.items() if name != "law"} for clock in view["clocks"]
    ]
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()
