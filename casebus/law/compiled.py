"""The law as the fold uses it: plain objects and dictionaries, every reference resolved."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from functools import lru_cache

from casebus.events.legaltime import LegalTime
from casebus.law.calendar import Calendar
from casebus.law.periods import due_after

#: A role that stands for every agency that takes part in the case.
ANY_ROLE = "any"
#: A state or a list that stands for all of them.
ALL = "*"
#: A target state that stands for the state it comes from.
SAME = "="


@lru_cache(maxsize=4096)
def event_name(ce_type: str) -> str:
    """`referral.sent` of `casebus.referral.sent.v1`; what has another form stays as it is."""
    parts = ce_type.split(".")
    return ".".join(parts[1:-1]) if len(parts) > 2 else ce_type  # noqa: PLR2004


@dataclass(slots=True, eq=False)
class ClockRule:
    """One version of one clock."""

    id: str
    title: str
    title_en: str
    actor: str
    amount: int | None
    unit: str
    count_rule: str
    grace: dt.timedelta
    expiry: str
    tell: tuple[str, ...]
    citation: str
    confidence: str
    effective_from: dt.date
    effective_to: dt.date
    #: `effective_from` as text.
    version: str
    _known: dict[LegalTime, tuple[dt.datetime, bool]] = field(default_factory=dict)

    def due(self, trigger: LegalTime, calendar: Calendar) -> tuple[dt.datetime | None, bool]:
        """The last moment in time, and whether it is provisional; None for `at once`."""
        if self.amount is None:
            return None, False
        if trigger.time is not None and self.unit != "h":
            trigger = LegalTime(trigger.date)
        known = self._known.get(trigger)
        if known is None:
            known = due_after(trigger, self.amount, self.unit, self.count_rule, calendar)
            # Bounded: dates of cases are few, a flood of odd ones must not fill the memory.
            if len(self._known) < 10_000:  # noqa: PLR2004
                self._known[trigger] = known
        return known


@dataclass(slots=True, eq=False)
class DutyRule:
    name: str
    title: str
    title_en: str
    role: str
    #: Word of the officer -> ce_type that it publishes, in the first major version of its form.
    types: dict[str, str]
    clock: str | None


@dataclass(slots=True, eq=False)
class Step:
    """One transition in one version, seen from one state."""

    event: str
    #: None: stays in the state it comes from.
    to: str | None
    by: frozenset[str]
    binds: tuple[tuple[str, frozenset[str]], ...]
    #: The versions of each clock, newest first.
    starts: tuple[tuple[ClockRule, ...], ...]
    stops: frozenset[str]
    cancels: frozenset[str]
    copies: tuple[str, ...]
    opens: tuple[DutyRule, ...]
    closes: frozenset[str]
    checks: tuple[str, ...]
    citation: str
    effective_from: dt.date
    effective_to: dt.date


@dataclass(slots=True, eq=False)
class Procedure:
    id: str
    title: str
    title_en: str
    initial: str
    opener: str
    #: Role -> sectors that may take it.
    roles: dict[str, frozenset[str]]
    #: State -> (Chinese, English) title.
    states: dict[str, tuple[str, str]]
    duties: dict[str, DutyRule]
    #: (state, event name) -> the versions of the transition that is in procedure there.
    steps: dict[tuple[str, str], tuple[Step, ...]]
    #: Event name -> the transition that is applied outside its states.
    otherwise: dict[str, tuple[Step, ...]]
    #: State -> the states that lie ahead of it.
    ahead: dict[str, frozenset[str]]
    opening: frozenset[str]
    neutral: frozenset[str]

    def is_neutral(self, name: str) -> bool:
        return name in self.neutral or f"{name.partition('.')[0]}.*" in self.neutral


def in_force(versions: tuple[Step, ...] | None, day: dt.date) -> Step | None:
    """The version of a transition in force on a day."""
    if versions is not None:
        for one in versions:
            if one.effective_from <= day <= one.effective_to:
                return one
    return None


def clock_in_force(versions: tuple[ClockRule, ...], day: dt.date) -> ClockRule | None:
    """The version of a clock in force on the day of its trigger."""
    for one in versions:
        if one.effective_from <= day <= one.effective_to:
            return one
    return None
