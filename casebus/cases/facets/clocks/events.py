"""The bus's statements about a clock: it ran out, is soon due, or this no longer holds."""

from __future__ import annotations

from datetime import datetime

from casebus.cases import body
from casebus.cases.core import Core
from casebus.cases.derived import Derived, Told, numbers_for, told_agencies
from casebus.cases.facets.clocks.clock import RUNNING, Clock
from casebus.cases.keys import key_of
from casebus.events.legaltime import LegalTime
from casebus.events.types import (
    CLOCK_BREACH_WITHDRAWN,
    CLOCK_BREACHED,
    CLOCK_LAPSE_WITHDRAWN,
    CLOCK_LAPSED,
    CLOCK_WARNED,
)
from casebus.law.agencies import AGENCY

_TAKES_BACK = {"breach": CLOCK_BREACH_WITHDRAWN, "lapse": CLOCK_LAPSE_WITHDRAWN}


def breach_of(clock: Clock) -> Derived:
    """The breach of a clock, told once until it is withdrawn."""
    cause = clock.cause or ("open" if clock.status == RUNNING else clock.status)
    return _of_clock(
        clock,
        CLOCK_BREACHED,
        "breached",
        str(clock.revision),
        to=clock.tell,
        at=clock.certain,
        cause=cause,
    )


def lapse_of(clock: Clock) -> Derived:
    """The end of a right or of a condition, told once until it is withdrawn."""
    return _of_clock(
        clock,
        CLOCK_LAPSED,
        "lapsed",
        str(clock.revision),
        to=clock.tell,
        at=clock.certain,
        cause=clock.cause,
    )


def warning_of(clock: Clock) -> Derived:
    """The warning that a clock will soon be due. Its actor gets it once."""
    return _of_clock(
        clock, CLOCK_WARNED, "warned", to=(AGENCY + clock.actor,), at=clock.warn, cause=clock.cause
    )


def _of_clock(
    clock: Clock,
    ce_type: str,
    *words: str,
    to: tuple[str, ...],
    at: datetime | None,
    cause: str,
) -> Derived:
    trigger_source, trigger_id = clock.trigger
    word, *revision = words
    return Derived(
        stream=clock.stream,
        id=key_of(clock.stream, word, clock.key, *revision),
        type=ce_type,
        to=to,
        of=clock.actor,
        causation=(trigger_id,),
        legal=None if at is None else LegalTime.of(at),
        data={
            "clock_key": clock.key,
            "clock": clock.id,
            "title": clock.title,
            "actor": clock.actor,
            "actor_role": clock.actor_role,
            "trigger_source": trigger_source,
            "trigger_id": trigger_id,
            "started": str(clock.started),
            "due": "" if clock.due is None else clock.due.isoformat(),
            "cause": cause,
            "citation": clock.citation,
            "law": clock.law,
            "provisional": clock.provisional,
            "certain": "" if clock.certain is None else clock.certain.isoformat(),
            "told": [],
            "numbers": [],
            "note": "",
        },
    )


def lapse_withdrawn(case: Core, clock: Clock | None, told: Told) -> Derived:
    if clock is None:
        reason = "the event that started the clock is gone"
    elif clock.due is None or clock.status == RUNNING:
        reason = "the due date has moved"
    else:
        reason = "the act was done in time, or the ground was gone"
    key = key_of(case.stream, "lapse_withdrawn", told.event[1])
    return _taken_back(case, told, "lapse", key, reason)


def unfounded(clock: Clock | None, told: Told) -> str | None:
    """The reason why a told breach no longer holds; None if it holds."""
    if clock is None:
        return "the event that started the clock is gone"
    if clock.historic or clock.expiry != "breach" or clock.due is None:
        return "the clock is no longer one that is told"
    if clock.status != RUNNING:
        return None if clock.missed else "the act was done in time"
    said = _over_said(told)
    return "the due date has moved" if said is None or clock.due > said else None


def _over_said(told: Told) -> datetime | None:
    """The moment by which the clock was said to be over. A date up to then leaves the breach."""
    try:
        said = datetime.fromisoformat(
            body.text(told.data, "certain") or body.text(told.data, "due")
        )
    except ValueError:
        return None
    return None if said.tzinfo is None else said


def breach_withdrawn(case: Core, told: Told, reason: str) -> Derived:
    key = key_of(case.stream, "breach_withdrawn", told.key, str(told.revision))
    return _taken_back(case, told, "breach", key, reason)


def _taken_back(case: Core, told: Told, what: str, event_id: str, reason: str) -> Derived:
    """A statement about a clock no longer holds. Those who were told it are told this."""
    source, told_id = told.event
    actor = body.text(told.data, "actor")
    return Derived(
        stream=case.stream,
        id=event_id,
        type=_TAKES_BACK[what],
        to=told_agencies(told),
        of=actor,
        # The sign by which the fold knows a lapse that does not count.
        causation=(told_id,),
        legal=None,
        data={
            "clock_key": told.key,
            "clock": body.text(told.data, "clock"),
            "actor": actor,
            f"{what}_source": source,
            f"{what}_id": told_id,
            "reasons": reason,
            "told": [],
            "numbers": numbers_for(case, actor),
            "note": "",
        },
    )
