"""The scheduler's statements about a case until a moment, each at its own moment."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from casebus.cases import Case, Derived, breach_of, lapse_of, raised_of, warning_of
from casebus.cases.facets.clocks.clock import RUNNING

_BEFORE = dt.timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class TimedStatement:
    """`until`: the moment from which it would no longer be made."""

    at: dt.datetime
    derived: Derived
    until: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Speech:
    """A statement of the scheduler about a clock or a finding, from `at` on and before `until`."""

    at: dt.datetime
    type: str
    #: The clock's id or the finding's kind.
    about: str
    until: dt.datetime | None = None


def stops(speeches: Iterable[Speech], moments: Iterable[dt.datetime]) -> list[dt.datetime]:
    """Further moments, so that no statement due before another moment is passed over."""
    known = sorted(moments)
    added: list[dt.datetime] = []
    brief = [(one.until, one.at) for one in speeches if one.until is not None]
    for until, at in sorted(brief, key=lambda span: span[0]):
        place = bisect_left(known, at)
        if place == len(known) or known[place] >= until:
            last = max(at, until - _BEFORE)
            added.append(last)
            insort(known, last)
    return added


def due(case: Case | None, moment: dt.datetime) -> Iterator[TimedStatement]:
    """Statements for clocks that ran out or soon will, and for waiting findings, made or not."""
    if case is None:
        return
    for clock in case.clocks:
        if clock.status != RUNNING:
            continue
        for after, statement_of, until in (
            (clock.warn_after, warning_of, clock.due),
            (clock.breach_after, breach_of, None),
            (clock.lapse_after, lapse_of, None),
        ):
            if after is not None and after <= moment:
                yield TimedStatement(after, statement_of(clock), until)
    for finding in case.findings:
        if finding.tell_after is not None and finding.tell_after <= moment:
            numbers = [{"kind": kind, "value": value} for kind, value in case.numbers]
            yield TimedStatement(finding.tell_after, raised_of(case.stream, finding, numbers))


def about(data: Mapping[str, Any]) -> str:
    """The subject of the scheduler's statements: a clock's id, or a finding's kind."""
    return str(data.get("clock") or data.get("kind"))
