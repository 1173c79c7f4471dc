"""The bus's own events in a fold: what it told before, what ran out, what it learned elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from casebus.cases import body
from casebus.cases.announcements import Announcements
from casebus.cases.event import CaseEvent
from casebus.cases.facets.assessments.answers import ANSWER
from casebus.cases.facets.assessments.assessing import Assessing
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.recalls.words import RECALLED
from casebus.cases.open_regions import OpenRegions
from casebus.cases.parts import Parts
from casebus.cases.renewals import Renewals
from casebus.cases.transitions import Transitions
from casebus.events.doors import BUS
from casebus.events.types import CASE_REINTERPRETED, CLOCK_LAPSE_WITHDRAWN, CLOCK_LAPSED, event_name
from casebus.law.compiled import in_force

_FINDING = "finding."
_CLOCK = "clock."
_LAPSED = event_name(CLOCK_LAPSED)


class BusEvents:
    """Takes the bus's events, in fold order with all others."""

    def __init__(
        self,
        order: Sequence[CaseEvent],
        parts: Parts,
        regions: OpenRegions,
        transitions: Transitions,
        *,
        clocks: Clocks,
        assessing: Assessing,
    ) -> None:
        self._order, self._parts = order, parts
        self._regions, self._transitions = regions, transitions
        self._clocks, self._assessing = clocks, assessing
        self.announcements = Announcements()
        self.renewals = Renewals()

    def take(self, event: CaseEvent, name: str) -> None:
        self.announcements.note(event)
        if event.type == CASE_REINTERPRETED:
            # An agency that is only told of it gets no part in the case.
            if event.source == BUS:
                self.renewals.note(event)
            return
        # An agency that is only told of a finding or a recall gets no part in the case: strangers
        # are told of their own. The same holds for the clock of an agency that opened a region
        # without being asked.
        actor = body.text(event.data, "actor") if name.startswith(_CLOCK) else ""
        gives = not name.startswith(_FINDING) and name != RECALLED
        if gives and (actor in self._parts.now or not actor):
            self._parts.give(event)
        if name == _LAPSED and event.source == BUS:
            self._lapse(event)
        elif name == ANSWER:
            self._assessing.hear(event)
        else:
            self._hear(event, name)

    def _hear(self, event: CaseEvent, name: str) -> None:
        """Let the bus's outside knowledge move each procedure that has a transition for it."""
        for region in self._regions.all:
            step = in_force(region.procedure.steps.get((region.status, name)), event.legal.date)
            if step is not None and BUS in step.by:
                self._transitions.apply(region, step, event)

    def _lapse(self, event: CaseEvent) -> None:
        """Take the bus's statement that a clock ran out: it holds if the clock runs here."""
        data = event.data
        clock = body.text(data, "clock")
        which = (clock, body.text(data, "trigger_source"), body.text(data, "trigger_id"))
        if event.id in self._taken_back:
            self._clocks.take_back(which)
        elif (ended := self._clocks.lapse(which, event)) is None:
            self._clocks.unfounded.append(event)
        else:
            self._assessing.lapsed(ended)
            for region in self._regions.all:
                versions = region.procedure.lapses.get((region.status, clock))
                step = in_force(versions, event.legal.date)
                if step is not None:
                    self._transitions.apply(region, step, event)

    @cached_property
    def _taken_back(self) -> set[str]:
        """Ids of lapses that the bus took back, at any place in the fold order."""
        return {
            lapse
            for event in self._order
            if event.type == CLOCK_LAPSE_WITHDRAWN and event.source == BUS
            for lapse in event.causation
        }
