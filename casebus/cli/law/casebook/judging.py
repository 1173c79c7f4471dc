"""Compares a vector with the kernel: the expected and the actual result, if they differ."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import singledispatch
from typing import Any, NamedTuple

from casebus.cases import Case, CaseEvent, breach_of, derive, fold, lapse_of
from casebus.cases.facets import AssessmentsFacet
from casebus.cases.facets.clocks.clock import RUNNING, Clock
from casebus.cli.law.casebook.cast import cast, legal, stated
from casebus.cli.law.casebook.models import (
    CaseVector,
    ClockOf,
    DateVector,
    FactsVector,
    PeriodOf,
    Vector,
)
from casebus.events.doors import BUS
from casebus.events.legaltime import CHINA, LegalTime
from casebus.events.types import CLOCK_BREACHED
from casebus.law import Law
from casebus.law.assessment import Verdict
from casebus.law.compiled import clock_in_force
from casebus.law.periods import END_OF_DAY, Period, ending

_AT_ONCE, _NONE = "at once", "none"
_DATE = len("2026-03-05")
_SEVERITY = (Verdict.WATCH, Verdict.TRANSFER_ON_SUSPICION, Verdict.MUST_TRANSFER)
#: The number of orders of arrival that are tried.
_ORDERS = 24
#: A law whose clocks lapse and start again without end is stopped here.
_MOST_LAPSES = 100


class WrongCase(NamedTuple):
    what: str
    expected: str
    found: str


@singledispatch
def judge(vector: Vector, _: Law) -> list[WrongCase]:
    """The differences between the result and the vector."""
    raise TypeError(type(vector))


@judge.register
def _date(vector: DateVector, law: Law) -> list[WrongCase]:
    trigger = legal(vector.trigger)
    versions = law.clocks.get(vector.clock or "", ())
    rule = clock_in_force(versions, trigger.date, vector.body)
    if vector.period is None and (rule is None or rule.amount is None):
        return _compared({"due": vector.due}, {"due": _AT_ONCE if rule else _NONE})
    period = rule.period() if rule else _period(vector.period)
    end = ending(trigger, period, law.calendar)
    found = {
        "due": _as(vector.due, end.due),
        "nominal": end.nominal.isoformat(),
        "provisional": end.provisional,
        "certain": _as(vector.certain or "", end.certain),
        "version": rule.version if rule else "",
    }
    return _compared(vector.model_dump(include=set(found), exclude_none=True), found)


def _period(given: PeriodOf | None) -> Period:
    if given is None:
        return Period(0, "d", "natural")
    return Period(given.amount, given.unit, given.count_rule, given.closes_at or END_OF_DAY)


@judge.register
def _facts(vector: FactsVector, law: Law) -> list[WrongCase]:
    case = fold(stated(vector), law)
    assessed = case.of(AssessmentsFacet)
    said = assessed[-1].to_json() if assessed else {}
    running = sorted(one.id for one in case.clocks if one.id in law.thresholds.detection.clocks)
    wanted = {**vector.expect, "owed": vector.owed}
    if vector.verdict is not None:
        wanted["verdict"] = str(vector.verdict)
    if vector.at_most is not None:
        milder = _SEVERITY[: _SEVERITY.index(vector.at_most) + 1]
        verdict = said.get("verdict", Verdict.WATCH)
        wanted["at most"] = str(vector.at_most)
        said["at most"] = wanted["at most"] if verdict in milder else verdict
    found = {**said, "owed": bool(running)}
    return _compared(wanted, {name: found.get(name) for name in wanted})


@judge.register
def _case(vector: CaseVector, law: Law) -> list[WrongCase]:
    events = cast(vector.events)
    wrong = _of_case(vector, events, law)
    if wrong or not vector.any_order:
        return wrong
    for seed in range(_ORDERS):
        came = random.Random(seed).sample(events, len(events))
        placed = [replace(one, position=(1, 0, at)) for at, one in enumerate(came)]
        if wrong := _of_case(vector, placed, law):
            first = " ".join(one.id for one in placed)
            return [WrongCase(f"{one.what} where they came as {first}", *one[1:]) for one in wrong]
    return []


def _of_case(vector: CaseVector, events: list[CaseEvent], law: Law) -> list[WrongCase]:
    until = legal(vector.until).moment()
    case = _told(events, law, until)
    wanted: dict[str, Any] = {"accused": sorted(vector.accused)}
    found: dict[str, Any] = {"accused": sorted(_accused(case, until))}
    if vector.status is not None:
        wanted["status"], found["status"] = vector.status, case.status
    if vector.verdict is not None:
        assessed = case.of(AssessmentsFacet)
        last = assessed[-1].assessment.verdict if assessed else _NONE
        wanted["verdict"], found["verdict"] = vector.verdict, str(last)
    if vector.findings is not None:
        wanted["findings"] = sorted(vector.findings)
        found["findings"] = sorted(one.kind for one in case.findings)
    for name, clock in vector.clocks.items():
        wanted |= _wanted(name, clock)
        found |= _found(name, clock, case)
    return _compared(wanted, found)


def _told(events: list[CaseEvent], law: Law, until: dt.datetime) -> Case:
    """The case after the scheduler has announced everything that ran out by a moment."""
    told = list(events)
    for _ in range(_MOST_LAPSES):
        case = fold(told, law)
        over = [
            (after, clock.key, clock)
            for clock in case.clocks
            if (after := clock.lapse_after) is not None
            and after <= until
            and lapse_of(clock).id not in {one.id for one in told}
        ]
        if not over:
            return case
        after, _, clock = min(over, key=lambda one: one[:2])
        told.append(_lapse(clock, after, len(told)))
    return case


def _lapse(clock: Clock, after: dt.datetime, at: int) -> CaseEvent:
    said = lapse_of(clock)
    return CaseEvent(
        stream=said.stream,
        source=BUS,
        id=said.id,
        type=said.type,
        legal=said.legal or LegalTime.of(after),
        sequence=None,
        causation=said.causation,
        recorded_at=after,
        position=(1, 0, at),
        sector=BUS,
        to=(),
        to_sectors=(),
        imported=False,
        data=dict(said.data),
    )


def _accused(case: Case, until: dt.datetime) -> Iterator[str]:
    """Clocks of which the scheduler tells a breach by the moment, or the late act itself shows."""
    shown = {one.id for one in derive(case) if one.type == CLOCK_BREACHED}
    for clock in case.clocks:
        after = clock.breach_after
        if after is None or after > until:
            continue
        if clock.status == RUNNING or breach_of(clock).id in shown:
            yield clock.id


def _wanted(name: str, clock: ClockOf | str) -> dict[str, Any]:
    if isinstance(clock, str):
        return {name: clock}
    return {f"{name} {key}": one for key, one in clock.model_dump(exclude_none=True).items()}


def _found(name: str, asked: ClockOf | str, case: Case) -> dict[str, Any]:
    known = [one for one in case.clocks if one.id == name]
    if isinstance(asked, str) or not known:
        return {name: "runs" if known else _NONE}
    clock = known[-1]
    return {
        f"{name} status": clock.status,
        f"{name} due": _as(asked.due or "", clock.due) or _AT_ONCE,
        f"{name} nominal": clock.nominal.isoformat() if clock.nominal else None,
        f"{name} certain": _as(asked.certain or "", clock.certain),
        f"{name} provisional": clock.provisional,
        f"{name} historic": clock.historic,
        f"{name} extended": clock.extended,
        f"{name} version": clock.law_version,
    }


def _as(wanted: str, moment: dt.datetime | None) -> str | None:
    """A moment as exactly as the vector asks: its day, or its minute."""
    if moment is None:
        return None
    local = moment.astimezone(CHINA)
    return f"{local:%Y-%m-%d}" if len(wanted) <= _DATE else f"{local:%Y-%m-%d %H:%M}"


def _compared(wanted: Mapping[str, Any], found: Mapping[str, Any]) -> list[WrongCase]:
    return [
        WrongCase(name, _shown(value), _shown(found.get(name)))
        for name, value in wanted.items()
        if found.get(name) != value
    ]


def _shown(value: object) -> str:
    if isinstance(value, list):
        return " ".join(map(str, value)) or _NONE
    return _NONE if value is None else str(value)
