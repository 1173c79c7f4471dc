"""The effects of a step of a procedure: states, roles, clocks, duties, copies."""

from __future__ import annotations

from collections.abc import Mapping

from casebus.cases.checks import CHECKS
from casebus.cases.event import CaseEvent
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.copies import CopiesOwed
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.facets.work.items import WorkItems
from casebus.cases.open_regions import OpenRegion, OpenRegions
from casebus.cases.reporting import DATA_QUALITY
from casebus.law.compiled import ALL, Step


class Transitions:
    """Transitions of one fold; the parts that it moves are given to it, and shared."""

    def __init__(
        self,
        regions: OpenRegions,
        last: Mapping[str, CaseEvent],
        *,
        clocks: Clocks,
        work: WorkItems,
        copies: CopiesOwed,
        findings: Findings,
    ) -> None:
        """`last` is the last event of each name."""
        self._regions, self._roles, self._last = regions.all, regions.known, last
        self._clocks, self._work, self._findings = clocks, work, findings
        self._copies = copies

    def apply(self, region: OpenRegion, step: Step, event: CaseEvent) -> None:
        region.status = step.to or region.status
        for role, sectors in step.binds:
            self._bind(region, step, role, sectors, event)
        self._move_clocks(region, step, event)
        self._work.close(step.closes, event, region)
        for duty in step.opens:
            self._work.open(duty, event, region, self._clocks)
        for rule in step.copies:
            self._copies.owe(rule, event, step.citation)
        for check in step.checks:
            roles = {**self._roles, **region.roles}
            CHECKS[check](event, self._last, roles, self._findings)

    def _move_clocks(self, region: OpenRegion, step: Step, event: CaseEvent) -> None:
        clocks = self._clocks
        if step.stops:
            clocks.stop(step.stops, event, region)
        if step.cancels:
            clocks.cancel(step.cancels, event, region)
        if step.resumes:
            clocks.resume(step.resumes, event, region)
        if step.extends:
            for clock, reason in clocks.extend(step.extends, event, region):
                detail = {"reason": reason, "clock": clock}
                self._findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about=clock)
        if step.starts or step.ensures:
            self._start_clocks(region, step, event)
        # This comes last: clocks that the same event starts may begin with a pause.
        if step.pauses and clocks.were_met(step.pauses_if_met, region):
            clocks.pause(step.pauses, event, region, until=step.pauses_until)

    def _start_clocks(self, region: OpenRegion, step: Step, event: CaseEvent) -> None:
        alone = len(self._regions) == 1
        for versions in step.starts:
            self._clocks.start(versions, event, region, alone=alone)
        done = step.unless_open and any(
            one.procedure.id in step.unless_open for one in self._regions
        )
        for versions in step.ensures:
            self._clocks.ensure(versions, event, region, alone=alone, done=bool(done))

    def stray(self, region: OpenRegion, step: Step, event: CaseEvent) -> None:
        if step.to in region.procedure.ahead[region.status]:
            self.apply(region, step, event)
        else:
            # A fact behind the state still ends the duties that it fulfils, but begins none. The
            # case has moved on, and a way back would revive duties that later events have settled.
            self._clocks.stop(step.stops, event, region)
            self._work.close(step.closes, event, region)

    def _bind(
        self, region: OpenRegion, step: Step, role: str, sectors: frozenset[str], event: CaseEvent
    ) -> None:
        author = event.agency
        for agency, sector in zip(event.to, event.to_sectors, strict=False):
            if sector in sectors and agency != author:
                region.bind(role, agency)
                return
        if role in step.takes and event.sector in sectors:
            region.bind(role, author)
        elif step.needs(role) and not region.holders(role):
            detail = {"reason": "no_recipient", "role": role}
            self._findings.add(DATA_QUALITY, event, detail, tell=[author], about=role)

    def absorb(self, event: CaseEvent) -> None:
        """The case goes on in another one: end what runs here."""
        everything = frozenset({ALL})
        for region in self._regions:
            self._clocks.cancel(everything, event, region)
            self._work.close(everything, event, region)
            region.absorbed = True
