"""Statutory clocks of one fold: started, stopped, and judged against the law of the day."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple

from casebus.cases.event import CaseEvent
from casebus.cases.keys import Keys
from casebus.cases.marks import Mark
from casebus.cases.state import CANCELLED, MET, MET_LATE, RUNNING, Clock
from casebus.law.agencies import ACTOR, AGENCY, ROLE, SAME_DIVISION
from casebus.law.calendar import Calendar
from casebus.law.compiled import ALL, ClockRule, clock_in_force
from casebus.law.periods import in_time

_Roles = Mapping[str, tuple[str, ...]]


class Setting(NamedTuple):
    """What the clocks of a case share when the fold ends."""

    stream: str
    keys: Keys
    #: Digest of the law bundle.
    law: str
    roles: _Roles
    #: Role -> sectors that may take it.
    sectors: Mapping[str, frozenset[str]]
    #: The breaches that the journal holds, by key.
    breaches: Mapping[str, Mark]


class Draft:
    """A clock while the fold runs."""

    __slots__ = ("actor", "due", "provisional", "rule", "status", "stopped_by", "trigger")

    def __init__(self, rule: ClockRule, trigger: CaseEvent, actor: str, calendar: Calendar) -> None:
        self.rule = rule
        self.trigger = trigger
        self.actor = actor
        end = rule.due(trigger.legal, calendar)
        self.due = None if end is None else end.due
        self.provisional = end is not None and end.provisional
        self.status = RUNNING
        self.stopped_by: CaseEvent | None = None

    def stop(self, event: CaseEvent, status: str) -> None:
        self.stopped_by = event
        self.status = status


class Clocks:
    """All clocks of a case; the newest one of an id is the one that a work item shows."""

    def __init__(self, calendar: Calendar) -> None:
        self._calendar = calendar
        self._all: list[Draft] = []
        self._running: list[Draft] = []

    def start(self, versions: tuple[ClockRule, ...], trigger: CaseEvent, roles: _Roles) -> None:
        """By the version in force on the trigger's day; where none is, no clock runs."""
        rule = clock_in_force(versions, trigger.legal.date)
        if rule is None:
            return
        actor = roles.get(rule.actor, ("",))[0]
        draft = Draft(rule, trigger, actor, self._calendar)
        self._all.append(draft)
        self._running.append(draft)

    def stop(self, ids: frozenset[str], event: CaseEvent) -> None:
        """The act was done: met, or met late."""
        moment = None
        for draft in self._ended(ids):
            moment = moment or event.legal.moment()
            met = draft.due is None or in_time(moment, draft.due)
            draft.stop(event, MET if met else MET_LATE)

    def cancel(self, ids: frozenset[str], event: CaseEvent) -> None:
        """The ground of the duty is gone."""
        for draft in self._ended(ids):
            draft.stop(event, CANCELLED)

    def running(self, clock: str | None) -> Draft | None:
        """The clock of this id that started last and runs."""
        for draft in reversed(self._running):
            if draft.rule.id == clock:
                return draft
        return None

    def _ended(self, ids: frozenset[str]) -> list[Draft]:
        if not ids or not self._running:
            return []
        everything = ALL in ids
        ended = [draft for draft in self._running if everything or draft.rule.id in ids]
        if ended:
            self._running = [draft for draft in self._running if draft not in ended]
        return ended

    def frozen(self, setting: Setting) -> tuple[Clock, ...]:
        """In the order started."""
        return tuple(_freeze(one, setting) for one in self._all)


def _freeze(draft: Draft, setting: Setting) -> Clock:
    rule, trigger, stopped_by = draft.rule, draft.trigger, draft.stopped_by
    key = setting.keys.of("clock", rule.id, trigger.source, trigger.id)
    mark = setting.breaches.get(key)
    actor = draft.actor or setting.roles.get(rule.actor, ("",))[0]
    return Clock(
        key=key,
        id=rule.id,
        title=rule.title,
        title_en=rule.title_en,
        stream=setting.stream,
        actor=actor,
        actor_role=rule.actor,
        trigger=(trigger.source, trigger.id),
        started=trigger.legal,
        due=draft.due,
        grace=rule.grace,
        expiry=rule.expiry,
        status=draft.status,
        stopped_by=None if stopped_by is None else (stopped_by.source, stopped_by.id),
        stopped=None if stopped_by is None else stopped_by.legal.moment(),
        historic=_is_historic(trigger, draft.due),
        provisional=draft.provisional,
        citation=rule.citation,
        law_version=rule.version,
        confidence=rule.confidence,
        law=setting.law,
        tell=tuple(_told(one, actor, setting) for one in rule.tell),
        breach=mark.standing if mark else None,
        revision=mark.withdrawn if mark else 0,
    )


def _is_historic(trigger: CaseEvent, due: datetime | None) -> bool:
    return trigger.imported or (due is not None and trigger.recorded_at > due)


def _told(rule: str, actor: str, setting: Setting) -> str:
    """A rule seen from the actor; a role that nobody has yet is a neighbour of its sector."""
    if rule == ACTOR:
        return AGENCY + actor
    if not rule.startswith(ROLE):
        return rule
    role = rule.removeprefix(ROLE)
    holders = setting.roles.get(role)
    return AGENCY + holders[0] if holders else SAME_DIVISION + min(setting.sectors[role])
