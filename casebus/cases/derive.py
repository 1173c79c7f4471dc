"""What the bus has to say about a case, given its state: finished but for signing and sending.

Ids are deterministic (stream, rule, trigger, revision): whoever derives the same gets the same
event, and telling it twice is telling it once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casebus.cases import body
from casebus.cases.keys import key_of
from casebus.cases.state import RUNNING, Case, Clock, CopyDue, Finding, Recall, Told
from casebus.events.doors import BUS
from casebus.events.envelope import agency_of
from casebus.events.legaltime import LegalTime
from casebus.law.agencies import AGENCY

BREACHED = "casebus.clock.breached.v1"
BREACH_WITHDRAWN = "casebus.clock.breach_withdrawn.v1"
RAISED = "casebus.finding.raised.v1"
WITHDRAWN = "casebus.finding.withdrawn.v1"
WARNED = "casebus.clock.warned.v1"
LAPSED = "casebus.clock.lapsed.v1"
LAPSE_WITHDRAWN = "casebus.clock.lapse_withdrawn.v1"
COPY_DUE = "casebus.case.copy_due.v1"
RECALL_TOLD = "casebus.case.recalled.v1"
#: The field of the body that names who is told, where it is not `told`.
_TOLD_IN = {COPY_DUE: "owed_to", RECALL_TOLD: "asked"}
_TAKES_BACK = {"breach": BREACH_WITHDRAWN, "lapse": LAPSE_WITHDRAWN}


@dataclass(frozen=True, slots=True, kw_only=True)
class Derived:
    """One event of the bus that should exist."""

    stream: str
    id: str
    type: str
    #: Agencies and rules; `casebus.law.agencies.resolve(to, of, directory)` names them. What it
    #: finds also goes into the field of `data` that `told_in` names.
    to: tuple[str, ...]
    #: The agency from which the rules are seen.
    of: str
    #: Ids of the events that led to it.
    causation: tuple[str, ...]
    legal: LegalTime | None
    data: dict[str, Any]


def told_in(ce_type: str) -> str:
    """The field of a derived event's body that names who is told."""
    return _TOLD_IN.get(ce_type, "told")


def derive(case: Case) -> list[Derived]:
    """The events that should exist and that the journal, as the fold saw it, does not hold.

    Breaches and lapses that the late act itself shows are among them; those of clocks that nobody
    stopped are the scheduler's, behind its barrier, by `breach_of` and `lapse_of`: the same event
    with the same id. So are findings that a late event may yet heal, by `raised_of`.
    """
    journaled = {event_id for source, event_id in case.order if source == BUS}
    return [one for one in _all(case) if one.id not in journaled]


def _all(case: Case) -> Iterator[Derived]:
    for finding in case.findings:
        if finding.tell and finding.tell_after is None:
            yield raised_of(case.stream, finding, _numbers(case, agency_of(finding.event[0])))
    present = {finding.key for finding in case.findings if finding.tell}
    yield from (_withdrawn(case, told) for told in case.told_findings if told.key not in present)
    clocks = {clock.key: clock for clock in case.clocks}
    for clock in case.clocks:
        if clock.missed and clock.breach_after is not None:
            yield breach_of(clock)
        elif clock.missed and clock.lapse_after is not None:
            yield lapse_of(clock)
    yield from (_lapse_withdrawn(case, clocks, told) for told in case.unfounded_lapses)
    for told in case.told_breaches:
        reason = _unfounded(clocks.get(told.key), told)
        if reason:
            yield _breach_withdrawn(case, told, reason)
    yield from (_copy_due(case, copy) for copy in case.copies)
    for recall in case.recalls:
        yield from (_recall_told(case, recall, agency) for agency in recall.untold)


def breach_of(clock: Clock) -> Derived:
    """The breach of a clock, told once until it is withdrawn."""
    cause = clock.cause or ("open" if clock.status == RUNNING else clock.status)
    return _of_clock(
        clock,
        BREACHED,
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
        LAPSED,
        "lapsed",
        str(clock.revision),
        to=clock.tell,
        at=clock.certain,
        cause=clock.cause,
    )


def warning_of(clock: Clock) -> Derived:
    """That a clock will soon be due, told to its actor once."""
    return _of_clock(
        clock, WARNED, "warned", to=(AGENCY + clock.actor,), at=clock.warn, cause=clock.cause
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


def _lapse_withdrawn(case: Case, clocks: dict[str, Clock], told: Told) -> Derived:
    clock = clocks.get(told.key)
    if clock is None:
        reason = "the event that started the clock is gone"
    elif clock.due is None or clock.status == RUNNING:
        reason = "the due date has moved"
    else:
        reason = "the act was done in time, or the ground was gone"
    key = key_of(case.stream, "lapse_withdrawn", told.event[1])
    return _taken_back(case, told, "lapse", key, reason)


def _unfounded(clock: Clock | None, told: Told) -> str | None:
    """Why a breach that was told no longer holds; None where it does."""
    if clock is None:
        return "the event that started the clock is gone"
    if clock.historic or clock.expiry != "breach" or clock.due is None:
        return "the clock is no longer one that is told"
    if clock.status != RUNNING:
        return None if clock.missed else "the act was done in time"
    said = _over_said(told)
    return "the due date has moved" if said is None or clock.due > said else None


def _over_said(told: Told) -> datetime | None:
    """By when the clock was said to be over: an announced date up to then leaves the breach."""
    try:
        said = datetime.fromisoformat(
            body.text(told.data, "certain") or body.text(told.data, "due")
        )
    except ValueError:
        return None
    return None if said.tzinfo is None else said


def _breach_withdrawn(case: Case, told: Told, reason: str) -> Derived:
    key = key_of(case.stream, "breach_withdrawn", told.key, str(told.revision))
    return _taken_back(case, told, "breach", key, reason)


def _taken_back(case: Case, told: Told, what: str, event_id: str, reason: str) -> Derived:
    """What was told of a clock holds no more: said to whoever was told it."""
    source, told_id = told.event
    actor = body.text(told.data, "actor")
    return Derived(
        stream=case.stream,
        id=event_id,
        type=_TAKES_BACK[what],
        to=_told_agencies(told),
        of=actor,
        # By this the fold knows a lapse that does not count.
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
            "numbers": _numbers(case, actor),
            "note": "",
        },
    )


def raised_of(stream: str, finding: Finding, numbers: list[dict[str, str]]) -> Derived:
    """The telling of a finding, told once until it is withdrawn; `numbers` are its case's."""
    return Derived(
        stream=stream,
        id=key_of(stream, "raised", finding.key, str(finding.revision)),
        type=RAISED,
        to=finding.tell,
        # Whose neighbours and superior a rule means.
        of=finding.event[0].partition("/")[0],
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
            "numbers": numbers,
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
            "kind": body.text(said, "kind"),
            "severity": body.text(said, "severity") or "INFO",
            "event_source": body.text(said, "event_source"),
            "event_id": body.text(said, "event_id"),
            "reasons": "",
            "told": [],
            "numbers": _numbers(case, agency_of(body.text(said, "event_source"))),
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
            "title": case.title if copy.author in case.participants else "",
            "citation": copy.citation,
            "law": case.law,
            "numbers": _numbers(case, copy.author),
            "note": "",
        },
    )


def _recall_told(case: Case, recall: Recall, agency: str) -> Derived:
    """The bus passes a recall on to one who was sent the event and whom the recall does not name.

    One event each, so that whoever is found later to have been sent it is told alone.
    """
    source, event_id = recall.event
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "recall_told", source, event_id, agency),
        type=RECALL_TOLD,
        to=(agency,),
        of=recall.author,
        causation=(recall.by[1],),
        legal=None,
        data={
            "recalled_source": source,
            "recalled_id": event_id,
            "asked": [],
            "reasons": recall.reasons,
            "actor": "",
            "work_item": "",
            "work_version": 0,
            "numbers": [],
            "note": "",
        },
    )


def _told_agencies(told: Told) -> tuple[str, ...]:
    named = told.data.get("told")
    return tuple(str(one) for one in named) if isinstance(named, list) else ()


def _numbers(case: Case, about: str) -> list[dict[str, str]]:
    """The case's numbers, where what is told is of one who has a part in it.

    A stranger whose event lies in its stream is told of that, and nothing of the case (ADR 40).
    None of a secret case: rules name agencies that may not know of it (ADR 43).
    """
    if case.secrecy or about not in case.participants:
        return []
    return [{"kind": kind, "value": value} for kind, value in case.numbers]
