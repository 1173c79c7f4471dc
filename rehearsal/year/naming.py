"""The authors and recipients: holders of roles as the fold knows them, or the nearest office."""

from __future__ import annotations

import random
from collections.abc import Iterable

from casebus.cases import Case
from casebus.cases.core import Region
from casebus.events.types import in_full
from casebus.law.compiled import ANY_ROLE, Procedure, Step
from casebus.trust.directory import Agency
from rehearsal.year.world import YearWorld

#: How often an author who may take a role that it names keeps it.
_OWN_ROLE = 0.5
#: Roles that an office of the same kind above the author takes, and one beside it.
_ABOVE = frozenset({"superior", "superior_court", "second_court"})
_BESIDE = frozenset({"delegated_court", "home_agency", "counterpart", "other_agency"})


class YearNaming:
    def __init__(self, world: YearWorld, rng: random.Random) -> None:
        self._world, self._rng = world, rng
        self._abroad = rng.random() < world.plan.abroad.share

    def author(self, case: Case, region: Region, step: Step) -> Agency | None:
        """An agency with standing that may send it and can be named; None if there is none."""
        names: dict[str, None] = {}
        for role in sorted(step.by - {ANY_ROLE}):
            names.update(dict.fromkeys(self._holders(case, region, role)))
        if ANY_ROLE in step.by:
            names.update(dict.fromkeys(case.participants))
        found = self._able(names, step.event)
        opened = self._world.opens.get(step.event)
        fresh = opened is not None and all(one.procedure != opened.id for one in case.regions)
        if fresh and opened is not None:
            # The agency that opens the procedure gets standing by that, but it must be of the
            # opener's kind.
            sectors = opened.roles[opened.opener]
            own = [one for one in found if one.sector in sectors]
            if own or ANY_ROLE not in step.by:
                found = own
            else:
                near = self._world.offices.near(self._place(case), sectors, self._rng)
                found = self._able([near.id] if near else [], step.event)
        return self._rng.choice(found) if found else None

    def recipients(
        self, case: Case, region: Region | None, step: Step, author: Agency
    ) -> tuple[str, ...]:
        """The agencies that take the roles of the step.

        Without such roles, often any agency with a part.
        """
        named: dict[str, None] = {}
        for role, sectors in step.binds:
            own = role in step.takes and author.sector in sectors
            if own and self._rng.random() < _OWN_ROLE:
                continue
            one = self._bound(case, region, role, sectors, author)
            if one is not None and one.id != author.id:
                named[one.id] = None
        opened = self._world.opens.get(step.event)
        for role, sectors in self._of_the_opened(step, opened, author):
            one = self._bound(case, region, role, sectors, author)
            if one is not None and one.id != author.id:
                named[one.id] = None
        return tuple(named) or self.told([region] if region else [], author)

    def told(self, regions: Iterable[Region], author: Agency) -> tuple[str, ...]:
        """Sometimes, all holders of roles."""
        if self._rng.random() >= self._world.plan.walk.told:
            return ()
        held = [one for region in regions for names in region.roles.values() for one in names]
        return tuple(one for one in dict.fromkeys(held) if one != author.id)

    def writer(self, case: Case, event: str) -> Agency | None:
        """An agency with a part in the case that may write this into it."""
        able = self._able(case.participants, event)
        return self._rng.choice(able) if able else None

    @staticmethod
    def _of_the_opened(
        step: Step, opened: Procedure | None, author: Agency
    ) -> Iterable[tuple[str, frozenset[str]]]:
        """The roles that the same event binds in the procedure that it opens beside."""
        if opened is None:
            return ()
        versions = opened.steps.get((opened.initial, step.event), ())
        return tuple(
            (role, sectors)
            for role, sectors in (versions[0].binds if versions else ())
            if role not in versions[0].takes or author.sector not in sectors
        )

    def _bound(
        self,
        case: Case,
        region: Region | None,
        role: str,
        sectors: frozenset[str],
        author: Agency,
    ) -> Agency | None:
        offices, rng = self._world.offices, self._rng
        held = self._holders(case, region, role) if region else ()
        known = [one for name in held if (one := offices.agency(name)) and one.id != author.id]
        if known and author.id not in held:
            return known[0]
        if role in _ABOVE:
            return self._fitting(offices.superior(author), sectors)
        away = self._world.plan.abroad
        if self._abroad and sectors & away.sectors:
            self._abroad = False
            found = offices.beyond(self._world.plan.province, sectors & away.sectors, rng)
            if found is not None:
                return found
        if role in _BESIDE or author.sector in sectors:
            beside = self._fitting(offices.beside(author, rng), sectors)
            if beside is not None:
                return beside
        return offices.near(author.division, sectors, rng)

    @staticmethod
    def _fitting(one: Agency | None, sectors: frozenset[str]) -> Agency | None:
        return one if one is not None and one.sector in sectors else None

    def _holders(self, case: Case, region: Region | None, role: str) -> tuple[str, ...]:
        return (region.roles.get(role) if region else None) or case.roles.get(role, ())

    def _able(self, names: Iterable[str], event: str) -> list[Agency]:
        law, offices = self._world.law, self._world.offices
        ce_type = in_full(event)
        found = (offices.agency(name) for name in names)
        return [
            one for one in found if one is not None and law.may_emit(one.sector, one.level, ce_type)
        ]

    def _place(self, case: Case) -> str:
        opener = self._world.offices.agency((case.opener or "").partition("/")[0])
        return opener.division if opener else self._world.plan.province
