"""Findings: the facts about events of a case that people should know.

In history they are counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import orjson

from casebus.cases import finding_events
from casebus.cases.core import Core
from casebus.cases.derived import Derived, Told, numbers_for
from casebus.cases.facets.facet import JSON, Facet, Row
from casebus.cases.finding import Deviation, Finding
from casebus.events.envelope import agency_of


@dataclass(frozen=True, slots=True)
class FindingRow(Row):
    TABLE: ClassVar[str] = "finding"

    key: str
    kind: str
    #: The moment from which it may be told. None if there is nothing to wait for.
    tell_after: datetime | None
    view: bytes


class KnownFindings(NamedTuple):
    all: tuple[Finding, ...] = ()
    #: Journaled findings that nobody took back.
    told: tuple[Told, ...] = ()


class FindingsFacet(Facet[KnownFindings]):
    name = "findings"
    nothing = KnownFindings()
    for_operators = True
    tables = (FindingRow,)

    @classmethod
    def shows(cls, known: KnownFindings, case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known.all]}

    @classmethod
    def rows(cls, known: KnownFindings, case: Core, view: JSON) -> Iterator[FindingRow]:
        for one, shown in zip(known.all, view[cls.name], strict=True):
            yield FindingRow(one.key, one.kind, one.tell_after, orjson.dumps(shown))

    @classmethod
    def says(cls, known: KnownFindings, case: Core) -> Iterator[Derived]:
        """The telling of findings that need not wait, and the withdrawal of those that are gone."""
        for one in known.all:
            if one.tell and one.tell_after is None:
                numbers = numbers_for(case, agency_of(one.event[0]))
                yield finding_events.raised_of(case.stream, one, numbers)
        if not known.told:
            return
        present = {one.key for one in known.all if one.tell}
        for told in known.told:
            if told.key not in present:
                yield finding_events.withdrawn(case, told)


@dataclass(frozen=True, slots=True)
class DeviationRow(Row):
    """A finding about an imported event, to be counted."""

    TABLE: ClassVar[str] = "deviation"

    key: str
    import_id: str
    kind: str
    reason: str
    event_name: str
    source: str
    id: str
    view: bytes


class DeviationsFacet(Facet[tuple[Deviation, ...]]):
    name = "deviations"
    seen_at = None
    in_view = False
    tables = (DeviationRow,)

    @classmethod
    def shows(cls, known: tuple[Deviation, ...], case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known]}

    @classmethod
    def rows(
        cls, known: tuple[Deviation, ...], case: Core, view: dict[str, Any]
    ) -> Iterator[DeviationRow]:
        for one, shown in zip(known, view[cls.name], strict=True):
            source, event_id = one.event
            yield DeviationRow(
                key=one.key,
                import_id=one.import_id,
                kind=one.kind,
                reason=one.reason,
                event_name=one.event_name,
                source=source,
                id=event_id,
                view=orjson.dumps(shown),
            )
