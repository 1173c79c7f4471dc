"""What the bus has to say about a case, given its state: finished but for signing and sending.

Ids are deterministic (stream, rule, trigger, revision): whoever derives the same gets the same
event, and telling it twice is telling it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.cases.keys import key_of
from casebus.cases.state import RUNNING, Case, Clock, CopyDue, Finding, Told
from casebus.events.legaltime import LegalTime

BREACHED = "casebus.clock.breached.v1"
BREACH_WITHDRAWN = "casebus.clock.breach_withdrawn.v1"
RAISED = "casebus.finding.raised.v1"
WITHDRAWN = "casebus.finding.withdrawn.v1"
COPY_DUE = "casebus.case.copy_due.v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One event of the bus that should exist."""

    stream: str
    id: str
    type: str
    #: Agencies and rules; `casebus.law.agencies.resolve(to, of, directory)` names them. What it
    #: finds also goes into the field `told` (of copy_due: `owed_to`) of `data`.
    to: tuple[str, ...]
    #: The agency from which the rules are seen.
    of: str
    #: Ids of the events that led to it.
    causation: tuple[str, ...]
    legal: LegalTime | None
    data: dict[str, Any]


def derive(case: Case) -> list[Derived]:
    """The events that should exist and that the journal, as the fold saw it, does not hold.

    Breaches that the late act itself shows are among them; those of clocks that nobody stopped
    are the scheduler's, behind its barrier, by `breach_of`: the same event with the same id.
    """
    journaled = {event_id for source, event_id in case.order if source == "bus"}
    return [one for one in _all(case) if one.id not in journaled]


def _all(case: Case) -> Iterator[Derived]:
    yield from (_raised(case, finding) for finding in case.findings if finding.tell)
    present = {finding.key for finding in case.findings if finding.tell}
    yield from (_withdrawn(case, told) for told in case.told_findings if told.key not in present)
    clocks = {clock.key: clock for clock in case.clocks}
    for clock in case.clocks:
        if clock.missed and clock.breach_after is not None:
            yield breach_of(clock)
    for told in case.told_breaches:
        reason = _unfounded(clocks.get(told.key), told)
        if reason:
            yield _breach_withdrawn(case, told, reason)
    yield from (_copy_due(case, copy) for copy in case.copies)


def breach_of(clock: Clock) -> Derived:
    """The breach of a clock, told once until it is withdrawn."""
    trigger_source, trigger_id = clock.trigger
    return Derived(
        stream=clock.stream,
        id=key_of(clock.stream, "breached", clock.key, str(clock.revision)),
        type=BREACHED,
        to=clock.tell,
        of=clock.actor,
        causation=(trigger_id,),
        legal=None if clock.due is None else LegalTime.of(clock.due),
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
            "cause": "open" if clock.status == RUNNING else clock.status,
            "citation": clock.citation,
            "law": clock.law,
            "provisional": clock.provisional,
            "told": [],
            "numbers": [],
            "note": "",
        },
    )


def _unfounded(clock: Clock | None, told: Told) -> str | None:
    """Why a breach that was told no longer holds; None where it does."""
    if clock is None:
        return "the event that started the clock is gone"
    if clock.historic or clock.expiry != "breach" or clock.due is None:
        return "the clock is no longer one that is told"
    if clock.status != RUNNING:
        return None if clock.missed else "the act was done in time"
    said = _due_said(told)
    return "the due date has moved" if said is None or clock.due > said else None


def _due_said(told: Told) -> datetime | None:
    try:
        return datetime.fromisoformat(str(told.data.get("due")))
    except ValueError:
        return None


def _breach_withdrawn(case: Case, told: Told, reason: str) -> Derived:
    source, event_id = told.event
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "breach_withdrawn", told.key, str(told.revision)),
        type=BREACH_WITHDRAWN,
        to=_told_agencies(told),
        of=str(told.data.get("actor") or ""),
        causation=(event_id,),
        legal=None,
        data={
            "clock_key": told.key,
            "clock": str(told.data.get("clock") or ""),
            "actor": str(told.data.get("actor") or ""),
            "breach_source": source,
            "breach_id": event_id,
            "reasons": reason,
            "told": [],
            "numbers": _numbers(case),
            "note": "",
        },
    )


def _raised(case: Case, finding: Finding) -> Derived:
    revision = case.revisions.get(finding.key, 0)
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "raised", finding.key, str(revision)),
        type=RAISED,
        to=finding.tell,
        of="",
        causation=(finding.event[1],),
        legal=None,
        data={
            "key": finding.key,
            "kind": finding.kind,
            "severity": finding.severity,
            "event_source": finding.event[0],
            "event_id": finding.event[1],
            "detail": finding.detail,
            "told": [],
            "numbers": _numbers(case),
            "note": "",
        },
    )


def _withdrawn(case: Case, told: Told) -> Derived:
    said = told.data
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "withdrawn", told.key, str(told.revision)),
        type=WITHDRAWN,
        to=_told_agencies(told),
        of="",
        causation=(told.event[1],),
        legal=None,
        data={
            "key": told.key,
            "kind": said.get("kind", ""),
            "severity": said.get("severity", "INFO"),
            "event_source": said.get("event_source", ""),
            "event_id": said.get("event_id", ""),
            "reasons": "",
            "told": [],
            "numbers": _numbers(case),
            "note": "",
        },
    )


def _copy_due(case: Case, copy: CopyDue) -> Derived:
    source, event_id = copy.event
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "copy_due", copy.rule, source, event_id),
        type=COPY_DUE,
        to=(copy.rule,),
        of=copy.author,
        causation=(event_id,),
        legal=None,
        data={
            "rule": copy.rule,
            "trigger_source": source,
            "trigger_id": event_id,
            "owed_to": [],
            "title": case.title,
            "citation": copy.citation,
            "law": case.law,
            "numbers": _numbers(case),
            "note": "",
        },
    )


def _told_agencies(told: Told) -> tuple[str, ...]:
    named = told.data.get("told")
    return tuple(str(one) for one in named) if isinstance(named, list) else ()


def _numbers(case: Case) -> list[dict[str, str]]:
    return [{"kind": kind, "value": value} for kind, value in case.numbers]
