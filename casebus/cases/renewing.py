"""A case derived again, by another law or another fold: the changes, and the agencies to tell.

A telling remains unless it is unfounded now. A fall due that was never told and that only the new
reading finds is history: nobody is accused of it (design rules 10, law bundles, and 16, provisional
and historic). The journal records this by `case.reinterpreted`, which the fold reads. Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NamedTuple, Self

from casebus.cases.body import text
from casebus.cases.derive import derive
from casebus.cases.derived import Derived
from casebus.cases.event import CaseEvent
from casebus.cases.facets import AssessmentsFacet
from casebus.cases.facets.clocks.clock import RUNNING, Clock
from casebus.cases.facets.findings.events import raised_of
from casebus.cases.fold import FOLD_VERSION, fold
from casebus.cases.keys import key_of
from casebus.cases.state import Case
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.legaltime import LegalTime
from casebus.events.types import (
    CASE_COPY_DUE,
    CASE_REINTERPRETED,
    CLOCK_BREACH_WITHDRAWN,
    CLOCK_BREACHED,
    CLOCK_LAPSE_WITHDRAWN,
    CLOCK_LAPSED,
    CLOCK_WARNED,
    FINDING_RAISED,
    FINDING_WITHDRAWN,
)
from casebus.law import Law
from casebus.law.assessment import Assessment

_WITHDRAWALS = frozenset({CLOCK_BREACH_WITHDRAWN, CLOCK_LAPSE_WITHDRAWN, FINDING_WITHDRAWN})
#: What is said of the past; hushed where only the new reading says it.
_ACCUSES = frozenset({CLOCK_BREACHED, CLOCK_LAPSED, FINDING_RAISED, CASE_COPY_DUE})


class ShownState(NamedTuple):
    """The parts of a case that people see and wait for. If they are equal, nothing has changed."""

    status: str
    #: (key, status, due, historic).
    clocks: frozenset[tuple[str, str, datetime | None, bool]]
    findings: frozenset[str]
    #: (procedure, state) of the procedures beside the leading one.
    regions: frozenset[tuple[str, str]]
    #: (event id, verdict, offence, tier) of each assessment.
    verdicts: frozenset[tuple[str, str, str, int]]

    @classmethod
    def of(cls, case: Case) -> Self:
        return cls(
            case.status,
            frozenset((one.key, one.status, one.due, one.historic) for one in case.clocks),
            frozenset(one.key for one in case.findings),
            frozenset((one.procedure, one.status) for one in case.regions[1:]),
            frozenset(_verdict(one.event[1], one.assessment) for one in case.of(AssessmentsFacet)),
        )


def _verdict(event: str, found: Assessment) -> tuple[str, str, str, int]:
    return event, str(found.verdict), found.offence, found.tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """The case as its rows show it, by the older fold or law."""

    law: str
    fold_version: int
    digest: str
    shown: ShownState
    #: Keys of its clocks that were due by its own reading: they are told as well.
    pending: frozenset[str] = frozenset()
    #: Ids of the events about it that the bus has sent, or is about to send.
    said: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Renewed:
    """The case as derived now; `event` is None if nothing in it changes."""

    case: Case
    event: CaseEvent | None
    #: Agencies that were told something that no longer holds, or not in that form; sorted.
    told: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()


def renewed(events: Collection[CaseEvent], before: Before, law: Law, as_of: datetime) -> Renewed:
    """Derive the case again as of an aware moment.

    The same function answers what a law would change, previews its adoption and carries it out. So
    all three give the same result for the same recorded events.
    """
    case = fold(events, law)
    history = [one.key for one in case.clocks if _only_now_over(one, before, as_of)]
    owed = derive(case)
    hushed = sorted(_hushed(case, owed, before))
    told = _told(case, owed, events)
    if ShownState.of(case) == before.shown and not (history or hushed or told):
        return Renewed(case=case, event=None)
    changes = _changes(owed, history, hushed)
    earlier = sum(one.type == CASE_REINTERPRETED for one in events)
    data = {
        "law_before": before.law,
        "law_after": law.digest,
        "fold_before": before.fold_version,
        "fold_after": FOLD_VERSION,
        "state_before": before.digest,
        "state_after": case.digest(),
        "pinned": False,
        "as_of": as_of.astimezone(UTC).isoformat(),
        "history": sorted(history),
        "hushed": hushed,
        "changes": list(changes),
        "reasons": "",
        "numbers": [],
        "note": "",
    }
    event = _event(case.stream, data, as_of, told, earlier)
    return Renewed(case=fold([*events, event], law), event=event, told=told, changes=changes)


def _only_now_over(clock: Clock, before: Before, as_of: datetime) -> bool:
    over = clock.breach_after or clock.lapse_after
    return over is not None and over <= as_of and clock.key not in before.pending


def _hushed(case: Case, owed: Iterable[Derived], before: Before) -> Iterator[str]:
    """Ids of statements that only the new reading would make about recorded events."""
    known = before.shown.findings
    for one in owed:
        shown = one.type == FINDING_RAISED and one.data["key"] in known
        # What was due by the older reading too is said late, not hushed.
        due = one.data.get("clock_key") in before.pending
        if one.type in _ACCUSES and one.id not in before.said and not shown and not due:
            yield one.id
    for finding in case.findings:
        if finding.tell and finding.tell_after is not None and finding.key not in known:
            yield raised_of(case.stream, finding, []).id


def _told(case: Case, owed: Iterable[Derived], events: Iterable[CaseEvent]) -> tuple[str, ...]:
    agencies = {agency for one in owed if one.type in _WITHDRAWALS for agency in one.to}
    clocks = {clock.key: clock for clock in case.clocks}
    for event in events:
        if event.source == BUS and event.type in {CLOCK_WARNED, CLOCK_BREACHED}:
            clock = clocks.get(text(event.data, "clock_key"))
            if _has_moved(event.data, clock):
                agencies.update(event.to)
    return tuple(sorted(agencies))


def _has_moved(said: Mapping[str, Any], clock: Clock | None) -> bool:
    """True if a told due date is another one now; nobody waits for ended clocks."""
    if clock is None or clock.status != RUNNING or clock.due is None:
        return False
    return text(dict(said), "due") not in {"", clock.due.isoformat()}


def _changes(owed: Iterable[Derived], history: list[str], hushed: list[str]) -> tuple[str, ...]:
    """The changes that a person wants to know, in words that count."""
    withdrawn = sum(one.type in _WITHDRAWALS for one in owed)
    counted = {"withdrawn": withdrawn, "history": len(history), "hushed": len(hushed)}
    return tuple(f"{word}={count}" for word, count in counted.items() if count)


def _event(
    stream: str, data: dict[str, Any], as_of: datetime, told: tuple[str, ...], earlier: int
) -> CaseEvent:
    laws = (data["law_before"], data["law_after"])
    folds = (str(data["fold_before"]), str(data["fold_after"]))
    return CaseEvent(
        stream=stream,
        source=BUS,
        id=key_of(stream, "reinterpreted", *laws, *folds, str(earlier)),
        type=CASE_REINTERPRETED,
        legal=LegalTime.of(as_of),
        sequence=None,
        causation=(),
        recorded_at=as_of,
        # After everything that is recorded, until the journal gives its place.
        position=(2**31, 0, 0),
        sector=BUS,
        to=told,
        to_sectors=(),
        imported=False,
        data=data,
    )


def refuse_newer(newest: int) -> None:
    """Stop an older worker: it would overwrite the results of a newer one.

    Raises CasebusError `fold_is_older`.
    """
    if newest > FOLD_VERSION:
        said = f"fold {newest} has written here and this is {FOLD_VERSION}: start the newer release"
        raise CasebusError("fold_is_older", said)
