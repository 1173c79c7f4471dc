"""Compiles the models of the files into the law that the fold uses, and checks every reference."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import TypeVar

from casebus.events.doors import BUS
from casebus.events.types import in_full
from casebus.law import models
from casebus.law.compiled import (
    ALL,
    ANY_ROLE,
    SAME,
    ClockRule,
    Conditions,
    DutyRule,
    Extension,
    Procedure,
    Step,
    said,
)
from casebus.law.loader import LawError
from casebus.law.periods import END_OF_DAY
from casebus.law.ways import Ways

#: Checks that the fold knows by name (casebus.cases.checks).
CHECKS = frozenset({"handover_counts", "redaction_checked", "too_late"})

#: Added to the citation of a period that no legal text gives.
OWN_CHOICE = "（期限由本平台设定，法律未规定）"

_Row = TypeVar("_Row", bound=models.Choice)
Clocks = Mapping[str, tuple[ClockRule, ...]]


def clocks(files: Mapping[str, models.ClockFile]) -> dict[str, tuple[ClockRule, ...]]:
    """The versions of every clock, newest first. Raises LawError if two are in force at once."""
    versions: dict[str, list[ClockRule]] = {}
    pending: set[ClockRule] = set()
    for name, file in files.items():
        for number, row in _plain_first(file.clocks, 0):
            if not row.enabled:
                continue
            rule = _clock(row, file)
            if row.option:
                versions[row.id] = [
                    one
                    for one in versions.get(row.id, ())
                    if not (_alike(one, rule) and _overlap((one, rule)))
                ]
            versions.setdefault(row.id, []).append(rule)
            if row.transition == "pending":
                pending.add(versions[row.id][-1])
            if _overlap(one for one in versions[row.id] if _alike(one, versions[row.id][-1])):
                fault = f"{name}: two versions of {row.id} overlap"
                raise LawError("law_invalid", fault, at=(name, "clocks", number))
    for rules in versions.values():
        # Newest first. Versions for some bodies come before the version for all bodies.
        rules.sort(key=lambda one: (one.effective_from, _narrow(one)), reverse=True)
        for rule in rules:
            rule.successors = tuple(
                one
                for one in reversed(rules)
                if one in pending and one.effective_from > rule.effective_from and _alike(one, rule)
            )
    return {name: tuple(rules) for name, rules in versions.items()}


def _plain_first(rows: Iterable[_Row], start: int = 1) -> list[tuple[int, _Row]]:
    """The rows with their numbers. The rows of an option follow the rows that they replace."""
    return sorted(enumerate(rows, start), key=lambda one: one[1].option is not None)


def _clock(row: models.ClockVersion, file: models.ClockFile) -> ClockRule:
    own = "warn_at" in row.model_fields_set
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
        citation=f"{row.source} {row.article}{OWN_CHOICE if row.own_choice else ''}",
        confidence=row.confidence,
        effective_from=row.effective_from,
        effective_to=row.effective_to or dt.date.max,
        version=row.effective_from.isoformat(),
        when=_conditions(row.when),
        unless=_conditions(row.unless),
        when_held=row.when_held,
        owed_if_done=row.owed_if_done,
        pausable=row.pausable,
        extensions=tuple(
            Extension(one.amount, one.unit, f"{one.source or row.source} {one.article}")
            for one in row.extensions
        ),
        from_receipt=row.counts_from == "receipt",
        warn_at=row.warn_at if own else file.warn_at,
        posting_counts=row.posting_counts,
        custody_no_roll=row.custody_no_roll,
        last_to_last=row.last_to_last,
        closes_at=row.closes_at or END_OF_DAY,
    )


def _conditions(rows: Mapping[str, tuple[str | bool | int, ...]]) -> Conditions:
    return tuple(
        (tuple(path.split(".")), frozenset(said(value) for value in values))
        for path, values in sorted(rows.items())
    )


def _alike(one: ClockRule, other: ClockRule) -> bool:
    """True if two versions are meant for the same bodies."""
    return (one.when, one.unless) == (other.when, other.unless)


def _narrow(one: ClockRule) -> int:
    return 2 if one.when else 1 if one.unless else 0


def procedure(
    name: str, file: models.ProcedureFile, known: Clocks, common: Collection[str] = ()
) -> Procedure:
    """One procedure; raises LawError, naming the file, the transition and the wrong word."""
    _check_words(name, file, known, common)
    begun = {row.event for row in file.in_use if row.opening and file.initial in row.from_}
    for number, row in enumerate(file.transitions):
        if row.opening and row.event not in begun:
            fault = f"{name}: {row.event} opens, but not from {file.initial}"
            raise LawError("law_invalid", fault, at=(name, "transitions", number))
    ways = Ways(file)
    lost = [state for state in file.states if state not in ways.reachable]
    if lost:
        fault = f"{name}: states: no way to {', '.join(lost)}"
        raise LawError("law_invalid", fault, at=(name, "states", lost[0]))
    duties = {word: _duty(word, duty) for word, duty in file.duties.items()}
    steps: dict[tuple[str, str], tuple[Step, ...]] = {}
    otherwise: dict[str, tuple[Step, ...]] = {}
    lapses: dict[tuple[str, str], tuple[Step, ...]] = {}
    for number, row in _plain_first(file.transitions):
        if not row.enabled:
            continue
        step = _step(row, file, duties, known)
        table, word = (lapses, row.clock) if row.clock else (steps, row.event)
        for state in file.states if row.from_ == (ALL,) else row.from_:
            at = (state, word)
            if row.option:
                table[at] = tuple(one for one in table.get(at, ()) if not _overlap((one, step)))
            table[at] = (*table.get(at, ()), step)
            if _overlap(table[at]):
                where = f"{name}: transition {number} ({row.event})"
                at_row = (name, "transitions", number - 1)
                raise LawError("law_invalid", f"{where}: {word} from {state} twice", at=at_row)
        if not row.clock:
            otherwise.setdefault(row.event, (step,))
    return Procedure(
        id=file.id,
        title=file.title.zh,
        title_en=file.title.en,
        initial=file.initial,
        opener=file.opener,
        roles={word: frozenset(role.sectors) for word, role in file.roles.items()},
        states={word: (title.zh, title.en) for word, title in file.states.items()},
        silences={
            word: (state.silence.zh, state.silence.en)
            for word, state in file.states.items()
            if state.silence is not None
        },
        duties=duties,
        steps=steps,
        otherwise=otherwise,
        ahead=ways.ahead,
        final=ways.final,
        lapses=lapses,
        lapsing=frozenset(clock for _, clock in lapses),
        opening=frozenset(row.event for row in file.in_use if row.opening),
        neutral=frozenset(file.neutral),
    )


def _duty(word: str, duty: models.Duty) -> DutyRule:
    return DutyRule(
        name=word,
        title=duty.title.zh,
        title_en=duty.title.en,
        role=duty.role,
        types={word: in_full(event) for word, event in duty.actions.items()},
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
        takes=frozenset(role for role, whom in row.binds.items() if whom != "recipient"),
        starts=tuple(known[one] for one in row.starts),
        ensures=tuple(known[one] for one in row.ensures),
        stops=frozenset(row.stops),
        cancels=frozenset(row.cancels),
        pauses=frozenset(row.pauses),
        resumes=frozenset(row.resumes),
        extends=frozenset(row.extends),
        copies=row.copies,
        opens=tuple(duties[one] for one in row.opens),
        closes=frozenset(row.closes),
        checks=row.checks,
        citation=f"{row.source} {row.article}",
        effective_from=row.effective_from,
        effective_to=row.effective_to or dt.date.max,
        opening=row.opening,
        pauses_if_met=frozenset(row.pauses_if_met),
        pauses_until=row.pauses_until,
        unless_open=frozenset(row.unless_open),
    )


def _overlap(versions: Iterable[Step] | Iterable[ClockRule]) -> bool:
    spans = sorted((one.effective_from, one.effective_to) for one in versions)
    return any(later[0] <= earlier[1] for earlier, later in itertools.pairwise(spans))


def _check_words(
    name: str, file: models.ProcedureFile, known: Clocks, common: Collection[str]
) -> None:
    def check(where: str, words: Iterable[str], allowed: Iterable[str], what: str) -> None:
        unknown = sorted(set(words) - set(allowed))
        if unknown:
            fault = f"{name}: {where}: unknown {what} {', '.join(unknown)}"
            raise LawError("law_invalid", fault, at=(name, *place))

    place: tuple[str | int, ...] = ("opener",)
    check("opener", [file.opener], file.roles, "role")
    place = ("initial",)
    check("initial", [file.initial], file.states, "state")
    events = {row.event for row in file.transitions} | set(common)
    for word, duty in file.duties.items():
        place = ("duties", word)
        check(f"duty {word}", [duty.role], file.roles, "role")
        check(f"duty {word}", duty.actions.values(), events, "event")
        check(f"duty {word}", [duty.clock] if duty.clock else [], known, "clock")
    for number, row in enumerate(file.transitions, 1):
        place = ("transitions", number - 1)
        where = f"transition {number} ({row.event})"
        check(where, row.from_, (*file.states, ALL), "state")
        check(where, [row.to], (*file.states, SAME), "state")
        check(where, row.by, (*file.roles, ANY_ROLE, BUS), "role")
        check(where, row.binds, file.roles, "role")
        check(where, [*row.starts, *row.ensures, *row.extends], known, "clock")
        check(where, [row.clock] if row.clock else [], known, "clock")
        check(where, row.pauses_if_met, known, "clock")
        check(where, [row.pauses_until] if row.pauses_until else [], known, "clock")
        for ended in (row.stops, row.cancels, row.pauses, row.resumes):
            check(where, ended, (*known, ALL), "clock")
        check(where, row.opens, file.duties, "duty")
        check(where, row.closes, (*file.duties, ALL), "duty")
        check(where, row.checks, CHECKS, "check")
        for problem in _misuses(row, file, known):
            raise LawError("law_invalid", f"{name}: {where}: {problem}", at=(name, *place))


def _misuses(row: models.Transition, file: models.ProcedureFile, known: Clocks) -> Iterator[str]:
    """Faults of a combination: each word is allowed, but not all of them together."""
    if ALL in row.from_ and row.from_ != (ALL,):
        yield f"{ALL} stands alone in from"
    if row.opening and file.opener not in row.by:
        yield f"it opens, so the opener ({file.opener}) must be one of by"
    if row.clock and any(rule.expiry != "lapse" for rule in known[row.clock]):
        yield f"{row.clock} is no clock that lapses"
    if BUS in row.by and (row.binds or row.copies or row.checks):
        yield "the bus is no agency: it binds nobody, owes no copies and checks nothing"
    begun = [*row.starts, *row.ensures]
    for one in begun:
        actors = {rule.actor for rule in known[one]} - file.roles.keys()
        if actors:
            yield f"the actor of {one} ({', '.join(sorted(actors))}) is no role here"
    if len(set(begun)) < len(begun):
        yield "a clock is started twice"
    for one in row.extends:
        if not any(rule.extensions for rule in known[one]):
            yield f"{one} has no extensions"


def unique(procedures: Mapping[str, Procedure]) -> dict[str, Procedure]:
    """Opening event -> its procedure. Raises LawError if two procedures claim one event."""
    opened: dict[str, Procedure] = {}
    for name, one in procedures.items():
        for event in one.opening:
            if event in opened:
                raise LawError("law_invalid", f"{name}: {event} opens two procedures")
            opened[event] = one
    return opened


def distinct(files: Mapping[str, Procedure]) -> dict[str, Procedure]:
    """The procedures by id. Raises LawError if two files claim one id."""
    found: dict[str, Procedure] = {}
    for name, one in files.items():
        if one.id in found:
            raise LawError("law_invalid", f"{name}: procedure {one.id} stands in another file too")
        found[one.id] = one
    return found


def by_event(procedures: Mapping[str, Procedure]) -> dict[str, tuple[Procedure, ...]]:
    """Event -> the procedures that know it."""
    known: dict[str, tuple[Procedure, ...]] = {}
    for one in procedures.values():
        for event in one.otherwise:
            known[event] = (*known.get(event, ()), one)
    return known
