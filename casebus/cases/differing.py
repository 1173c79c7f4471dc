"""One history under two laws: what would have differed. Pure.

What the bus said under the one law is left out of the history, and what it would say of rights and
conditions that lapse is said anew under each: these are transitions. What people would have done
otherwise nobody knows.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from casebus.cases.derive import lapse_of
from casebus.cases.event import CaseEvent
from casebus.cases.fold import fold
from casebus.cases.state import RUNNING, Case, Clock
from casebus.events.legaltime import LegalTime
from casebus.law import Law

_BUS = "bus"
#: What the bus says of itself in the course of a case; answers to its questions stay.
_SAID = ("casebus.clock.", "casebus.finding.", "casebus.case.copy_due.")
#: A law that lets a clock lapse and start without an end is stopped here.
_MOST_LAPSES = 1_000


class Difference(NamedTuple):
    #: status, clock, breach, finding, assessment or copy.
    kind: str
    #: Which region, clock, event or rule.
    what: str
    before: str
    after: str

    def to_json(self) -> dict[str, str]:
        return self._asdict()


def replayed(events: Iterable[CaseEvent], law: Law, until: dt.datetime) -> Case:
    """The case as these events give it under a law, with the lapses up to a moment."""
    told = [one for one in events if not (one.sector == _BUS and one.type.startswith(_SAID))]
    said: set[str] = set()
    while True:
        case = fold(told, law)
        lapsed = [
            clock
            for clock in case.clocks
            if clock.lapse_after is not None
            and clock.lapse_after <= until
            and lapse_of(clock).id not in said
        ]
        if not lapsed or len(said) > _MOST_LAPSES:
            return case
        first = min(lapsed, key=lambda clock: (clock.lapse_after, clock.key))
        said.add(lapse_of(first).id)
        told.append(lapse_event(first))


def lapse_event(clock: Clock) -> CaseEvent:
    """What the bus says when a clock has run out, as the journal would hold it."""
    derived, moment = lapse_of(clock), clock.lapse_after
    assert moment is not None  # noqa: S101 - the caller chose by it
    return CaseEvent(
        stream=derived.stream,
        source=_BUS,
        id=derived.id,
        type=derived.type,
        legal=derived.legal or LegalTime.of(moment),
        sequence=None,
        causation=derived.causation,
        recorded_at=moment,
        position=(0, 0, 0),
        sector=_BUS,
        to=(),
        to_sectors=(),
        imported=False,
        data=dict(derived.data),
    )


def differences(before: Case, after: Case, until: dt.datetime) -> list[Difference]:
    """What of a case is otherwise under another law, looked at from a moment."""
    return [
        *_compared("status", _statuses(before), _statuses(after)),
        *_compared("clock", _dues(before), _dues(after)),
        *_compared("breach", _late(before, until), _late(after, until)),
        *_compared("finding", _findings(before), _findings(after)),
        *_compared("assessment", _assessments(before), _assessments(after)),
        *_compared("copy", _copies(before), _copies(after)),
    ]


def _compared(
    kind: str, before: Mapping[str, str], after: Mapping[str, str]
) -> Iterator[Difference]:
    for what in sorted({*before, *after}):
        one, other = before.get(what, ""), after.get(what, "")
        if one != other:
            yield Difference(kind, what, one, other)


def _statuses(case: Case) -> dict[str, str]:
    found = {one.procedure: one.status for one in case.regions}
    return found or {"": case.status}


def _named(clock: Clock) -> str:
    return f"{clock.id} of {clock.trigger[1]}"


def _dues(case: Case) -> dict[str, str]:
    """Each clock's due date and how it ended; not whether it was late."""
    return {
        _named(one): f"{one.due.isoformat() if one.due else 'at once'} {_end(one)}"
        for one in case.clocks
    }


def _end(clock: Clock) -> str:
    return "met" if clock.status == "met_late" else clock.status


def _late(case: Case, until: dt.datetime) -> dict[str, str]:
    return {_named(one): "late" for one in case.clocks if _is_late(one, until)}


def _is_late(clock: Clock, until: dt.datetime) -> bool:
    """Whether its breach would be told, or would have been had it not been history."""
    if clock.expiry != "breach" or clock.certain is None:
        return False
    if clock.status == RUNNING:
        return clock.certain + clock.grace <= until
    return clock.missed


def _findings(case: Case) -> dict[str, str]:
    found: dict[str, str] = {}
    for one in case.findings:
        what = f"{one.kind} of {one.event[1]}"
        found[what] = f"{found.get(what, '')} {one.severity}".strip()
    return found


def _assessments(case: Case) -> dict[str, str]:
    return {one.event[1]: _verdict(one.assessment.to_json()) for one in case.assessments}


def _verdict(said: Mapping[str, Any]) -> str:
    return f"{said['verdict']} {said['offence']} tier {said['tier']} {said['rule']}".strip()


def _copies(case: Case) -> dict[str, str]:
    return {f"{one.rule} of {one.event[1]}": "owed" for one in case.copies}
