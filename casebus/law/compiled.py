"""The law as the fold uses it: plain objects and dictionaries, every reference resolved."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from casebus.events.legaltime import LegalTime
from casebus.events.types import event_name
from casebus.law.calendar import Calendar
from casebus.law.periods import END_OF_DAY, Ending, Period, ending

#: A role that means every agency that takes part in the case.
ANY_ROLE = "any"
#: A state or a list that means all of them.
ALL = "*"
#: A target state that means the state from which the transition starts.
SAME = "="
#: Bounded: the dates of cases are few, and a flood of odd dates must not fill the memory.
_MOST_KNOWN = 10_000
_EMPTY: Mapping[str, Any] = MappingProxyType({})
#: Paths in a body, and the values that count at each.
Conditions = tuple[tuple[tuple[str, ...], frozenset[str | None]], ...]


@dataclass(frozen=True, slots=True)
class Extension:
    amount: int
    unit: str
    citation: str


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
    #: The bodies of the trigger that this version is for, and those that it is not for.
    when: Conditions = ()
    unless: Conditions = ()
    #: Starts only if somebody has the role of its actor by then.
    when_held: bool = False
    #: A breach only if the act was done late: nothing else shows that it was owed.
    owed_if_done: bool = False
    #: True if an agency with a part in the case may say that the clock stands still.
    pausable: bool = True
    extensions: tuple[Extension, ...] = ()
    #: Counts from the day on which its actor received the trigger.
    from_receipt: bool = False
    #: Share of the period after which its actor is warned.
    warn_at: float | None = None
    posting_counts: bool = False
    custody_no_roll: bool = False
    #: Months that start on the last day of a month end on the last day of a month.
    last_to_last: bool = False
    closes_at: dt.time = END_OF_DAY
    #: Later versions that also apply to running clocks when they come into force, oldest first.
    successors: tuple[ClockRule, ...] = ()
    _known: dict[LegalTime | dt.date, Ending] = field(default_factory=dict)

    def due(self, trigger: LegalTime, calendar: Calendar) -> Ending | None:
        """The end of the period that this trigger starts; None for `at once`."""
        if self.amount is None:
            return None
        # The hour matters if the unit is hours. Otherwise a plain date is found faster.
        key = trigger if self.unit == "h" else trigger.date
        known = self._known.get(key)
        if known is None:
            known = ending(trigger, self.period(), calendar)
            if len(self._known) < _MOST_KNOWN:
                self._known[key] = known
        return known

    def is_for(self, body: Mapping[str, Any]) -> bool:
        """True if this version is meant for the body of the trigger."""
        if not self.when and not self.unless:
            return True
        return all(_value_at(body, path) in values for path, values in self.when) and not any(
            _value_at(body, path) in values for path, values in self.unless
        )

    def period(self) -> Period:
        """The period as the law gives it, without pauses and extensions."""
        return Period(
            self.amount or 0,
            self.unit,
            self.count_rule,
            self.closes_at,
            self.warn_at,
            self.last_to_last,
        )


@dataclass(slots=True, eq=False)
class DutyRule:
    name: str
    title: str
    title_en: str
    role: str
    #: Word of the officer -> ce_type that it publishes, in the first major version of its form.
    types: dict[str, str]
    clock: str | None
    #: The names of these events.
    names: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.names = frozenset(map(event_name, self.types.values()))


@dataclass(slots=True, eq=False)
class Step:
    """One transition in one version, seen from one state."""

    event: str
    #: None: the case stays in the state it comes from.
    to: str | None
    by: frozenset[str]
    binds: tuple[tuple[str, frozenset[str]], ...]
    #: Roles among them that the author takes if no recipient does, and that may stay empty.
    takes: frozenset[str]
    #: The versions of each clock, newest first.
    starts: tuple[tuple[ClockRule, ...], ...]
    #: The versions of clocks that start only if they do not run already.
    ensures: tuple[tuple[ClockRule, ...], ...]
    stops: frozenset[str]
    cancels: frozenset[str]
    pauses: frozenset[str]
    resumes: frozenset[str]
    extends: frozenset[str]
    copies: tuple[str, ...]
    opens: tuple[DutyRule, ...]
    closes: frozenset[str]
    checks: tuple[str, ...]
    citation: str
    effective_from: dt.date
    effective_to: dt.date
    opening: bool = False
    #: The clocks that must have been met before it pauses, and the clock that limits the pause.
    pauses_if_met: frozenset[str] = frozenset()
    pauses_until: str | None = None
    #: If one of these procedures was opened in the case, everything that the step ensures was done
    #: already.
    unless_open: frozenset[str] = frozenset()

    def needs(self, role: str) -> bool:
        """True if somebody must have the role now: it may not be empty or its clock starts here."""
        began = (versions[0] for versions in (*self.starts, *self.ensures))
        return role not in self.takes or any(
            rule.actor == role and not rule.when_held for rule in began
        )


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
    #: (state, event name) -> the versions of the transition that is in procedure in that state.
    steps: dict[tuple[str, str], tuple[Step, ...]]
    #: Event name -> the transition that applies outside its states.
    otherwise: dict[str, tuple[Step, ...]]
    #: State -> the states that lie ahead of it.
    ahead: dict[str, frozenset[str]]
    #: States without a way out, except into a new round.
    final: frozenset[str]
    #: (state, clock) -> the versions of the transition that the end of the clock causes there.
    lapses: dict[tuple[str, str], tuple[Step, ...]]
    #: Clocks whose end causes a transition in some state.
    lapsing: frozenset[str]
    opening: frozenset[str]
    neutral: frozenset[str]
    #: State -> the reason why nothing falls due there if nobody acts any more (zh, en).
    silences: dict[str, tuple[str, str]] = field(default_factory=dict)

    def is_neutral(self, name: str) -> bool:
        return matches(self.neutral, name)


def matches(globs: frozenset[str], name: str) -> bool:
    """True if the globs name the event, by its own name or by its domain's `*`."""
    return name in globs or f"{name.partition('.')[0]}.*" in globs


def in_force(versions: tuple[Step, ...] | None, day: dt.date) -> Step | None:
    """The version of a transition that is in force on a day."""
    if versions is not None:
        for one in versions:
            if one.effective_from <= day <= one.effective_to:
                return one
    return None


def clock_in_force(
    versions: tuple[ClockRule, ...], day: dt.date, body: Mapping[str, Any] = _EMPTY
) -> ClockRule | None:
    """The version of a clock that is in force on the day of its trigger and fits its body."""
    for one in versions:
        if one.effective_from <= day <= one.effective_to and one.is_for(body):
            return one
    return None


def said(value: object) -> str | None:
    """A value of a body as the law writes it: `true`, `12`, `SIMPLE`.

    None for lists and records.
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, str | int) else None


def _value_at(body: object, path: tuple[str, ...]) -> str | None:
    for word in path:
        if not isinstance(body, Mapping):
            return None
        body = body.get(word)
    return said(body)
