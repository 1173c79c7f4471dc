"""Thresholds in the fold: the growing figures, the law's judgement of them, omitted transfers.

There is one object for each fold. It reads the statements of each folded event and compares them
with the standards. It starts the clocks of an owed transfer, and finds the omission if they run out
without a transfer.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterator
from dataclasses import replace
from itertools import product
from typing import NamedTuple

from casebus.cases import body
from casebus.cases import figures as reading
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.assessments.answers import Answer, others
from casebus.cases.facets.assessments.assessed import ActOf, Assessed, Punished
from casebus.cases.facets.assessments.omission import region_of, seen
from casebus.cases.facets.assessments.stated import FigureStatement, Stated, statement_of
from casebus.cases.facets.assessments.verdicts import as_alleged, as_claimed, as_open, weight
from casebus.cases.facets.clocks.of_case import Clocks
from casebus.cases.facets.clocks.running import RunningClock
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.open_regions import OpenRegion, Roles
from casebus.cases.reading import read_once
from casebus.cases.reporting import DATA_QUALITY, OMISSION, OPEN_OFFENCE
from casebus.law import Law
from casebus.law.assessment import RANK, Assessment, Verdict
from casebus.law.figures import ActDays, Figures, Sanction, offence_of
from casebus.law.items import GoodsItem

_ADMINISTRATIVE, _CRIMINAL = "administrative", "criminal"
_GUILTY = "GUILTY"
_STATING = frozenset({"restates", "adds", "alleges"})


class Assessing:
    """Figures of one case while its fold runs."""

    def __init__(
        self,
        law: Law,
        findings: Findings,
        clocks: Clocks,
        roles: Roles,
        recalled: Collection[Identity] = (),
    ) -> None:
        """`roles` are the known roles of the case, still growing.

        Figures of `recalled` events count in this case, but are never shown or told.
        """
        self._law, self._rules = law, law.thresholds
        self._findings, self._clocks, self._roles = findings, clocks, roles
        self._facts = Stated()
        self._recalled, self._quotes = recalled, False
        #: The facts that may be told: the same if nothing was recalled.
        self._open = Stated() if recalled else self._facts
        self._open_stated: CaseEvent | None = None
        self._answers: dict[tuple[str, str], Answer] = {}
        self._said: list[Assessed] = []
        #: The last event that stated figures, and the last one after which a transfer is owed.
        self._stated: CaseEvent | None = None
        self._watched: CaseEvent | None = None
        self._transferred = False
        self._settled = False
        self._convicted = False
        self._punished: list[tuple[CaseEvent, str]] = []
        #: The region in which the clocks of an owed transfer run, or have run out.
        self._region: OpenRegion | None = None
        self._lapsed: list[RunningClock] = []

    def take(self, event: CaseEvent, says: frozenset[str]) -> None:
        """Read a folded event; `says` is its meaning for figures by its name."""
        stated = bool(says & _STATING) and self._facts.take(
            self._statement(event), says, self._rules
        )
        if stated:
            self._stated = event
            self._open_up(event, says)
            self._hold_totals(event)
        self._note(event, says)
        if "watched" in says and event.sector in self._rules.detection.sectors:
            self._watched = event
            stated = stated or self._stated is not None
        if stated:
            self._assess(event)

    def _statement(self, event: CaseEvent) -> FigureStatement:
        return read_once(statement_of, event, self._law)

    def _open_up(self, event: CaseEvent, says: frozenset[str]) -> None:
        if event.identity in self._recalled:
            self._quotes = True
            return
        self._open_stated = event
        if self._open is not self._facts:
            self._open.take(self._statement(event), says, self._rules)

    def hear(self, event: CaseEvent) -> None:
        """Take the bus's answer: the statements of other cases about this one's organisations."""
        uscc, family = body.text(event.data, "uscc"), body.text(event.data, "family")
        revision = body.count(event.data, "revision") or 0
        known = self._answers.get((uscc, family))
        if known is not None and known.revision >= revision:
            return
        self._answers[uscc, family] = Answer(
            revision,
            tuple(reading.sanctions(event.data, "sanctions", family)),
            tuple(others(event)),
        )
        if self._stated is not None:
            self._assess(event)

    def lapsed(self, draft: RunningClock) -> None:
        """A clock ran out; its region shows if it is one of an owed transfer."""
        if self._region is not None and draft.region is self._region:
            self._lapsed.append(draft)

    def finish(self) -> None:
        """The omissions in force at the end of the fold."""
        for draft in self._lapsed:
            self._omission(draft)
        last = self._said[-1].assessment if self._said else None
        if last is not None and last.unknown and self._watched is not None:
            self._ask_what_it_is(last, self._watched)

    def all(self) -> tuple[Assessed, ...]:
        """In fold order."""
        return tuple(self._said)

    def punished(self) -> tuple[Punished, ...]:
        return tuple(
            one for event, kind in self._punished for one in self._punishments(event, kind)
        )

    def acts(self) -> tuple[ActOf, ...]:
        """The acts of each of its organisations as the case states them."""
        facts, stated = self._open, self._open_stated
        if stated is None:
            return ()
        return tuple(
            ActOf(
                uscc=uscc,
                family=family,
                offence=facts.offence,
                agency=stated.agency,
                figures=facts.figures(),
                items=facts.items()[0],
                acts=facts.acts or ActDays.on(stated.legal.date),
                event=stated.identity,
                unpunished=not self._settled and not facts.is_alleged,
                asking=not self._transferred and not self._convicted,
                imported=stated.imported,
            )
            for family in facts.shown(self._rules)
            for uscc in sorted(facts.organisations)
        )

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
        when = facts.acts or ActDays.on(self._stated.legal.date if self._stated else on)
        prior = [*facts.sanctions, *(one for a in self._answers.values() for one in a.sanctions)]
        asked = _Asked(when, tuple(prior), on)
        own, found = max(
            ((items, self._judge(facts.figures(), items, asked)) for items in facts.items()),
            key=lambda pair: weight(pair[1]),
        )
        together = None if self._settled else self._together(own, asked)
        accumulated = together is not None and weight(together) > weight(found)
        found = together if together is not None and accumulated else found
        claimed = facts.claim is not None and RANK[facts.claim] > RANK[found.verdict]
        # An act that can no longer be prosecuted is owed to nobody, even if somebody signed an
        # assessment.
        claimed = claimed and not found.limitation
        if claimed and facts.claim is not None:
            found = as_claimed(found, facts.claim)
        elif facts.is_alleged and found.verdict is Verdict.MUST_TRANSFER:
            found = as_alleged(found)
        self._say(event, found, accumulated=accumulated, claimed=claimed)
        self._owe(event, found)

    def _together(self, own: tuple[GoodsItem, ...], asked: _Asked) -> Assessment | None:
        """The figures with the acts of other cases.

        Named or itemised acts count, others may count.
        """
        others = [one for answer in self._answers.values() for one in answer.acts]
        limited = self._rules.accumulation.unlimited([(one, one.acts) for one in others], asked.on)
        if not limited:
            return None
        found = []
        for sure in (True, False):
            taken = [one for one in limited if one.sure or not sure]
            figures, items = self._facts.figures(), own
            for one in taken:
                figures, items = figures.plus(one.figures), (*items, *one.items)
            found.append(self._judge(figures, items if own else (), asked))
        # An act that is only perhaps of this offence is a suspicion at most.
        return max(found[0], as_open(found[1]), key=weight)

    def _judge(self, figures: Figures, items: tuple[GoodsItem, ...], asked: _Asked) -> Assessment:
        return self._rules.assess(
            figures,
            self._facts.offence or None,
            asked.when,
            asked.prior,
            today=asked.on,
            families=self._facts.families(self._rules),
            items=items,
        )

    def _hold_totals(self, event: CaseEvent) -> None:
        """Compare totals with items.

        Only items are assessed, so the author is told of a difference.
        """
        if unequal := self._statement(event).unequal:
            detail = {"reason": "totals_beside_items", "fields": " ".join(unequal)}
            self._findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about="totals")

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
                recalled=self._quotes,
            )
        )

    def _owe(self, event: CaseEvent, found: Assessment) -> None:
        """Start the clocks of an owed transfer, or end them if none is owed any more."""
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
            # An answer about imported figures accuses nobody either.
            return
        self._region = region_of(self._law, watched, self._roles, clocks)
        for clock in clocks:
            self._clocks.start(self._law.clocks[clock], event, self._region, alone=True)

    def _ask_what_it_is(self, last: Assessment, watched: CaseEvent) -> None:
        """Ask the case's own agency alone: a standard may be reached, and only it can say."""
        if last.verdict is not Verdict.TRANSFER_ON_SUSPICION or self._transferred:
            return
        detail = {
            "offence": last.offence,
            "unknown": " ".join(last.unknown),
            "metric": last.metric,
            "value": str(last.value),
            "needed": str(last.needed),
            "citation": last.citation,
        }
        tell = [watched.agency]
        self._findings.add(OPEN_OFFENCE, watched, detail, tell=tell, quotes=self._quotes)

    def _omission(self, draft: RunningClock) -> None:
        last = self._said[-1].assessment
        owing = draft.actor
        told = [seen(rule, self._roles) for rule in draft.rule.tell]
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
            quotes=self._quotes,
        )

    def _punishments(self, event: CaseEvent, kind: str) -> Iterator[Punished]:
        data = event.data
        offence = offence_of(body.text(data, "offence")) or self._facts.offence
        named = self._rules.standards.family_of.get(offence)
        families = (named,) if named else read_once(_families_of, event, self._law)
        if families is None:
            families = self._facts.shown(self._rules)
        for uscc, family in product(
            sorted(reading.organisations(data) or self._facts.organisations), families
        ):
            yield Punished(
                uscc=uscc,
                family=family,
                offence=offence,
                kind=kind,
                decided_on=reading.day(data, "decided_on") or event.legal.date,
                number="" if event.identity in self._recalled else _number(event),
                event=event.identity,
            )


def _families_of(event: CaseEvent, law: Law) -> tuple[str, ...] | None:
    """Families of a punishment that names no offence, by its own items and rights, if any."""
    kinds, rules = frozenset(reading.right_kinds(event.data)), law.thresholds
    items = reading.items(event.data, kinds)
    families = {one for kind in kinds if (one := rules.standards.family_of_right(kind))}
    if items or families:
        return tuple(sorted(rules.families_shown(items, frozenset(families))))
    return None


class _Asked(NamedTuple):
    """The question about figures: the days of the acts, earlier punishments, the day of asking."""

    when: ActDays
    prior: tuple[Sanction, ...]
    on: dt.date


def _is_transfer(event: CaseEvent) -> bool:
    return body.text(event.data, "outcome") == "TRANSFERRED"


def _number(event: CaseEvent) -> str:
    data = event.data
    return body.text(data, "decision_no") or body.text(data, "penalty_no")
