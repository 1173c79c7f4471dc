"""The fold's result for a case. It is immutable, and every part has a JSON form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import orjson

from casebus.cases import facets
from casebus.cases.assessed import ActOf, Assessed, Punished
from casebus.cases.clock import Clock
from casebus.cases.core import Core
from casebus.cases.facets.copies import CopyDue
from casebus.cases.facets.links import Link
from casebus.cases.facets.proposals import Proposed
from casebus.cases.facets.recalls import Recall
from casebus.cases.facets.titles import MatterTitle
from casebus.cases.facets.work import WorkItem
from casebus.cases.finding import Deviation, Finding

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

    @property
    def clocks(self) -> tuple[Clock, ...]:
        return self.of(facets.ClocksFacet).all

    @property
    def findings(self) -> tuple[Finding, ...]:
        return self.of(facets.FindingsFacet).all

    @property
    def deviations(self) -> tuple[Deviation, ...]:
        """Findings about imported events, in the order found."""
        return self.of(facets.DeviationsFacet)

    @property
    def work(self) -> tuple[WorkItem, ...]:
        return self.of(facets.WorkFacet)

    @property
    def copies(self) -> tuple[CopyDue, ...]:
        return self.of(facets.CopiesFacet)

    @property
    def recalls(self) -> tuple[Recall, ...]:
        return self.of(facets.RecallsFacet)

    @property
    def assessments(self) -> tuple[Assessed, ...]:
        return self.of(facets.AssessmentsFacet)

    @property
    def punished(self) -> tuple[Punished, ...]:
        """Punishments in this one, for the other cases of the same organisations."""
        return self.of(facets.OrganisationsFacet).punished

    @property
    def acts(self) -> tuple[ActOf, ...]:
        return self.of(facets.OrganisationsFacet).acts

    @property
    def proposals(self) -> tuple[Proposed, ...]:
        return self.of(facets.ProposalsFacet)

    @property
    def links(self) -> tuple[Link, ...]:
        return self.of(facets.LinksFacet).links

    @property
    def titles(self) -> tuple[MatterTitle, ...]:
        """The names of its matter by the agencies with a part in it.

        They are no part of its state.
        """
        return self.of(facets.TitlesFacet)


def digest_of(view: dict[str, Any]) -> str:
    """SHA-256 (hex) of a case's canonical JSON; the law's digest is no part of the state."""
    state = {name: value for name, value in view.items() if name != "law"}
    state["clocks"] = [
        {name: value for name, value in clock.items() if name != "law"} for clock in view["clocks"]
    ]
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()
