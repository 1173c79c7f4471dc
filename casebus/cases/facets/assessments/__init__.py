"""The judgement of a case's figures by the criminal standards, after each event with figures.

Owns what was assessed, the statements of figures, the answers of other cases, and omitted
transfers. Touches events and law.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from casebus.cases.core import Core
from casebus.cases.facets.assessments.assessed import Assessed
from casebus.cases.facets.assessments.assessing import Assessing
from casebus.cases.facets.facet import JSON, Compared, Facet, Moved


class AssessmentsFacet(Facet[tuple[Assessed, ...]]):
    """The last one is in force."""

    name = "assessments"
    lists = ("assessments",)

    @classmethod
    def after(cls, moved: Moved) -> tuple[Assessed, ...]:
        return moved.of(Assessing).all()

    @classmethod
    def shows(cls, known: tuple[Assessed, ...], case: Core) -> JSON:
        # The one in force has the computation in words; the case is written often.
        return {cls.name: [one.to_json(whole=one is known[-1]) for one in known]}

    @classmethod
    def compares(cls, view: Mapping[str, Any], until: datetime) -> Iterator[Compared]:
        for one in view.get("assessments", ()):
            said = f"{one['verdict']} {one['offence']} tier {one['tier']} {one['rule']}".strip()
            yield Compared("assessment", one["event"]["id"], said)
