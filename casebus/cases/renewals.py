"""The content of `case.reinterpreted`, read by the fold: the parts that are history since then."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from casebus.cases.announcements import Announcement
from casebus.cases.body import text
from casebus.cases.clock import Clock
from casebus.cases.event import CaseEvent
from casebus.cases.facets.copies import CopyDue
from casebus.cases.finding import Finding
from casebus.cases.finding_events import raised_of
from casebus.cases.keys import key_of


class Renewals:
    """Collected while a fold runs; empty for almost every case."""

    def __init__(self, stream: str) -> None:
        self._stream = stream
        #: (as of, keys of the clocks that only the newer reading found over by then).
        self._cuts: list[tuple[datetime, frozenset[str]]] = []
        self._hushed: set[str] = set()

    def note(self, event: CaseEvent) -> None:
        """Note an event. Events from before there was `as_of` leave nothing to history."""
        try:
            as_of = datetime.fromisoformat(text(event.data, "as_of"))
        except ValueError:
            return
        if as_of.tzinfo is None:
            return
        self._cuts.append((as_of, frozenset(_words(event, "history"))))
        self._hushed.update(_words(event, "hushed"))

    def clocks(self, clocks: tuple[Clock, ...], told: dict[str, Announcement]) -> tuple[Clock, ...]:
        """Clocks that only the newer reading found over, and that were never told, become historic.

        They are named one by one. An event that starts or moves a clock may have been on its way
        when the case was renewed, and no reading had covered such a clock.
        """
        if not self._cuts:
            return clocks
        return tuple(
            replace(one, historic=True) if one.key not in told and self._is_over(one) else one
            for one in clocks
        )

    def findings(self, findings: tuple[Finding, ...]) -> tuple[Finding, ...]:
        """Findings of only the new reading are shown and told to nobody."""
        if not self._hushed:
            return findings
        return tuple(
            replace(one, tell=(), tell_after=None)
            if raised_of(self._stream, one, []).id in self._hushed
            else one
            for one in findings
        )

    def copies(self, copies: tuple[CopyDue, ...]) -> tuple[CopyDue, ...]:
        if not self._hushed:
            return copies
        return tuple(one for one in copies if self._copy_id(one) not in self._hushed)

    def _copy_id(self, one: CopyDue) -> str:
        return key_of(self._stream, "copy_due", one.rule, *one.event)

    def _is_over(self, clock: Clock) -> bool:
        over = clock.breach_after or clock.lapse_after
        return over is not None and any(
            over <= as_of and clock.key in history for as_of, history in self._cuts
        )


def _words(event: CaseEvent, name: str) -> list[str]:
    given = event.data.get(name)
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
