"""The clocks of a case: their rows, and the bus's events when one ran out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import ClassVar, NamedTuple

import orjson

from casebus.cases import clock_events
from casebus.cases.clock import Clock
from casebus.cases.core import Core
from casebus.cases.derived import Derived, Told
from casebus.cases.facets.facet import JSON, Facet, Row


@dataclass(frozen=True, slots=True)
class ClockRow(Row):
    TABLE: ClassVar[str] = "clock"

    key: str
    clock: str
    status: str
    historic: bool
    due: datetime | None
    #: Due plus grace, at which the scheduler looks; None if nothing can be breached.
    breach_after: datetime | None
    procedure: str
    #: The last day as counted, before it rolled over.
    nominal: date | None
    #: The moment for a warning of the actor, and the moment for telling a lapse, grace included.
    warn_after: datetime | None
    lapse_after: datetime | None
    extended: int
    cause: str
    view: bytes


class KnownClocks(NamedTuple):
    all: tuple[Clock, ...] = ()
    #: Journaled breaches that nobody took back.
    told: tuple[Told, ...] = ()
    #: Journaled lapses that no longer hold and were not taken back yet.
    unfounded: tuple[Told, ...] = ()


class ClocksFacet(Facet[KnownClocks]):
    name = "clocks"
    nothing = KnownClocks()
    in_view = False
    tables = (ClockRow,)

    @classmethod
    def shows(cls, known: KnownClocks, case: Core) -> JSON:
        return {cls.name: [one.to_json() for one in known.all]}

    @classmethod
    def rows(cls, known: KnownClocks, case: Core, view: JSON) -> Iterator[ClockRow]:
        for clock, shown in zip(known.all, view[cls.name], strict=True):
            yield ClockRow(
                key=clock.key,
                clock=clock.id,
                status=clock.status,
                historic=clock.historic,
                due=clock.due,
                breach_after=clock.breach_after,
                procedure=clock.procedure,
                nominal=clock.nominal,
                warn_after=clock.warn_after,
                lapse_after=clock.lapse_after,
                extended=clock.extended,
                cause=clock.cause,
                view=orjson.dumps(shown),
            )

    @classmethod
    def says(cls, known: KnownClocks, case: Core) -> Iterator[Derived]:
        """Breaches and lapses that the late act itself shows, and withdrawals."""
        for clock in known.all:
            if not clock.missed:
                continue
            if clock.breach_after is not None:
                yield clock_events.breach_of(clock)
            elif clock.lapse_after is not None:
                yield clock_events.lapse_of(clock)
        if not (known.unfounded or known.told):
            return
        clocks = {clock.key: clock for clock in known.all}
        for told in known.unfounded:
            yield clock_events.lapse_withdrawn(case, clocks.get(told.key), told)
        for told in known.told:
            if reason := clock_events.unfounded(clocks.get(told.key), told):
                yield clock_events.breach_withdrawn(case, told, reason)
