"""An act without the parts that the law asks of it: it counts as a fact, and is flagged."""

from __future__ import annotations

from casebus.cases.event import CaseEvent
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.reading import read_once
from casebus.cases.reporting import DATA_QUALITY
from casebus.law import Law, acts

ACT_INCOMPLETE = "act_incomplete"


def note_lacking(event: CaseEvent, law: Law, findings: Findings) -> None:
    """Show the missing parts, and tell nobody; a correction that adds them heals the finding."""
    if lacks := read_once(_lacks, event, law):
        detail = {"reason": ACT_INCOMPLETE, "lacks": lacks}
        findings.add(DATA_QUALITY, event, detail, about=ACT_INCOMPLETE)


def _lacks(event: CaseEvent, law: Law) -> str:
    """The missing parts in words; empty if nothing is missing."""
    needs = law.acts.needs(event.name, event.legal.date)
    if not needs:
        return ""
    sectors = [
        sector
        for agency, sector in zip(event.to, event.to_sectors, strict=False)
        if agency != event.agency
    ]
    return "；".join(one.what for one in acts.lacking(needs, event.data, sectors))
