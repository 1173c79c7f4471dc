"""A clock of a fold made into what the fold leaves of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from casebus.cases.announcements import Announcement
from casebus.cases.event import Identity
from casebus.cases.facets.clocks.clock import (
    LAPSE,
    MET_LATE,
    PAUSED,
    Clock,
)
from casebus.cases.facets.clocks.running import RunningClock
from casebus.cases.keys import StreamKeys
from casebus.cases.open_regions import OpenRegion
from casebus.law.agencies import ACTOR, AGENCY, ROLE, SAME_DIVISION

#: The breach in force, the number of withdrawn ones, the warning.
_Marks = tuple[Identity | None, int, Identity | None]
_UNMARKED: _Marks = (None, 0, None)


class ClockSetting(NamedTuple):
    """The part that the clocks of a case share when the fold ends."""

    keys: StreamKeys
    #: Digest of the law bundle.
    law: str
    #: The breaches that the journal holds, and the warnings, by key.
    breaches: Mapping[str, Announcement]
    warnings: Mapping[str, Identity]


def freeze(draft: RunningClock, setting: ClockSetting, taken_back: int) -> Clock:
    """The clock as it is at the end; if nothing has happened to it, the one of the last fold."""
    rule, made, region = draft.rule, draft.trigger.made, draft.region
    actor = draft.actor or (region.holders(rule.actor) or ("",))[0]
    tell = tuple([_told(one, actor, region) for one in rule.tell]) if rule.tell else ()
    announced = _marks(draft, setting) if setting.breaches or setting.warnings else _UNMARKED
    state = (
        rule,
        actor,
        tell,
        announced,
        draft.end,
        draft.status,
        None if draft.stopped_by is None else draft.stopped_by.identity,
        draft.stopped,
        draft.receipt,
        draft.paused_since,
        draft.extended,
        draft.cause,
        draft.provisional,
        taken_back,
    )
    which = rule.id, region.procedure.id
    kept: tuple[object, Clock] | None = made.get(which)
    if kept is None or kept[0] != state:
        clock = _clock(draft, setting, actor, tell)
        clock.breach, withdrawn, clock.warned = announced
        clock.revision = taken_back if rule.expiry == LAPSE else withdrawn
        kept = made[which] = state, clock
    return kept[1]


def _marks(draft: RunningClock, setting: ClockSetting) -> _Marks:
    """The journal's record of what was told about the clock."""
    key = _key(draft, setting)
    mark = setting.breaches.get(key)
    standing, withdrawn = (mark.standing, mark.withdrawn) if mark else (None, 0)
    return standing, withdrawn, setting.warnings.get(key)


def _key(draft: RunningClock, setting: ClockSetting) -> str:
    trigger = draft.trigger
    return setting.keys.of_event(trigger, "clock", draft.rule.id, trigger.source, trigger.id)


def _clock(draft: RunningClock, setting: ClockSetting, actor: str, tell: tuple[str, ...]) -> Clock:
    rule, trigger, stopped_by, region = draft.rule, draft.trigger, draft.stopped_by, draft.region
    end, status, lapses = draft.end, draft.status, rule.expiry == LAPSE
    due = nominal = certain = warn = None
    if end is not None and status != PAUSED:
        due, nominal, _, certain, warn = end
    clock = Clock(
        key=_key(draft, setting),
        id=rule.id,
        title=rule.title,
        title_en=rule.title_en,
        stream=setting.keys.stream,
        procedure=region.procedure.id,
        actor=actor,
        actor_role=rule.actor,
        trigger=trigger.identity,
        started=trigger.legal,
        due=due,
        certain=certain,
        nominal=nominal,
        warn=warn,
        grace=rule.grace,
        expiry=LAPSE if rule.owed_if_done and status != MET_LATE else rule.expiry,
        announced=lapses and (bool(rule.tell) or rule.id in region.procedure.lapsing),
        status=status,
        stopped_by=None if stopped_by is None else stopped_by.identity,
        stopped=draft.stopped,
        historic=trigger.imported or (end is not None and trigger.recorded_at > end.due),
        provisional=draft.provisional,
        citation=rule.citation,
        law_version=rule.version,
        confidence=rule.confidence,
        law=setting.law,
        tell=tell,
    )
    # Fields that few clocks have are set only then, because the fold makes many clocks.
    if rule.from_receipt and (receipt := draft.receipt) is not None:
        clock.counted_from, clock.counted_by = receipt
    if draft.extended or draft.cause or status == PAUSED:
        clock.extended, clock.cause = draft.extended, draft.cause
        clock.paused_since = draft.paused_since
    return clock


def _told(rule: str, actor: str, region: OpenRegion) -> str:
    """A rule seen from the actor; a role that nobody has yet means a neighbour of its sector."""
    if rule == ACTOR:
        return AGENCY + actor
    if not rule.startswith(ROLE):
        return rule
    role = rule.removeprefix(ROLE)
    holders = region.holders(role)
    if holders:
        return AGENCY + holders[0]
    sectors = region.procedure.roles.get(role)
    return SAME_DIVISION + (min(sectors) if sectors else role)
