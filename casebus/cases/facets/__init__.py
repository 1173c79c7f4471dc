"""The knowledge of a case besides its state: one module or package for each thing that it knows.

A new fact is one module here, one line in FACETS and, if it has rows, one migration. It is then in
the case's JSON and digest, in the tables and their rebuild, in the gateway's answers as far as the
caller may see it, and in the bus's events. docs/how-to/facet.md shows an example.

Owns what each facet reads, takes, shows, writes and says. Touches events and law, with orjson.
"""

from __future__ import annotations

from typing import Any

from casebus.cases.event import CaseEvent
from casebus.cases.facets.assessments import AssessmentsFacet
from casebus.cases.facets.clocks import ClocksFacet
from casebus.cases.facets.copies import CopiesFacet
from casebus.cases.facets.facet import Facet, Moved, ReadFacet, Row, Setting
from casebus.cases.facets.findings import DeviationsFacet, FindingsFacet
from casebus.cases.facets.identifiers import IdentifiersFacet
from casebus.cases.facets.links import LinksFacet
from casebus.cases.facets.organisations import OrganisationsFacet
from casebus.cases.facets.proposals import ProposalsFacet
from casebus.cases.facets.recalls import RecallsFacet
from casebus.cases.facets.regions import RegionsFacet
from casebus.cases.facets.rights import RightsFacet
from casebus.cases.facets.titles import TitlesFacet
from casebus.cases.facets.work import WorkFacet
from casebus.law import Law

#: In this order they take events, write rows and give the events they owe.
FACETS: tuple[type[Facet[Any]], ...] = (
    RegionsFacet,
    FindingsFacet,
    DeviationsFacet,
    ClocksFacet,
    WorkFacet,
    CopiesFacet,
    RecallsFacet,
    AssessmentsFacet,
    OrganisationsFacet,
    LinksFacet,
    RightsFacet,
    TitlesFacet,
    IdentifiersFacet,
    ProposalsFacet,
)
#: The facets that read events.
READ_FACETS: tuple[type[ReadFacet[Any]], ...] = tuple(
    one for one in FACETS if issubclass(one, ReadFacet)
)


def read(event: CaseEvent, law: Law) -> tuple[tuple[int, Any], ...]:
    """The event's statement for each facet that it concerns, with its place in READ_FACETS."""
    found = []
    for place, facet in enumerate(READ_FACETS):
        said = facet.read(event, law)
        if said is not None:
            found.append((place, said))
    return tuple(found)


__all__ = [
    "FACETS",
    "READ_FACETS",
    "AssessmentsFacet",
    "ClocksFacet",
    "CopiesFacet",
    "DeviationsFacet",
    "Facet",
    "FindingsFacet",
    "IdentifiersFacet",
    "LinksFacet",
    "Moved",
    "OrganisationsFacet",
    "ProposalsFacet",
    "ReadFacet",
    "RecallsFacet",
    "RegionsFacet",
    "RightsFacet",
    "Row",
    "Setting",
    "TitlesFacet",
    "WorkFacet",
    "read",
]
