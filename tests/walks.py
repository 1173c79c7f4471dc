"""Random lives of cases, drawn from the law itself: one to three procedures, side by side.

Most steps are in procedure in the present state. Some are strays, moved clocks, corrections, links
and mergers, late proofs, and the bus's statements about all of it.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from typing import Any

from casebus.cases import (
    Case,
    CaseEvent,
    Derived,
    breach_of,
    derive,
    fold,
    lapse_of,
    raised_of,
    warning_of,
)
from casebus.events.doors import BUS
from casebus.events.legaltime import LegalTime
from casebus.law.agencies import AGENCY, SAME_DIVISION
from casebus.law.compiled import ANY_ROLE, Procedure, in_force
from tests.case_events import LAW, SECTORS, event

#: Sector -> its two agencies.
OFFICES = {
    sector: (f"cn-330106-{suffix}", f"cn-330108-{suffix}")
    for suffix, sector in reversed(SECTORS.items())
    if sector != "bus"
}
_FIRST_DAY = dt.date(2024, 1, 8)
_CODES = ("91330106MA2XXXXX0T", "91330108MA28TEST1X", "no code")
_MOVES = ("clock.paused", "clock.resumed", "clock.extended", "clock.cause_recorded")
_LINKS = ("case.linked", "case.unlinked", "case.merged", "case.absorbed")
_AMOUNTS = ("illegal_business_amount", "sales_amount", "goods_value", "illegal_gains")


def walk(seed: int, steps: int = 24) -> list[CaseEvent]:
    """The events of one case in the order journaled; the first one opened it."""
    return _Walk(random.Random(seed)).run(steps)


def at_rest(events: list[CaseEvent], rounds: int = 12) -> list[CaseEvent]:
    """The events and the bus's statements about them, until it has no more to make."""
    whole = list(events)
    for _ in range(rounds):
        fresh = unsaid(whole)
        if not fresh:
            return whole
        whole += [journaled(one, 10_000 + len(whole) + at) for at, one in enumerate(fresh)]
    said = [one.type for one in unsaid(whole)]
    raise AssertionError(f"the bus does not come to rest: {said}")


def unsaid(whole: list[CaseEvent]) -> list[Derived]:
    there = {one.id for one in whole}
    return [one for one in said_of(fold(whole, LAW)) if one.id not in there]


def said_of(case: Case) -> list[Derived]:
    """Casework's statements, and the scheduler's as if every moment had passed."""
    running = [one for one in case.clocks if one.status == "running"]
    return [
        *derive(case),
        *(breach_of(one) for one in running if one.breach_after is not None),
        *(lapse_of(one) for one in running if one.lapse_after is not None),
        *(warning_of(one) for one in case.clocks if one.warn_after is not None),
        *(raised_of(case.stream, one, []) for one in case.findings if one.tell_after is not None),
    ]


def journaled(said: Derived, position: int) -> CaseEvent:
    found = dict.fromkeys(_resolved(rule, said.of) for rule in said.to)
    to = tuple(agency for agency in found if agency is not None)
    made = event(
        "bus",
        said.type.removeprefix("casebus.").removesuffix(".v1"),
        "2026-07-01",
        id=said.id,
        to=to,
        causation=said.causation,
        position=position,
        **{**said.data, "told": list(to)},
    )
    return made if said.legal is None else replace(made, legal=said.legal)


def _resolved(rule: str, of: str) -> str | None:
    if rule.startswith(SAME_DIVISION):
        return OFFICES.get(rule.removeprefix(SAME_DIVISION), ("cn-330106-amr",))[0]
    return (of or None) if rule in {"superior", "actor"} else rule.removeprefix(AGENCY)


class _Walk:
    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._procedures = rng.sample(sorted(LAW.procedures), rng.randint(1, 3))
        self._day = _FIRST_DAY + dt.timedelta(rng.randint(0, 900))
        self._events: list[CaseEvent] = []
        self._case = Case(stream="", status="")

    def run(self, steps: int) -> list[CaseEvent]:
        self._open(self._procedures[0])
        for _ in range(steps):
            self._day += dt.timedelta(self._rng.choice((0, 0, 1, 2, 5, 12, 40)))
            self._step()
        return self._events

    def _step(self) -> None:
        match self._rng.randrange(20):
            case 0 | 1:
                self._open(self._rng.choice(self._procedures))
            case 2:
                self._stray()
            case 3 | 9:
                self._move_a_clock()
            case 4:
                self._correct()
            case 5:
                self._common()
            case 6 | 7:
                self._hear_the_bus()
            case 8:
                self._work()
            case _:
                self._proceed()

    def _open(self, name: str) -> None:
        procedure = LAW.procedures[name]
        offices = OFFICES[self._rng.choice(sorted(procedure.roles[procedure.opener]))]
        self._take(self._rng.choice(offices), self._rng.choice(sorted(procedure.opening)))

    def _proceed(self) -> None:
        region = self._rng.choice(self._case.regions)
        procedure = LAW.procedures[region.procedure]
        known = sorted(name for state, name in procedure.steps if state == region.status)
        if known:
            name = self._rng.choice(known)
            self._take(self._author(procedure, name, region.roles), name)

    def _stray(self) -> None:
        procedure = LAW.procedures[self._rng.choice(self._procedures)]
        name = self._rng.choice(sorted(procedure.otherwise))
        self._take(self._anyone(), name)

    def _author(self, procedure: Procedure, name: str, roles: dict[str, tuple[str, ...]]) -> str:
        step = in_force(procedure.otherwise[name], self._day) or procedure.otherwise[name][0]
        role = self._rng.choice(sorted(step.by))
        if role == BUS:
            return BUS
        if role == ANY_ROLE:
            return self._rng.choice(sorted(self._case.participants))
        if role in roles and self._rng.random() < 0.9:
            return roles[role][0]
        sectors = sorted(procedure.roles[role]) or ["administrative"]
        return self._rng.choice(OFFICES.get(self._rng.choice(sectors), OFFICES["police"]))

    def _move_a_clock(self) -> None:
        known = [one for one in self._case.clocks if one.status in {"running", "paused"}]
        meant = self._rng.choice(known or [*self._case.clocks] or [None])
        author = meant.actor if meant is not None and meant.actor else self._anyone()
        clock = "Z99" if meant is None else meant.id
        self._take(author, self._rng.choice(_MOVES), clock=clock, cause="LINK_DOWN", reasons="")

    def _correct(self) -> None:
        target = self._rng.choice(self._events)
        day = self._day - dt.timedelta(self._rng.randint(0, 60))
        changes = self._rng.choice(
            [{"$legaltime": f'"{day}"'}, {"$to": ""}, {"illegal_gains.fen": "99000000"}]
        )
        self._take(
            target.source,
            "case.corrected",
            corrected_source=target.source,
            corrected_id=target.id,
            changes=changes,
        )

    def _common(self) -> None:
        name = self._rng.choice([*sorted(LAW.common), *_LINKS])
        other = {"stream": f"s{self._rng.randint(0, 2)}", "number": f"n{self._rng.randint(0, 2)}"}
        self._take(self._anyone(), name, linked=other, into=other)

    def _hear_the_bus(self) -> None:
        there = {one.id for one in self._events}
        said = [one for one in said_of(self._case) if one.id not in there]
        if said and self._rng.random() < 0.8:
            self._add(journaled(self._rng.choice(said), len(self._events)))
            return
        prior = {"kind": "administrative", "decided_on": str(self._day - dt.timedelta(300))}
        others = {"acts_from": str(self._day), **_figures(self._rng)}
        self._take(
            "bus/scheduler",
            "prior_sanctions.found",
            uscc=self._rng.choice(_CODES),
            family=self._rng.choice(sorted(LAW.thresholds.standards.families)),
            revision=self._rng.randint(1, 3),
            sanctions=[prior],
            unpunished=[others],
        )

    def _work(self) -> None:
        waiting = [one for one in self._case.work if one.is_open]
        if not waiting:
            return
        item = self._rng.choice(waiting)
        ce_type = self._rng.choice(["casebus.work.taken.v1", *item.actions.values()])
        self._take(
            item.agency,
            ce_type.removeprefix("casebus.").removesuffix(".v1"),
            work_item=item.key,
            work_version=self._rng.randint(0, item.version),
            actor="o1",
        )

    def _anyone(self) -> str:
        known = sorted(self._case.participants)
        if known and self._rng.random() < 0.8:
            return self._rng.choice(known)
        return self._rng.choice(self._rng.choice(list(OFFICES.values())))

    def _take(self, author: str, name: str, **said: Any) -> None:
        rng = self._rng
        late = dt.timedelta(rng.choice((0, 0, 0, 0, 3, 20)))
        to = [rng.choice(one) for one in rng.sample(list(OFFICES.values()), rng.randint(0, 5))]
        to += rng.sample(sorted(self._case.participants), min(len(self._case.participants), 2))
        at = len(self._events)
        made = event(
            author,
            name,
            str(self._day),
            id=f"e{at:03}",
            to=tuple(dict.fromkeys(to)),
            position=at,
            sequence=rng.choice((None, None, at)),
            causation=(f"e{rng.randrange(at + 3):03}",) if at and rng.random() < 0.2 else (),
            imported=rng.random() < 0.05,
            flags=("absurd_time",) if rng.random() < 0.05 else (),
            **{**_body(rng, self._day), **said},
        )
        legal = LegalTime(self._day - late, rng.choice((None, None, dt.time(9), dt.time(16, 30))))
        conflicting = rng.random() < 0.03
        self._add(replace(made, legal=legal, conflicting=conflicting))

    def _add(self, made: CaseEvent) -> None:
        self._events.append(made)
        self._case = fold(self._events, LAW)


def _figures(rng: random.Random) -> dict[str, Any]:
    names = rng.sample(_AMOUNTS, rng.randint(0, 2))
    return {name: {"fen": rng.choice((0, 900_000, 4_000_000, 90_000_000))} for name in names}


def _body(rng: random.Random, day: dt.date) -> dict[str, Any]:
    organisation = {"name": "某公司", "uscc": rng.choice(_CODES)}
    right = {"kind": rng.choice(("TRADEMARK", "COPYRIGHT")), "number": "1234567", "holder": "甲"}
    says: dict[str, Any] = {
        **_figures(rng),
        "suspects": [{"role": "SUSPECT", "organisation": organisation}],
        "rights": [right],
        "right": right,
        "offence": rng.choice(("213", "刑法第二百一十四条", "")),
        "outcome": rng.choice(("GUILTY", "INVALID", "TRANSFERRED", "UPHELD")),
        "assessment": rng.choice(("MUST_TRANSFER", "WATCH", "")),
        "secrecy": rng.choice(("NONE", "TRADE_SECRET")),
        "decided_on": str(day),
        "decision_no": rng.choice(("1", "2")),
        "posted_on": str(day - dt.timedelta(2)),
        "in_custody": True,
        "partial": True,
        "referred": True,
        "numbers": [{"kind": "case_no", "value": "（2026）浙0106民初1号"}],
        "goods": [{"name": "包", "unit": "只", "listed": 3, "received": rng.choice((2, 3))}],
    }
    return {name: value for name, value in says.items() if rng.random() < 0.35}
