"""The fold: from the events of one stream and a law to the state of its case.

A pure function: any permutation and repetition of the same journaled events gives the same
state. Recording never fails on content; what does not fit is flagged, not refused.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from casebus.cases import body
from casebus.cases.checks import CHECKS
from casebus.cases.clocks import Clocks, Setting
from casebus.cases.corrections import corrected
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.findings import (
    CYCLE,
    DATA_QUALITY,
    ID_CONFLICT,
    NO_STANDING,
    OUT_OF_PROCEDURE,
    UNDELIVERABLE,
    Findings,
)
from casebus.cases.keys import Keys
from casebus.cases.marks import Mark, Marks, standing
from casebus.cases.order import fold_order
from casebus.cases.sequences import check_sequences
from casebus.cases.state import NO_CASE, UNOPENED, Case, CopyDue
from casebus.cases.work import Work
from casebus.errors import Flag
from casebus.law import Law
from casebus.law.agencies import SAME_DIVISION
from casebus.law.compiled import ANY_ROLE, Procedure, Step, event_name, in_force

#: Grows with each change of what the fold says of the same events and the same law.
FOLD_VERSION = 1

_BUS = "bus"
_RECEIVED = "intake.received"
_FINDING = "finding."


def fold(events: Iterable[CaseEvent], law: Law) -> Case:
    """The case that the events make; copies of one identity count as the first journaled one.

    All events are of one stream. Raises nothing that their content could cause.
    """
    recorded = _first_journaled(events)
    if not recorded:
        return Case(stream="", status=NO_CASE, law=law.digest)
    opening = _opening(recorded, law)
    if opening is None:
        return _trivial(recorded, law)
    return _Folding(opening, law).run(recorded)


def _first_journaled(events: Iterable[CaseEvent]) -> list[CaseEvent]:
    kept: dict[Identity, CaseEvent] = {}
    for event in events:
        identity = (event.source, event.id)
        known = kept.get(identity)
        if known is None or event.position < known.position:
            kept[identity] = event
    return list(kept.values())


def _opening(events: Sequence[CaseEvent], law: Law) -> CaseEvent | None:
    """The first journaled event that may open a case, by a sector that may (design rule 2)."""
    opening = law.opening
    found = [
        event
        for event in events
        if (procedure := opening.get(event_name(event.type))) is not None
        and event.sector in procedure.roles[procedure.opener]
    ]
    return min(found, key=lambda event: event.position) if found else None


def _trivial(events: list[CaseEvent], law: Law) -> Case:
    """A stream that no procedure opened: kept and shown, its findings wait for an opener."""
    belongs = any(
        event.sector != _BUS and event_name(event.type) in law.known_events for event in events
    )
    order, _ = fold_order(events)
    return Case(
        stream=order[0].stream,
        status=UNOPENED if belongs else NO_CASE,
        participants=named(order),
        numbers=tuple(sorted({pair for event in order for pair in body.numbers(event.data)})),
        order=tuple((event.source, event.id) for event in order),
        law=law.digest,
    )


def named(events: Collection[CaseEvent]) -> tuple[str, ...]:
    """Authors and recipients, the bus itself left out; sorted."""
    authors = {event.agency for event in events if event.sector != _BUS}
    return tuple(sorted(authors.union(*(event.to for event in events))))


class _Folding:
    """The state of one fold while it runs."""

    def __init__(self, opening: CaseEvent, law: Law) -> None:
        procedure = law.opening[event_name(opening.type)]
        self.law = law
        self.procedure: Procedure = procedure
        self.stream = opening.stream
        self.opener = opening.source
        self.status = procedure.initial
        self.roles: dict[str, tuple[str, ...]] = {procedure.opener: (opening.agency,)}
        self.participants: set[str] = {opening.agency}
        self.keys = Keys(opening.stream)
        self.findings = Findings(self.keys)
        self.clocks = Clocks(law.calendar)
        self.work = Work(self.keys, self.findings)
        self.marks = Marks()
        self.copies: list[CopyDue] = []
        self.numbers: set[tuple[str, str]] = set()
        self.last: dict[str, CaseEvent] = {}
        self.units: dict[tuple[str, str, str], str] = {}

    def run(self, recorded: list[CaseEvent]) -> Case:
        # What they are to say decides their order, so corrections come first.
        order, cycles = fold_order(corrected(recorded, self.findings))
        for cycle in cycles:
            detail = {"events": " ".join(event.id for event in cycle)[:1000]}
            self.findings.add(CYCLE, cycle[0], detail)
        check_sequences(order, self.findings)
        known, neutral = self.procedure.otherwise, self.procedure.is_neutral
        for event in order:
            if event.data.get("numbers"):
                self.numbers.update(body.numbers(event.data))
            if event.sector == _BUS:
                self.marks.note(event)
                # To be told of a finding gives no part in the case: strangers are told theirs.
                if not event_name(event.type).startswith(_FINDING):
                    self.participants.update(event.to)
                continue
            name = event_name(event.type)
            procedural = name in known or not neutral(name)
            if event.flags or event.conflicting:
                self._note_flags(event, aloud=procedural)
            if procedural:
                self._fold(event, name)
            else:
                self._note_arrival(event, name)
        return self._frozen(order)

    def _note_flags(self, event: CaseEvent, *, aloud: bool) -> None:
        """What admission and the journal noticed, told to the author.

        Not of the bus's own events and aloud not of arrivals: each telling makes one of those,
        and a clock that is years off would make the two answer each other for ever.
        """
        author = [event.agency] if aloud else []
        for flag in event.flags:
            kind = UNDELIVERABLE if flag == Flag.UNKNOWN_RECIPIENT else DATA_QUALITY
            self.findings.add(kind, event, {"flag": flag}, tell=author, about=flag)
        if event.conflicting:
            tell = [*author, *event.to]
            self.findings.add(ID_CONFLICT, event, {"kept": "first journaled"}, tell=tell)

    def _fold(self, event: CaseEvent, name: str) -> None:
        procedure, day = self.procedure, event.legal.date
        step = in_force(procedure.steps.get((self.status, name)), day)
        expected = step is not None
        if step is None:
            versions = procedure.otherwise.get(name)
            step = in_force(versions, day) or (versions[0] if versions else None)
        if step is not None and not self._has_standing(step, event.agency):
            self._without_standing(event)
            return
        if not self.work.act(event):
            return
        if not expected:
            detail = {"state": self.status, "event": name}
            self.findings.add(OUT_OF_PROCEDURE, event, detail, tell=[event.agency])
        if step is None:
            return
        self.participants.update(event.to)
        self.last[name] = event
        if expected or step.to in procedure.ahead[self.status]:
            self._apply(step, event)
        else:
            # A fact behind the state still ends the duties it fulfils, but begins none: the case
            # has moved on, and turning it back would revive what later events have settled.
            self.clocks.stop(step.stops, event)
            self.work.close(step.closes, event)

    def _has_standing(self, step: Step, agency: str) -> bool:
        if ANY_ROLE in step.by:
            return agency in self.participants
        return any(agency in self.roles.get(role, ()) for role in step.by)

    def _without_standing(self, event: CaseEvent) -> None:
        detail = {"agency": event.agency, "event": event_name(event.type), "state": self.status}
        self.findings.add(NO_STANDING, event, detail, tell=[event.agency, *event.to])

    def _apply(self, step: Step, event: CaseEvent) -> None:
        self.status = step.to or self.status
        for role, sectors in step.binds:
            self._bind(role, sectors, event)
        if step.stops:
            self.clocks.stop(step.stops, event)
        if step.cancels:
            self.clocks.cancel(step.cancels, event)
        for versions in step.starts:
            self.clocks.start(versions, event, self.roles)
        self.work.close(step.closes, event)
        for duty in step.opens:
            self.work.open(duty, event, self.roles.get(duty.role, ()), self.clocks)
        for rule in step.copies:
            self._owe_copy(rule, step, event)
        for check in step.checks:
            CHECKS[check](event, self.last, self.roles, self.findings)

    def _bind(self, role: str, sectors: frozenset[str], event: CaseEvent) -> None:
        author = event.agency
        for agency, sector in zip(event.to, event.to_sectors, strict=False):
            if sector in sectors and agency != author:
                self.roles[role] = (agency,)
                return
        if role not in self.roles:
            detail = {"reason": "no_recipient", "role": role}
            self.findings.add(DATA_QUALITY, event, detail, tell=[author], about=role)

    def _owe_copy(self, rule: str, step: Step, event: CaseEvent) -> None:
        # Of agencies the fold knows what the stamps say: a recipient of the sector has the copy.
        if rule.removeprefix(SAME_DIVISION) in event.to_sectors:
            return
        self.copies.append(
            CopyDue(
                rule=rule,
                author=event.agency,
                event=(event.source, event.id),
                citation=step.citation,
            )
        )

    def _note_arrival(self, event: CaseEvent, name: str) -> None:
        if name == _RECEIVED and (unit := body.text(event.data, "unit")):
            source = body.text(event.data, "event_source")
            self.units[event.agency, source, body.text(event.data, "event_id")] = unit

    def _frozen(self, order: list[CaseEvent]) -> Case:
        procedure, marks, law = self.procedure, self.marks, self.law.digest
        setting = Setting(self.stream, self.keys, law, self.roles, procedure.roles, marks.breaches)
        return Case(
            stream=self.stream,
            status=self.status,
            procedure=procedure.id,
            title=procedure.states[self.status][0],
            title_en=procedure.states[self.status][1],
            opener=self.opener,
            roles=self.roles,
            participants=tuple(sorted(self.participants)),
            numbers=tuple(sorted(self.numbers)),
            order=tuple((event.source, event.id) for event in order),
            clocks=self.clocks.frozen(setting),
            findings=self.findings.all(),
            work=self.work.frozen(self.units),
            copies=tuple(self.copies),
            told_findings=standing(marks.findings),
            told_breaches=standing(marks.breaches),
            revisions=_withdrawals(marks.findings),
            law=law,
        )


def _withdrawals(marks: dict[str, Mark]) -> dict[str, int]:
    return {key: mark.withdrawn for key, mark in marks.items() if mark.withdrawn}
