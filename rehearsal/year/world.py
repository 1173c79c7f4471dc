"""Everything that a walk needs, made once for each process from one seed, one year and one plan."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from casebus.events.schemas import Schemas
from casebus.law import Law, acts, loader
from casebus.law.compiled import Procedure
from onebox.agencies import AGENCIES
from operations.provision.agencies import read_agencies
from rehearsal.year.bodies import Bodies
from rehearsal.year.offices import YearOffices, offices_of
from rehearsal.year.parties import JSON, Parties
from rehearsal.year.plan import CaseKind, YearPlan
from rehearsal.year.times import Times


@dataclass(frozen=True, slots=True)
class YearOrder:
    """The year to make; the same order gives the same bytes."""

    cases: int
    seed: int
    year: int
    schemas: Path
    policies: Path

    @property
    def name(self) -> str:
        """The import's."""
        return f"{self.year}-{self.seed}-{self.cases}"


@dataclass(frozen=True, slots=True)
class YearWorld:
    wanted: YearOrder
    plan: YearPlan
    law: Law
    schemas: Schemas
    offices: YearOffices
    bodies: Bodies
    parties: Parties
    times: Times
    kinds: list[CaseKind]
    #: Code -> place, of the province's counties and cities.
    places: Mapping[str, JSON]
    #: Opening event -> the procedure that it opens.
    opens: Mapping[str, Procedure]

    @classmethod
    def make(cls, wanted: YearOrder, plan: YearPlan | None = None) -> Self:
        """Makes a world by province.yaml, or by another plan."""
        plan = plan or YearPlan.load()
        files = loader.read(wanted.policies / "law")
        # The bodies of a year are invented: the required contents of a decision are not judged in
        # them.
        law = Law({name: one for name, one in files.items() if not acts.is_part(name)})
        schemas = Schemas.load(wanted.schemas)
        day = dt.date(wanted.year, 1, 1)
        known = read_agencies(AGENCIES)
        offices = YearOffices(offices_of(plan.province, plan.offices, law.divisions, known, day))
        places = {
            one.code: {"code": one.code, "name": one.name}
            for one in law.divisions
            if one.code[:2] == plan.province[:2] and one.holds(day)
        }
        seats = [one for code, one in places.items() if not code.endswith("00")]
        return cls(
            wanted=wanted,
            plan=plan,
            law=law,
            schemas=schemas,
            offices=offices,
            bodies=Bodies(schemas, plan.values),
            parties=Parties(wanted.seed, plan.repeats, seats),
            times=Times(wanted.year, plan.season, plan.pace, law.calendar),
            kinds=plan.kinds(wanted.cases),
            places=places,
            opens=dict(law.opening),
        )
