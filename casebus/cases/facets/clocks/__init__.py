"""The clocks of a case: their rows, and the bus's events when one ran out.

Owns a clock as the fold leaves it, one that runs, all of a case, what moves them, and the bus's
events about them. Touches events and law, with orjson.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any, ClassVar, NamedTuple

import orjson

from casebus.cases import body
from casebus.cases.announcements import Announcements, standing
from casebus.cases.core import Core
from casebus.cases.derived import Derived, Told
from casebus.cases.event import CaseEvent
from casebus.cases.facets.clocks import events
from casebus.cases.facets.clocks.clock import BREACH, MET, MET_LATE, RUNNING, Clock
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.facet import JSON, Compared, Facet, Moved, Row
from casebus.cases.renewals import Renewals


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
    def after(cls, moved: Moved) -> KnownClocks:
        clocks, announced, renewals = moved.of(Clocks), moved.of(Announcements), moved.of(Renewals)
        found = clocks.frozen(announced)
        if renewals.has_history:
            found = tuple(_renewed(one, announced, renewals) for one in found)
        unfounded = tuple(map(_told, clocks.unfounded))
        return KnownClocks(found, standing(announced.breaches), unfounded)

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
                yield events.breach_of(clock)
            elif clock.lapse_after is not None:
                yield events.lapse_of(clock)
        if not (known.unfounded or known.told):
            return
        clocks = {clock.key: clock for clock in known.all}
        for told in known.unfounded:
            yield events.lapse_withdrawn(case, clocks.get(told.key), told)
        for told in known.told:
            if reason := events.unfounded(clocks.get(told.key), told):
                yield events.breach_withdrawn(case, told, reason)

    @classmethod
    def compares(cls, view: Mapping[str, Any], until: datetime) -> Iterator[Compared]:
        """Each clock's due date and how it ended; and whether it was late."""
        for clock in (Clock.from_json(one) for one in view.get("clocks", ())):
            what = f"{clock.id} of {clock.trigger[1]}"
            due = clock.due.isoformat() if clock.due else "at once"
            status = MET if clock.status == MET_LATE else clock.status
            yield Compared("clock", what, f"{due} {status}")
            if _is_late(clock, until):
                yield Compared("breach", what, "late")


def _renewed(clock: Clock, announced: Announcements, renewals: Renewals) -> Clock:
    """Historic, if only the newer reading found it over and nobody was told of it."""
    over = clock.breach_after or clock.lapse_after
    if clock.key in announced.breaches or not renewals.is_history(clock.key, over):
        return clock
    return replace(clock, historic=True)


def _told(event: CaseEvent) -> Told:
    key = body.text(event.data, "clock_key")
    return Told(key=key, event=event.identity, data=event.data, revision=0)


def _is_late(clock: Clock, until: datetime) -> bool:
    """True if its breach would be told, or would have been if it were not history."""
    if clock.expiry != BREACH or clock.certain is None:
        return False
    if clock.status == RUNNING:
        return clock.certain + clock.grace <= until
    return clock.missed
