"""From the models of the files to the compiled law; every reference is checked here."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping

from casebus.law import models
from casebus.law.compiled import ALL, ANY_ROLE, SAME, ClockRule, DutyRule, Procedure, Step
from casebus.law.loader import LawError

#: Checks that the fold knows by name (casebus.cases.checks).
CHECKS = frozenset({"handover_counts"})

Clocks = Mapping[str, tuple[ClockRule, ...]]


def clocks(files: Mapping[str, models.ClockFile]) -> dict[str, tuple[ClockRule, ...]]:
    """Every clock's versions, newest first; raises LawError where two are in force at once."""
    versions: dict[str, list[ClockRule]] = {}
    for name, file in files.items():
        for row in file.clocks:
            versions.setdefault(row.id, []).append(_clock(row))
            if _overlap(versions[row.id]):
                raise LawError("law_invalid", f"{name}: two versions of {row.id} overlap")
    return {
        name: tuple(sorted(rules, key=lambda one: one.effective_from, reverse=True))
        for name, rules in versions.items()
    }


def _clock(row: models.ClockRow) -> ClockRule:
    return ClockRule(
        id=row.id,
        title=row.title.zh,
        title_en=row.title.en,
        actor=row.actor,
        amount=row.amount,
        unit=row.unit or "",
        count_rule=row.count_rule or "",
        grace=dt.timedelta(hours=row.grace_hours),
        expiry=row.expiry,
        tell=row.tell,
        citation=f"{row.source} {row.article}",
        confidence=row.confidence,
        effective_from=row.effective_from,
        effective_to=row.effective_to or dt.date.max,
        version=row.effective_from.isoformat(),
    )


def procedure(name: str, file: models.ProcedureFile, known: Clocks) -> Procedure:
    """One procedure; raises LawError, naming the file, the transition and the wrong word."""
    _check_words(name, file, known)
    duties = {word: _duty(word, duty) for word, duty in file.duties.items()}
    steps: dict[tuple[str, str], tuple[Step, ...]] = {}
    otherwise: dict[str, tuple[Step, ...]] = {}
    for row in file.transitions:
        step = _step(row, file, duties, known)
        for state in file.states if row.from_ == (ALL,) else row.from_:
            at = (state, row.event)
            steps[at] = (*steps.get(at, ()), step)
            if _overlap(steps[at]):
                raise LawError("law_invalid", f"{name}: {row.event} from {state} twice")
        otherwise.setdefault(row.event, (step,))
    return Procedure(
        id=file.id,
        title=file.title.zh,
        title_en=file.title.en,
        initial=file.initial,
        opener=file.opener,
        roles={word: frozenset(role.sectors) for word, role in file.roles.items()},
        states={word: (title.zh, title.en) for word, title in file.states.items()},
        duties=duties,
        steps=steps,
        otherwise=otherwise,
        ahead=_ahead(file),
        opening=frozenset(row.event for row in file.transitions if row.opening),
        neutral=frozenset(file.neutral),
    )


def _duty(word: str, duty: models.Duty) -> DutyRule:
    return DutyRule(
        name=word,
        title=duty.title.zh,
        title_en=duty.title.en,
        role=duty.role,
        types={word: f"casebus.{event}.v1" for word, event in duty.actions.items()},
        clock=duty.clock,
    )


def _step(
    row: models.Transition,
    file: models.ProcedureFile,
    duties: Mapping[str, DutyRule],
    known: Clocks,
) -> Step:
    return Step(
        event=row.event,
        to=None if row.to == SAME else row.to,
        by=frozenset(row.by),
        binds=tuple((role, frozenset(file.roles[role].sectors)) for role in row.binds),
        starts=tuple(known[one] for one in row.starts),
        stops=frozenset(row.stops),
        cancels=frozenset(row.cancels),
        copies=row.copies,
        opens=tuple(duties[one] for one in row.opens),
        closes=frozenset(row.closes),
        checks=row.checks,
        citation=f"{row.source} {row.article}",
        effective_from=row.effective_from,
        effective_to=row.effective_to or dt.date.max,
    )


def _ahead(file: models.ProcedureFile) -> dict[str, frozenset[str]]:
    """For each state the states that can follow it, near or far; it itself is not one of them."""
    following: dict[str, set[str]] = {state: set() for state in file.states}
    for row in file.transitions:
        for state in row.from_:
            if state != ALL and row.to != SAME:
                following[state].add(row.to)
    return {state: frozenset(_reach(state, following) - {state}) for state in following}


def _reach(state: str, following: Mapping[str, set[str]]) -> set[str]:
    reached: set[str] = set()
    todo = [state]
    while todo:
        fresh = following[todo.pop()] - reached
        reached |= fresh
        todo.extend(fresh)
    return reached


def _overlap(versions: Iterable[Step] | Iterable[ClockRule]) -> bool:
    spans = sorted((one.effective_from, one.effective_to) for one in versions)
    return any(later[0] <= earlier[1] for earlier, later in itertools.pairwise(spans))


def _check_words(name: str, file: models.ProcedureFile, known: Clocks) -> None:
    def check(where: str, words: Iterable[str], allowed: Iterable[str], what: str) -> None:
        unknown = sorted(set(words) - set(allowed))
        if unknown:
            raise LawError("law_invalid", f"{name}: {where}: unknown {what} {', '.join(unknown)}")

    check("opener", [file.opener], file.roles, "role")
    check("initial", [file.initial], file.states, "state")
    events = {row.event for row in file.transitions}
    for word, duty in file.duties.items():
        check(word, [duty.role], file.roles, "role")
        check(word, duty.actions.values(), events, "event")
        check(word, [duty.clock] if duty.clock else [], known, "clock")
    for row in file.transitions:
        check(row.event, row.from_, (*file.states, ALL), "state")
        check(row.event, [row.to], (*file.states, SAME), "state")
        check(row.event, row.by, (*file.roles, ANY_ROLE), "role")
        check(row.event, row.binds, file.roles, "role")
        check(row.event, row.starts, known, "clock")
        check(row.event, [*row.stops, *row.cancels], (*known, ALL), "clock")
        check(row.event, row.opens, file.duties, "duty")
        check(row.event, row.closes, (*file.duties, ALL), "duty")
        check(row.event, row.checks, CHECKS, "check")
        if ALL in row.from_ and row.from_ != (ALL,):
            raise LawError("law_invalid", f"{name}: {row.event}: {ALL} stands alone in from")
    reachable = _ahead(file)[file.initial] | {file.initial}
    check("states", file.states, reachable, "way to the state")


def unique(procedures: Mapping[str, Procedure]) -> dict[str, Procedure]:
    """Opening event -> its procedure; raises LawError where two procedures claim one event."""
    opened: dict[str, Procedure] = {}
    for name, one in procedures.items():
        for event in one.opening:
            if event in opened:
                raise LawError("law_invalid", f"{name}: {event} opens two procedures")
            opened[event] = one
    return opened
