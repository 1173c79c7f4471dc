"""Findings: the facts about events of a case that people should know.

In history they are counted.

Owns a finding, those of one fold, and the bus's events about them. Touches events and law, with
orjson.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, ClassVar, NamedTuple

import orjson

from casebus.cases.announcements import Announcements, standing
from casebus.cases.body import plain, text
from casebus.cases.core import Core
from casebus.cases.derived import Derived, Told, numbers_for
from casebus.cases.event import CaseEvent
from casebus.cases.facets.facet import JSON, Compared, Facet, Moved, Row
from casebus.cases.facets.findings import events
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.facets.findings.finding import Deviation, Finding
from casebus.cases.renewals import Renewals
from casebus.events.envelope import agency_of

_SEVERITIES = frozenset({"INFO", "WARNING", "SERIOUS"})


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
    lists = ("findings",)
    nothing = KnownFindings()
    for_operators = True
    tables = (FindingRow,)

    @classmethod
    def after(cls, moved: Moved) -> KnownFindings:
        announced, hushed = moved.of(Announcements), moved.of(Renewals).hushed
        found = moved.of(Findings).all(announced.findings)
        if hushed:
            found = tuple(_hushed(one, moved.stream, hushed) for one in found)
        asked = tuple(map(_asked, announced.asked()))
        return KnownFindings((*found, *asked), standing(announced.findings))

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
                yield events.raised_of(case.stream, one, numbers)
        if not known.told:
            return
        present = {one.key for one in known.all if one.tell}
        for told in known.told:
            if told.key not in present:
                yield events.withdrawn(case, told)

    @classmethod
    def compares(cls, view: Mapping[str, Any], until: datetime) -> Iterator[Compared]:
        found: dict[str, str] = {}
        for one in view.get("findings", ()):
            what = f"{one['kind']} of {one['event']['id']}"
            found[what] = f"{found.get(what, '')} {one['severity']}".strip()
        return (Compared("finding", what, said) for what, said in found.items())


def _hushed(finding: Finding, stream: str, hushed: Collection[str]) -> Finding:
    """Told to nobody, if only the newer reading of the case found it."""
    if events.raised_of(stream, finding, []).id not in hushed:
        return finding
    return replace(finding, tell=(), tell_after=None)


def _asked(event: CaseEvent) -> Finding:
    """What the scheduler found across cases: shown. Whom it told it has told."""
    severity, detail = text(event.data, "severity"), event.data.get("detail")
    return Finding(
        key=text(event.data, "key"),
        kind=text(event.data, "kind"),
        severity=severity if severity in _SEVERITIES else "INFO",
        event=event.identity,
        detail={plain(str(name)): plain(str(value)) for name, value in detail.items()}
        if isinstance(detail, dict)
        else {},
    )


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
    def after(cls, moved: Moved) -> tuple[Deviation, ...]:
        return moved.of(Findings).of_history()

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
