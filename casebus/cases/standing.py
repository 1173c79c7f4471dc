"""Standing: who may say what in a case, which regions accept an event, who is told and who sees it.

The fold asks it before it folds an event, in fold order: parts and roles grow with each event.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from casebus.cases.event import CaseEvent
from casebus.cases.open_regions import OpenRegion, OpenRegions
from casebus.cases.parts import Parts
from casebus.events.doors import BUS
from casebus.law.compiled import ANY_ROLE, Step, in_force

#: A step where it applies.
Here = tuple[OpenRegion, Step]


class AuthorStanding:
    """The standing of authors in one case, by their parts in it and their roles in its regions."""

    def __init__(self, regions: OpenRegions, parts: Parts) -> None:
        self._regions, self._parts = regions, parts

    def where(
        self, event: CaseEvent, name: str, fresh: OpenRegion | None
    ) -> tuple[list[Here], list[Here], OpenRegion | None]:
        """Return regions that accept it, that only know it, and one that bars its author.

        `fresh` is the region that the event would open.
        """
        expected: list[Here] = []
        strays: list[Here] = []
        barred: OpenRegion | None = None
        day = event.legal.date
        regions = self._regions.all
        for region in regions if fresh is None else [*regions, fresh]:
            procedure = region.procedure
            versions = procedure.otherwise.get(name)
            if versions is None or region.absorbed:
                continue
            step = in_force(procedure.steps.get((region.status, name)), day)
            found = expected
            if step is None:
                step, found = in_force(versions, day) or versions[0], strays
            if region is fresh or self._may_act(region, step, event):
                found.append((region, step))
            elif fresh is not None and ANY_ROLE in step.by:
                # An agency that opens a procedure in the case takes part in it, and so has standing
                # beside it too.
                found.append((region, step))
            elif barred is None:
                barred = region
        return expected, strays, barred

    def _may_act(self, region: OpenRegion, step: Step, event: CaseEvent) -> bool:
        if ANY_ROLE in step.by:
            return self.takes_part(event.agency)
        for role in step.by:
            if event.agency in region.holders(role):
                return True
        # A new round has an opener of its own.
        is_round = step.opening and region.status in region.procedure.final
        return is_round and region.may_open(event)

    def takes_part(self, agency: str) -> bool:
        """Whether the agency is heard: it has a part in the case, or a role in one of its regions.

        An agency may have a role only in a region that nobody asked for. It is heard, and sees the
        case when somebody with a part in the case names it (ADR 0017).
        """
        return agency in self._parts.now or self._regions.has_role(agency)

    def may_merge(self, agency: str) -> bool:
        """A merger needs a part in the case and a role in it."""
        return agency in self._parts.now and self._regions.has_role(agency)

    def name(self, event: CaseEvent, where: Sequence[OpenRegion]) -> None:
        """Give a part to the agencies that it names, in these regions.

        A region that was opened without being asked for gives none, and neither does an answer in
        it: its opener asked for that answer.
        """
        if not where or any(map(self._is_asked, where)):
            self._parts.give(event)

    def _is_asked(self, region: OpenRegion) -> bool:
        return not region.unasked or region.begun_by in self._parts.now

    def hearers(self, order: Sequence[CaseEvent], shown: Collection[str]) -> tuple[str, ...]:
        """The agencies that are told what other cases mean for this one; none if all is history."""
        if all(event.imported or event.sector == BUS for event in order):
            return ()
        held = {
            agency
            for region in self._regions.all
            if region.runs
            for role in region.procedure.roles
            for agency in region.holders(role)
        }
        return tuple(sorted(held.intersection(shown)))

    def team(self, owners: Collection[str], shown: Collection[str]) -> tuple[str, ...]:
        """The owners, and the holders of roles in regions that somebody asked for."""
        held = set(owners).union(
            *(
                region.holders(role)
                for region in self._regions.all
                if self._is_asked(region)
                for role in region.procedure.roles
            )
        )
        return tuple(sorted(held.intersection(shown)))
