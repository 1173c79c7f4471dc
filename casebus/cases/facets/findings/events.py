"""The bus's statements about a finding: it was found, and it is gone."""

from __future__ import annotations

from casebus.cases import body
from casebus.cases.core import Core
from casebus.cases.derived import Derived, Told, numbers_for, told_agencies
from casebus.cases.facets.findings.finding import Finding
from casebus.cases.keys import key_of
from casebus.events.envelope import agency_of
from casebus.events.types import FINDING_RAISED, FINDING_WITHDRAWN


def raised_of(stream: str, finding: Finding, numbers: list[dict[str, str]]) -> Derived:
    """The telling of a finding, told once until it is withdrawn; `numbers` are its case's."""
    return Derived(
        stream=stream,
        id=key_of(stream, "raised", finding.key, str(finding.revision)),
        type=FINDING_RAISED,
        to=finding.tell,
        # The agency whose neighbours and superior a rule means.
        of=finding.event[0].partition("/")[0],
        causation=(finding.event[1],),
        legal=None,
        data={
            "key": finding.key,
            "kind": finding.kind,
            "severity": finding.severity,
            "event_source": finding.event[0],
            "event_id": finding.event[1],
            "detail": finding.detail,
            "told": [],
            "numbers": numbers,
            "note": "",
        },
    )


def withdrawn(case: Core, told: Told) -> Derived:
    said = told.data
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "withdrawn", told.key, str(told.revision)),
        type=FINDING_WITHDRAWN,
        to=told_agencies(told),
        of="",
        causation=(told.event[1],),
        legal=None,
        data={
            "key": told.key,
            "kind": body.text(said, "kind"),
            "severity": body.text(said, "severity") or "INFO",
            "event_source": body.text(said, "event_source"),
            "event_id": body.text(said, "event_id"),
            "reasons": "",
            "told": [],
            "numbers": numbers_for(case, agency_of(body.text(said, "event_source"))),
            "note": "",
        },
    )
