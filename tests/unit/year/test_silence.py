"""Five hundred cases of the synthetic year, cut off at random and left alone for 400 days."""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace
from pathlib import Path

import pytest

from casebus.cases import CaseEvent
from rehearsal.year.admitted import case_event
from rehearsal.year.walking import Walk
from rehearsal.year.world import YearOrder, YearWorld
from tests.silence import after_silence, silent_regions

#: A whole year is made and folded, several times.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
CASES = 500
WANTED = YearOrder(CASES, 11, 2025, ROOT / "schemas", ROOT / "policies")


@pytest.fixture(scope="module")
def world() -> YearWorld:
    return YearWorld.make(WANTED)


def cut(world: YearWorld, number: int) -> list[CaseEvent]:
    """The first events of a case as they happen, journaled at once."""
    lines = Walk(world, number).lines()
    kept = random.Random(number).randint(1, len(lines)) if lines else 0
    events = [case_event(world, line, at) for at, line in enumerate(lines[:kept])]
    return [replace(one, imported=False, recorded_at=one.legal.moment()) for one in events]


def test_a_case_left_alone_has_an_end_a_late_agency_or_a_reason(world: YearWorld) -> None:
    procedures: set[str] = set()
    for number in range(CASES):
        events = cut(world, number)
        if not events:
            continue
        later = events[-1].legal.moment() + dt.timedelta(days=400)
        case = after_silence(events, world.law, later)
        procedures.update(one.procedure for one in case.regions)
        assert silent_regions(case, world.law) == [], [one.type for one in events]
        assert all(
            clock.breach_after is None or clock.status != "running" or clock.tell
            for clock in case.clocks
        )
    assert len(procedures) > 30
