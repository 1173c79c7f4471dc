"""The bus's earlier statements about a case: breaches and findings, and their withdrawals.

Counted, not replayed: the same events in any order give the same announced.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from casebus.cases.body import text
from casebus.cases.derived import Told
from casebus.cases.event import CaseEvent, Identity
from casebus.events.doors import BUS, SCHEDULER
from casebus.events.types import (
    CLOCK_BREACH_WITHDRAWN,
    CLOCK_BREACHED,
    CLOCK_WARNED,
    FINDING_RAISED,
    FINDING_WITHDRAWN,
    event_name,
)

_BREACHED, _BREACH_WITHDRAWN = event_name(CLOCK_BREACHED), event_name(CLOCK_BREACH_WITHDRAWN)
_WARNED = event_name(CLOCK_WARNED)
_RAISED, _WITHDRAWN = event_name(FINDING_RAISED), event_name(FINDING_WITHDRAWN)


@dataclass(slots=True)
class Announcement:
    """The statements under one key: their events, and how often they were withdrawn."""

    told: list[CaseEvent] = field(default_factory=list)
    withdrawn: int = 0

    @property
    def standing(self) -> Identity | None:
        """The telling that is in force: there are more tellings than withdrawals."""
        return self.told[-1].identity if len(self.told) > self.withdrawn else None


class Announcements:
    def __init__(self) -> None:
        self.breaches: dict[str, Announcement] = {}
        self.findings: dict[str, Announcement] = {}
        #: The first warning of each clock; a warning is never taken back.
        self.warnings: dict[str, Identity] = {}
        #: The scheduler's findings across cases, and the ids that it took back.
        self._asked: list[CaseEvent] = []
        self._taken_back: set[str] = set()

    def note(self, event: CaseEvent) -> None:
        """Read an event of the bus; its events of other types have no key."""
        if event.source == SCHEDULER:
            self._note_asked(event)
        if event.source != BUS:
            return
        name = event.name
        if name == _BREACHED:
            _tell(self.breaches, text(event.data, "clock_key"), event)
        elif name == _BREACH_WITHDRAWN:
            _withdraw(self.breaches, text(event.data, "clock_key"))
        elif name == _WARNED:
            self.warnings.setdefault(text(event.data, "clock_key"), event.identity)
        elif name == _RAISED:
            _tell(self.findings, text(event.data, "key"), event)
        elif name == _WITHDRAWN:
            _withdraw(self.findings, text(event.data, "key"))

    def _note_asked(self, event: CaseEvent) -> None:
        if event.name == _RAISED:
            self._asked.append(event)
        elif event.name == _WITHDRAWN:
            self._taken_back.update(event.causation)

    def asked(self) -> tuple[CaseEvent, ...]:
        """The scheduler's findings that stand: the last event for each key."""
        found = {
            text(one.data, "key"): one for one in self._asked if one.id not in self._taken_back
        }
        return tuple(found.values())


def _tell(announced: dict[str, Announcement], key: str, event: CaseEvent) -> None:
    announced.setdefault(key, Announcement()).told.append(event)


def _withdraw(announced: dict[str, Announcement], key: str) -> None:
    announced.setdefault(key, Announcement()).withdrawn += 1


def standing(announced: dict[str, Announcement]) -> tuple[Told, ...]:
    """The statements in force, by key."""
    return tuple(
        Told(key=key, event=mark.standing, data=_data(mark), revision=mark.withdrawn)
        for key, mark in sorted(announced.items())
        if mark.standing is not None
    )


def _data(mark: Announcement) -> dict[str, Any]:
    return mark.told[-1].data
