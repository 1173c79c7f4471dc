"""Whatever state of whatever procedure a case stops in: somebody falls due, or it says why not."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent
from casebus.events.doors import BUS
from casebus.law import Law, loader
from casebus.law.compiled import ANY_ROLE, Procedure, in_force
from tests.case_events import LAW, ROOT, event, folded, until
from tests.silence import after_silence, silent_regions, with_lapses
from tests.walks import OFFICES

FIRST_DAY = dt.date(2026, 5, 6)
YEARS = dt.timedelta(days=4000)
#: How many ways to each state are gone on from.
WAYS = 8
EVERYBODY = tuple(office for offices in OFFICES.values() for office in offices)
#: An event that finds fault with is no lawful step.
FAULTS = {"out_of_procedure", "no_standing", "suspended"}
BODIES: tuple[dict[str, Any], ...] = (
    {},
    {"assessment": "MUST_TRANSFER", "outcome": "TRANSFERRED", "urgency": "URGENT"},
    {"track": "SIMPLE", "warning_only": True, "stage": "IN_SUIT", "cause": "PATENT_OWNERSHIP"},
    {"step": "NOTICE_SERVED", "office": "PATENT_OFFICE"},
)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(LAW.procedures))
def test_nobody_may_be_silent_for_ever(name: str) -> None:
    procedure = LAW.procedures[name]
    reached: set[str] = set()
    for events, case, rested in lives(procedure, random.Random(name)):
        reached |= {state(case, name), state(rested, name)}
        for one in (case, rested):
            assert silent_regions(one, LAW) == [], [event.type for event in events]
    missed = set(procedure.states) - reached - {procedure.initial}
    assert not missed, f"no walk came to {missed}"


@pytest.mark.slow
def test_police_whom_nothing_makes_answer_are_found_out() -> None:
    files = loader.read(ROOT / "policies/law")
    starts = b"    starts: [T05, T06, T08]\n"
    assert starts in files["procedures/referral.yaml"]
    text = files["procedures/referral.yaml"].replace(starts, b"    starts: [T05, T06]\n")
    law = Law({**files, "procedures/referral.yaml": text})
    events = until("referral.receipted")
    moment = events[-1].legal.moment() + YEARS
    [waits] = silent_regions(after_silence(events, law, moment), law)
    assert (waits.procedure, waits.status) == ("referral", "receipted")
    assert silent_regions(after_silence(events, LAW, moment), LAW) == []


def state(case: Case, name: str) -> str:
    return next(one.status for one in case.regions if one.procedure == name)


def lives(procedure: Procedure, rng: random.Random) -> Iterator[tuple[list[CaseEvent], Case, Case]]:
    """Lawful lives that end in every state, by several ways each; lapses of the bus included.

    Each with its case, and with what becomes of it where nobody does anything any more.
    """
    waiting = list(openings(procedure, rng))
    ways: Counter[str] = Counter()
    while waiting:
        events = waiting.pop(0)
        case = folded(events)
        if FAULTS & {one.kind for one in case.findings}:
            continue
        until = events[-1].legal.moment() + YEARS
        lapsed, rested = with_lapses(events, LAW, until, case)
        yield events, case, rested
        ways[state(case, procedure.id)] += 1
        if ways[state(case, procedure.id)] > WAYS:
            continue
        day = events[-1].legal.date + dt.timedelta(days=rng.choice((0, 1, 4)))
        if len(lapsed) > len(events):
            waiting.append(lapsed)
        waiting += [
            [*events, said(name, author, day, len(events), rng)]
            for name, author in moves(procedure, case, day)
            for _ in range(2)
        ]


def openings(procedure: Procedure, rng: random.Random) -> Iterator[list[CaseEvent]]:
    for name in sorted(procedure.opening):
        for sector in sorted(procedure.roles[procedure.opener]):
            yield [said(name, OFFICES[sector][0], FIRST_DAY, 0, rng)]


def said(name: str, author: str, day: dt.date, at: int, rng: random.Random) -> CaseEvent:
    to = tuple(one for one in EVERYBODY if one != author)
    moment = f"{day} {min(at, 23):02}:00"
    return event(author, name, moment, id=f"e{at}", position=at, to=to, **rng.choice(BODIES))


def moves(procedure: Procedure, case: Case, day: dt.date) -> Iterator[tuple[str, str]]:
    """What may be done next, and by whom."""
    at = state(case, procedure.id)
    roles = next(one.roles for one in case.regions if one.procedure == procedure.id)
    for (status, name), versions in sorted(procedure.steps.items()):
        step = in_force(versions, day)
        if status == at and step is not None:
            held = [roles[role][0] for role in sorted(step.by) if roles.get(role)]
            held += case.participants[:1] if ANY_ROLE in step.by else ()
            held += [BUS] if BUS in step.by else ()
            yield from ((name, one) for one in held[:1])
