"""Thresholds in the fold: figures as they grow, what the law says of them, omitted transfers.

One object a fold. It reads what each folded event states, holds it against the standards, starts
the clocks of an owed transfer, and finds the omission where they ran out and no transfer came.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from casebus.cases import body
from casebus.cases import figures as reading
from casebus.cases.assessed import ActOf, Assessed, Punished
from casebus.cases.clocks import Clocks, Draft
from casebus.cases.event import CaseEvent
from casebus.cases.findings import OMISSION, Findings
from casebus.cases.regions import Region, Roles
from casebus.law import Law
from casebus.law.agencies import AGENCY, ROLE, SAME_DIVISION
from casebus.law.compiled import Procedure
from casebus.law.figures import Acts, Figures, Sanction, offence_of
from casebus.law.thresholds import Assessment, Verdict

ANSWER = "prior_sanctions.found"
_RANK = {Verdict.WATCH: 0, Verdict.TRANSFER_ON_SUSPICION: 1, Verdict.MUST_TRANSFER: 2}
_CLAIMS = {str(verdict): verdict for verdict in Verdict}
_ADMINISTRATIVE, _CRIMINAL = "administrative", "criminal"
_GUILTY = "GUILTY"
_STATING = frozenset({"restates", "adds", "alleges"})


@dataclass(slots=True)
class _Answer:
    """What other cases say of one organisation and family."""

    revision: int
    sanctions: tuple[Sanction, ...]
    acts: tuple[tuple[Figures, Acts], ...]


@dataclass(slots=True)
class _Facts:
    """What the case states so far."""

    restated: dict[str, int] = field(default_factory=dict)
    added: dict[str, int] = field(default_factory=dict)
    alleged: dict[str, int] = field(default_factory=dict)
    sources: int | None = None
    numbers: int | None = None
    offence: str = ""
    family: str | None = None
    acts: Acts | None = None
    owner_closed: bool = False
    circumvention: bool = False
    #: The severest verdict that an author signed.
    claim: Verdict | None = None
    organisations: set[str] = field(default_factory=set)
    sanctions: set[Sanction] = field(default_factory=set)

    @property
    def is_alleged(self) -> bool:
        """No authority has stated any figure yet."""
        return bool(self.alleged) and not self.restated and not self.added

    def figures(self) -> Figures:
        both: dict[str, Any] = dict(self.alleged if self.is_alleged else self.added)
        for name, value in self.restated.items():
            both[name] = max(value, both.get(name, 0))
        return Figures(
            **both,
            owner_closed=self.owner_closed,
            circumvention=self.circumvention,
            organisation=bool(self.organisations),
            right_sources=self.sources,
            right_numbers=self.numbers,
            suspicion=self.claim is Verdict.TRANSFER_ON_SUSPICION,
        )


class Assessing:
    """Figures of one case while its fold runs."""

    def __init__(self, law: Law, findings: Findings, clocks: Clocks, roles: Roles) -> None:
        """`roles` is what the case knows of roles, still growing."""
        self._law, self._rules = law, law.thresholds
        self._findings, self._clocks, self._roles = findings, clocks, roles
        self._facts = _Facts()
        self._answers: dict[tuple[str, str], _Answer] = {}
        self._said: list[Assessed] = []
        #: The last event that stated figures, and the last one after which a transfer is owed.
        self._stated: CaseEvent | None = None
        self._watched: CaseEvent | None = None
        self._transferred = False
        self._settled = False
        self._convicted = False
        self._punished: list[tuple[CaseEvent, str]] = []
        #: Where the clocks of an owed transfer run, while they do or have run out.
        self._region: Region | None = None
        self._lapsed: list[Draft] = []

    def take(self, event: CaseEvent, name: str) -> None:
        """Read a folded event."""
        says = self._rules.says(name)
        if not says:
            return
        stated = bool(says & _STATING) and self._read(event, says)
        self._note(event, says)
        if "watched" in says and event.sector in self._rules.detection.sectors:
            self._watched = event
            stated = stated or self._stated is not None
        if stated:
            self._assess(event)

    def hear(self, event: CaseEvent) -> None:
        """The bus answers what other cases say of the organisations of this one."""
        uscc, family = body.text(event.data, "uscc"), body.text(event.data, "family")
        revision = body.count(event.data, "revision") or 0
        known = self._answers.get((uscc, family))
        if known is not None and known.revision >= revision:
            return
        self._answers[uscc, family] = _Answer(
            revision,
            tuple(reading.sanctions(event.data, "sanctions", family)),
            tuple(_others(event)),
        )
        if self._stated is not None:
            self._assess(event)

    def lapsed(self, draft: Draft) -> None:
        """A clock ran out; whether it is one of an owed transfer shows its region."""
        if self._region is not None and draft.region is self._region:
            self._lapsed.append(draft)

    def finish(self) -> None:
        """The omissions that stand at the end of the fold."""
        for draft in self._lapsed:
            self._omission(draft)

    def all(self) -> tuple[Assessed, ...]:
        """In fold order."""
        return tuple(self._said)

    def punished(self) -> tuple[Punished, ...]:
        return tuple(
            one for event, kind in self._punished for one in self._punishments(event, kind)
        )

    def acts(self) -> tuple[ActOf, ...]:
        """What the case says each of its organisations did."""
        facts, stated = self._facts, self._stated
        family = self._family()
        if stated is None or family is None:
            return ()
        return tuple(
            ActOf(
                uscc=uscc,
                family=family,
                agency=stated.agency,
                figures=facts.figures(),
                acts=facts.acts or Acts.on(stated.legal.date),
                event=stated.identity,
                unpunished=not self._settled and not facts.is_alleged,
                asking=not self._transferred and not self._convicted,
                imported=stated.imported,
            )
            for uscc in sorted(facts.organisations)
        )

    def _read(self, event: CaseEvent, says: frozenset[str]) -> bool:
        """Take over what the event states; whether it states anything that could be assessed."""
        facts, data = self._facts, event.data
        facts.organisations |= reading.organisations(data)
        facts.offence = offence_of(body.text(data, "offence")) or facts.offence
        kinds = [found for one in reading.right_kinds(data) if (found := self._of_right(one))]
        facts.family = kinds[0] if kinds else facts.family
        when = reading.acts(data, event.legal.date)
        facts.acts = _spanned(facts.acts, when)
        sources, numbers = reading.rights(data)
        facts.sources = sources if sources is not None else facts.sources
        facts.numbers = numbers if numbers is not None else facts.numbers
        amounts = reading.amounts(data)
        if "alleges" in says:
            facts.alleged.update(amounts)
            if amounts:
                self._stated = event
            return bool(amounts)
        facts.owner_closed = facts.owner_closed or data.get("owner_closed") is True
        facts.circumvention = facts.circumvention or data.get("circumvention") is True
        facts.sanctions.update(self._listed(data))
        claim = _CLAIMS.get(body.text(data, "assessment"))
        facts.claim = _severer(facts.claim, claim)
        if "adds" in says:
            for name, value in amounts.items():
                facts.added[name] = facts.added.get(name, 0) + value
        else:
            facts.restated.update(amounts)
        stated = bool(amounts) or facts.owner_closed or claim is not None
        if stated:
            self._stated = event
        return stated

    def _note(self, event: CaseEvent, says: frozenset[str]) -> None:
        if "transfers" in says or event.data.get("referred") is True or _is_transfer(event):
            self._transfer(event)
        if "punishes" in says:
            self._punished.append((event, _ADMINISTRATIVE))
        if "annuls" in says and event.data.get("partial") is not True:
            self._annul(event)
        if "convicts" in says:
            self._convicted = body.text(event.data, "outcome") == _GUILTY
        if "finalises" in says and self._convicted:
            self._punished.append((event, _CRIMINAL))
        if "settles" in says and not _is_transfer(event):
            self._settled = True

    def _annul(self, event: CaseEvent) -> None:
        number = body.text(event.data, "decision_no")
        self._punished = [
            (one, kind)
            for one, kind in self._punished
            if kind == _CRIMINAL or (number and _number(one) not in {"", number})
        ]
        self._settled = self._settled and bool(self._punished)

    def _transfer(self, event: CaseEvent) -> None:
        self._transferred = True
        self._lapsed.clear()
        if self._region is not None:
            self._clocks.stop(frozenset(self._rules.detection.clocks), event, self._region)

    def _assess(self, event: CaseEvent) -> None:
        facts = self._facts
        on = event.legal.date
        when = facts.acts or Acts.on(self._stated.legal.date if self._stated else on)
        own = facts.figures()
        prior = [*facts.sanctions, *(one for a in self._answers.values() for one in a.sanctions)]
        found = self._judge(own, when, prior, on)
        accumulated = False
        others = [one for answer in self._answers.values() for one in answer.acts]
        if others and not self._settled:
            total = own.plus(self._rules.accumulated(others, on))
            together = self._judge(total, when, prior, on)
            accumulated = _weight(together) > _weight(found)
            found = together if accumulated else found
        claimed = facts.claim is not None and _RANK[facts.claim] > _RANK[found.verdict]
        if claimed and facts.claim is not None:
            found = _as_claimed(found, facts.claim)
        elif facts.is_alleged and found.verdict is Verdict.MUST_TRANSFER:
            found = _as_alleged(found)
        self._say(event, found, accumulated=accumulated, claimed=claimed)
        self._owe(event, found)

    def _judge(
        self, figures: Figures, when: Acts, prior: list[Sanction], on: dt.date
    ) -> Assessment:
        return self._rules.assess(
            figures,
            self._facts.offence or None,
            when,
            prior,
            today=on,
            family=self._facts.family,
        )

    def _say(
        self, event: CaseEvent, found: Assessment, *, accumulated: bool, claimed: bool
    ) -> None:
        if accumulated:
            zh, en = "未经处理的数额已累计", "unpunished acts of other cases are added"
            found = replace(found, steps=(zh, *found.steps), steps_en=(en, *found.steps_en))
        self._said.append(
            Assessed(
                event=event.identity,
                stated=self._facts.offence,
                on=event.legal.date,
                assessment=found,
                accumulated=accumulated,
                claimed=claimed,
            )
        )

    def _owe(self, event: CaseEvent, found: Assessment) -> None:
        """Start the clocks of an owed transfer, or end them where none is owed any more."""
        clocks, watched = self._rules.detection.clocks, self._watched
        if found.verdict is not Verdict.MUST_TRANSFER:
            self._lapsed.clear()
            if self._region is not None:
                self._clocks.cancel(frozenset(clocks), event, self._region)
                self._region = None
            return
        if self._transferred or watched is None or self._region is not None:
            return
        if watched.imported and not event.imported:
            # An answer about what was imported accuses nobody either.
            return
        self._region = _region(self._law, watched, self._roles, clocks)
        for clock in clocks:
            self._clocks.start(self._law.clocks[clock], event, self._region, alone=True)

    def _omission(self, draft: Draft) -> None:
        last = self._said[-1].assessment
        owing = draft.actor
        told = [_seen(rule, self._roles) for rule in draft.rule.tell]
        self._findings.add(
            OMISSION,
            draft.trigger,
            {
                "clock": draft.rule.id,
                "agency": owing,
                "due": "" if draft.due is None else draft.due.isoformat(),
                "verdict": str(last.verdict),
                "offence": last.offence,
                "rule": last.rule,
                "metric": last.metric,
                "value": str(last.value),
                "needed": str(last.needed),
                "citation": last.citation,
            },
            tell=[owing, *told] if owing else told,
            about=draft.rule.id,
        )

    def _punishments(self, event: CaseEvent, kind: str) -> Iterator[Punished]:
        data = event.data
        offence = offence_of(body.text(data, "offence")) or self._facts.offence
        kinds = [found for one in reading.right_kinds(data) if (found := self._of_right(one))]
        family = self._rules.family_of.get(offence) or (kinds[0] if kinds else self._facts.family)
        if family is None:
            return
        for uscc in sorted(reading.organisations(data) or self._facts.organisations):
            yield Punished(
                uscc=uscc,
                family=family,
                offence=offence,
                kind=kind,
                decided_on=reading.day(data, "decided_on") or event.legal.date,
                number=_number(event),
                event=event.identity,
            )

    def _family(self) -> str | None:
        return self._rules.family_of.get(self._facts.offence) or self._facts.family

    def _of_right(self, kind: str) -> str | None:
        return self._rules.family_of_right(kind)

    def _listed(self, data: dict[str, Any]) -> Iterator[Sanction]:
        """Punishments that the author itself knows of."""
        for row in body.rows(data, "prior_sanctions"):
            offence = offence_of(body.text(row, "offence")) or self._facts.offence
            family = self._rules.family_of.get(offence) or self._facts.family
            if family is not None:
                yield from reading.sanctions({"rows": [row]}, "rows", family)


def _others(event: CaseEvent) -> Iterator[tuple[Figures, Acts]]:
    """Acts that the answer says other cases hold."""
    for row in body.rows(event.data, "unpunished"):
        sources, numbers = reading.rights(row)
        known: dict[str, Any] = {**reading.amounts(row)}
        figures = Figures(**known, right_sources=sources, right_numbers=numbers)
        when = reading.acts(row, event.legal.date)
        if figures and when is not None:
            yield figures, when


def _spanned(known: Acts | None, more: Acts | None) -> Acts | None:
    if known is None or more is None:
        return known or more
    return Acts(min(known.first, more.first), max(known.last, more.last))


def _severer(one: Verdict | None, other: Verdict | None) -> Verdict | None:
    known = [verdict for verdict in (one, other) if verdict is not None]
    return max(known, key=lambda verdict: _RANK[verdict], default=None)


def _weight(found: Assessment) -> tuple[int, int]:
    return _RANK[found.verdict], found.tier


def _as_claimed(found: Assessment, claim: Verdict) -> Assessment:
    return replace(
        found,
        verdict=claim,
        rule=found.rule or "claimed",
        steps=(*found.steps, f"以签名单位的判断为准：{claim}"),
        steps_en=(*found.steps_en, f"as assessed and signed by its author: {claim}"),
    )


def _as_alleged(found: Assessment) -> Assessment:
    verdict = Verdict.TRANSFER_ON_SUSPICION
    return replace(
        found,
        verdict=verdict,
        steps=(*found.steps, f"数额仅为线索所称，尚未查证：{verdict}"),
        steps_en=(*found.steps_en, f"figures are only what a lead says: {verdict}"),
    )


def _is_transfer(event: CaseEvent) -> bool:
    return body.text(event.data, "outcome") == "TRANSFERRED"


def _number(event: CaseEvent) -> str:
    data = event.data
    return body.text(data, "decision_no") or body.text(data, "penalty_no")


def _region(law: Law, watched: CaseEvent, roles: Roles, clocks: tuple[str, ...]) -> Region:
    """A place for the clocks of an owed transfer, where the agency that owes it is the actor."""
    actors = {rule.actor for clock in clocks for rule in law.clocks[clock]}
    region = Region(_procedure(tuple(sorted(actors)), clocks), watched, roles)
    # Here alone: in the rest of the case the role may be another agency's.
    region.roles.update(dict.fromkeys(actors, (watched.agency,)))
    return region


def _procedure(actors: tuple[str, ...], clocks: tuple[str, ...]) -> Procedure:
    roles: Mapping[str, frozenset[str]] = dict.fromkeys(actors, frozenset[str]())
    return Procedure(
        id="omission",
        title="应当移送而未移送",
        title_en="Omitted transfer",
        initial="owed",
        opener=actors[0],
        roles=dict(roles),
        states={"owed": ("应当移送", "Owed")},
        duties={},
        steps={},
        otherwise={},
        ahead={"owed": frozenset()},
        final=frozenset(),
        lapses={},
        # Their end is an event, also where the row tells nobody: the finding is what is told.
        lapsing=frozenset(clocks),
        opening=frozenset(),
        neutral=frozenset(),
    )


def _seen(rule: str, roles: Roles) -> str:
    """Whom the finding tells: a holder of the role, or who has that sector in the division."""
    if not rule.startswith(ROLE):
        return rule.removeprefix(AGENCY)
    role = rule.removeprefix(ROLE)
    holders = roles.get(role)
    return holders[0] if holders else SAME_DIVISION + role
