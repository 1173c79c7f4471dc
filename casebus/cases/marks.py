"""What the bus has already told of a case: breaches and findings, and what it took back.

Counted, not replayed: the same events in any order give the same marks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from casebus.cases.body import text
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.state import Told
from casebus.law.compiled import event_name

#: What folds derive is said under this source; `bus/scheduler` answers for its own findings.
_FOLD = "bus"


@dataclass(slots=True)
class Mark:
    """What was told under one key: by which events, and how often it was withdrawn."""

    told: list[CaseEvent] = field(default_factory=list)
    withdrawn: int = 0

    @property
    def standing(self) -> Identity | None:
        """The telling that stands: there are more of them than withdrawals."""
        return self.told[-1].identity if len(self.told) > self.withdrawn else None


class Marks:
    def __init__(self) -> None:
        self.breaches: dict[str, Mark] = {}
        self.findings: dict[str, Mark] = {}
        #: The first warning of each clock; a warning is never taken back.
        self.warnings: dict[str, Identity] = {}

    def note(self, event: CaseEvent) -> None:
        """Read an event of the bus; others of its types say nothing of a key."""
        if event.source != _FOLD:
            return
        match event_name(event.type):
            case "clock.breached":
                _tell(self.breaches, text(event.data, "clock_key"), event)
            case "clock.breach_withdrawn":
                _withdraw(self.breaches, text(event.data, "clock_key"))
            case "clock.warned":
                self.warnings.setdefault(text(event.data, "clock_key"), event.identity)
            case "finding.raised":
                _tell(self.findings, text(event.data, "key"), event)
            case "finding.withdrawn":
                _withdraw(self.findings, text(event.data, "key"))


def _tell(marks: dict[str, Mark], key: str, event: CaseEvent) -> None:
    marks.setdefault(key, Mark()).told.append(event)


def _withdraw(marks: dict[str, Mark], key: str) -> None:
    marks.setdefault(key, Mark()).withdrawn += 1


def standing(marks: dict[str, Mark]) -> tuple[Told, ...]:
    """What was told and stands, by key."""
    return tuple(
        Told(key=key, event=mark.standing, data=_data(mark), revision=mark.withdrawn)
        for key, mark in sorted(marks.items())
        if mark.standing is not None
    )


def _data(mark: Mark) -> dict[str, Any]:
    return mark.told[-1].data
