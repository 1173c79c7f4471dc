"""The fold: what a case is, given its events and the law. Pure: no clock, no network.

Owns order, procedure, clocks, findings, work items and what is derived from them. Owns who sees
what of a case, how cases are matched, and what is asked about a published penalty. Touches events
and law, with pydantic, orjson and rapidfuzz. Reads a file only where a policy is loaded
(`Access.load`, `PenaltyEntryRules.load`, `Rooms.load`).
"""

from __future__ import annotations

from casebus.cases.core import Region
from casebus.cases.derive import derive
from casebus.cases.derived import Derived
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.clocks.clock import Clock
from casebus.cases.facets.clocks.events import breach_of, lapse_of, warning_of
from casebus.cases.facets.copies import CopyDue
from casebus.cases.facets.findings.events import raised_of
from casebus.cases.facets.findings.finding import Deviation, Finding
from casebus.cases.facets.work.item import WorkItem
from casebus.cases.fold import FOLD_VERSION, fold
from casebus.cases.state import Case
from casebus.cases.unopened import named

__all__ = [
    "FOLD_VERSION",
    "Case",
    "CaseEvent",
    "Clock",
    "CopyDue",
    "Derived",
    "Deviation",
    "Finding",
    "Identity",
    "Region",
    "WorkItem",
    "breach_of",
    "derive",
    "fold",
    "lapse_of",
    "named",
    "raised_of",
    "warning_of",
]
