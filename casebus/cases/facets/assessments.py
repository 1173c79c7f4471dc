"""The judgement of a case's figures by the criminal standards, after each event with figures."""

from __future__ import annotations

from casebus.cases.assessed import Assessed
from casebus.cases.core import Core
from casebus.cases.facets.facet import JSON, Facet


class AssessmentsFacet(Facet[tuple[Assessed, ...]]):
    """The last one is in force."""

    name = "assessments"

    @classmethod
    def shows(cls, known: tuple[Assessed, ...], case: Core) -> JSON:
        # The one in force has the computation in words; the case is written often.
        return {cls.name: [one.to_json(whole=one is known[-1]) for one in known]}
