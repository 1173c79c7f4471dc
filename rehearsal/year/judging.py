"""Tells a year as it happens, and the faults then found late or omitted, by name, for comparison.

As it happens, an event is recorded when it arrives, and the bus reports the lapses in between. The
lines have the faults that were put in. The fold says which faults are found. Neither is made from
the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from casebus.cases import Case
from casebus.cases.facets.clocks.clock import LAPSED
from casebus.cases.reporting import OMISSION
from casebus.law import Law
from rehearsal.year.admitted import case_event
from rehearsal.year.lines import YearLine
from rehearsal.year.replaying import replayed
from rehearsal.year.world import YearWorld

#: Mistake of a line: figures are above the standards by then, and no transfer ever comes.
NOT_TRANSFERRED = "not_transferred"


class YearNames(NamedTuple):
    #: (case, clock, id of the event that started it): periods that were overrun.
    overrun: frozenset[tuple[str, str, str]]
    #: (case, agency, clock): transfers that were omitted.
    omissions: frozenset[tuple[str, str, str]]


def put_in(lines: Iterable[YearLine], law: Law) -> YearNames:
    """The faults on purpose, by the lines of one case or of many."""
    lines = list(lines)
    overrun = {
        (line.case, *name.split(" ")) for line in lines for name in (*line.late, *line.silent)
    }
    omissions = {
        (line.case, line.source, clock)
        for line in lines
        if line.mistake == NOT_TRANSFERRED
        for clock in law.thresholds.detection.clocks
    }
    return YearNames(frozenset(overrun), frozenset(omissions))  # type: ignore[arg-type]


def found(world: YearWorld, lines: Iterable[YearLine]) -> YearNames:
    """The fold's result for the lines of one case, when all of it was over long ago."""
    case = as_it_happens(world, lines)
    until = world.times.judged
    omissions = world.law.thresholds.detection.clocks
    overrun = {
        (case.stream, one.id, one.trigger[1])
        for one in case.clocks
        if (one.breach_after is not None and one.breach_after <= until)
        or (one.id in omissions and one.status == LAPSED)
    }
    return YearNames(frozenset(overrun), frozenset(_omissions(case)))


def as_it_happens(world: YearWorld, lines: Iterable[YearLine]) -> Case:
    arrived = sorted(lines, key=lambda one: one.arrives)
    events = [case_event(world, one, at, imported=False) for at, one in enumerate(arrived)]
    return replayed(events, world.law, world.times.judged)


def _omissions(case: Case) -> Iterator[tuple[str, str, str]]:
    for one in case.findings:
        if one.kind == OMISSION:
            yield case.stream, one.detail["agency"], one.detail["clock"]
