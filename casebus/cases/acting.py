"""An act that does not bear what the law asks of it: a fact all the same, and flagged."""

from __future__ import annotations

from casebus.cases.event import CaseEvent
from casebus.cases.findings import DATA_QUALITY, Findings
from casebus.law.acts import Acts, lacking

ACT_INCOMPLETE = "act_incomplete"


def check_act(event: CaseEvent, name: str, acts: Acts, findings: Findings) -> None:
    """Show what is missing, and tell it to nobody; a correction that brings it heals."""
    needs = acts.needs(name, event.legal.date)
    sectors = [
        sector
        for agency, sector in zip(event.to, event.to_sectors, strict=False)
        if agency != event.agency
    ]
    if lacks := needs and lacking(needs, event.data, sectors):
        detail = {"reason": ACT_INCOMPLETE, "lacks": "；".join(one.what for one in lacks)}
        findings.add(DATA_QUALITY, event, detail, about=ACT_INCOMPLETE)
