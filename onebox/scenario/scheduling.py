"""What the scheduler would say of a case by a moment, each statement at its own moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from casebus.cases import Case, Derived, breach_of, lapse_of, warning_of
from casebus.cases.state import RUNNING


@dataclass(frozen=True, slots=True)
class Statement:
    at: dt.datetime
    derived: Derived


@dataclass(frozen=True, slots=True)
class Speech:
    """That the scheduler says so of a clock."""

    at: dt.datetime
    type: str
    clock: str


def due(case: Case | None, moment: dt.datetime) -> Iterator[Statement]:
    """Of clocks that ran out or soon will, by the moment, whether it was said of them or not."""
    for clock in case.clocks if case else ():
        if clock.status != RUNNING:
            continue
        for after, statement_of in (
            (clock.warn_after, warning_of),
            (clock.breach_after, breach_of),
            (clock.lapse_after, lapse_of),
        ):
            if after is not None and after <= moment:
                yield Statement(after, statement_of(clock))
