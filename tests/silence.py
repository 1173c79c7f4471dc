"""The course of a case in which nobody does anything any more."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

from casebus.cases import Case, CaseEvent, fold, lapse_of
from casebus.cases.core import Region
from casebus.cases.facets.clocks.clock import Clock
from casebus.events.legaltime import LegalTime
from casebus.law import Law

#: A chain of lapses, each of which moves the case on, is shorter.
_ROUNDS = 12


def after_silence(events: list[CaseEvent], law: Law, until: dt.datetime) -> Case:
    """The case once the bus has said whatever lapsed up to then."""
    return with_lapses(events, law, until)[1]


def with_lapses(
    events: list[CaseEvent], law: Law, until: dt.datetime, case: Case | None = None
) -> tuple[list[CaseEvent], Case]:
    """The events and the lapses that the bus says up to then, the first first, and their case.

    `case` is that of the events, where somebody has it already.
    """
    whole = list(events)
    for _ in range(_ROUNDS):
        case = fold(whole, law) if case is None else case
        there = {one.id for one in whole}
        over = [one for one in case.clocks if one.lapse_after and one.lapse_after <= until]
        fresh = [said for one in over if (said := lapse_of(one)).id not in there]
        if not fresh:
            return whole, case
        first = min(fresh, key=lambda one: one.legal.moment() if one.legal else until)
        legal = first.legal or LegalTime(until.date())
        model = whole[0]
        whole.append(
            replace(
                model,
                source="bus",
                sector="bus",
                id=first.id,
                type=first.type,
                legal=legal,
                data=first.data,
                causation=first.causation,
                recorded_at=legal.moment(),
                position=(9, 0, len(whole)),
                to=(),
                to_sectors=(),
                sequence=None,
            )
        )
        case = None
    raise AssertionError("lapses follow each other without an end")


def silent_regions(case: Case, law: Law) -> list[Region]:
    """Regions that wait, where nothing falls due and the procedure does not say why."""
    return [
        one
        for one in case.regions
        if one.status in law.procedures[one.procedure].states
        and one.status not in law.procedures[one.procedure].final
        and one.status not in law.procedures[one.procedure].silences
        and not any(_falls_due(clock) for clock in case.clocks if clock.procedure == one.procedure)
    ]


def _falls_due(clock: Clock) -> bool:
    """True if a breach or a told lapse came or will come; a pause is somebody's act on record."""
    if clock.status == "paused":
        return True
    if clock.expiry == "lapse":
        return clock.announced and clock.status in {"running", "lapsed"}
    return clock.status == "running" and clock.due is not None and bool(clock.tell)
