"""What is late or omitted in a year is what was put into it, by name, and nothing else is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from casebus.cases.facets import AssessmentsFacet
from casebus.law.assessment import Verdict
from rehearsal.year.judging import NOT_TRANSFERRED, as_it_happens, found, put_in
from rehearsal.year.lines import YearLine
from rehearsal.year.mistakes import Spoiler
from rehearsal.year.plan import YearPlan
from rehearsal.year.walking import Walk
from rehearsal.year.world import YearOrder, YearWorld
from rehearsal.year.year import case_lines

#: A whole year is made and folded, several times.
pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[3]
CASES = 500


def a_world(cases: int, seed: int, **parts: dict[str, Any]) -> YearWorld:
    """A year by the plan, but for these values of its parts."""
    plan = YearPlan.load()
    changed = {part: getattr(plan, part).model_copy(update=new) for part, new in parts.items()}
    wanted = YearOrder(cases, seed, 2025, ROOT / "schemas", ROOT / "policies")
    return YearWorld.make(wanted, plan.model_copy(update=changed))


@pytest.fixture(scope="module")
def world() -> YearWorld:
    return a_world(CASES, 7)


@pytest.fixture(scope="module")
def cases(world: YearWorld) -> list[list[YearLine]]:
    spoiler = Spoiler(world)
    return [lines for at in range(CASES) if (lines := case_lines(world, spoiler, at))]


def test_the_year_shows_what_was_put_into_it_and_nothing_else(
    world: YearWorld, cases: list[list[YearLine]]
) -> None:
    late = [name for lines in cases for line in lines for name in line.late]
    silent = [name for lines in cases for line in lines for name in line.silent]
    assert min(len(late), len(silent)) > 20
    assert len({name.split(" ")[0] for name in (*late, *silent)}) > 20
    for lines in cases:
        assert found(world, lines) == put_in(lines, world.law)


def test_every_omission_is_found_at_the_agency_that_owed_the_transfer() -> None:
    world = a_world(1_500, 5, mistakes={"not_transferred": 0.6})
    crimes = [at for at, kind in enumerate(world.kinds) if kind.crime]
    spoiler = Spoiler(world)
    omitted = 0
    for lines in (case_lines(world, spoiler, at) for at in crimes):
        said = put_in(lines, world.law)
        omitted += any(line.mistake == NOT_TRANSFERRED for line in lines)
        assert found(world, lines) == said
    assert omitted > 10


@pytest.mark.long
def test_where_nobody_is_late_or_rests_nothing_is_overrun_before_the_year_ends() -> None:
    """So no period of the law can be kept by nobody, and none falls due that was kept."""
    world = a_world(
        CASES,
        11,
        pace={"late": 0.0},
        walk={"rests": 0.0, "longest": 400},
        mistakes={"not_transferred": 0.0},
    )
    for at in range(CASES):
        lines = Walk(world, at).lines()
        case = as_it_happens(world, lines) if lines else None
        over = [one for one in case.clocks if one.breach_after] if case else []
        ends = [one for one in over if one.certain and one.certain < world.times.end]
        assert [(one.id, one.actor) for one in ends] == [], at
        assert all(line.late == () for line in lines)
        assert case is None or [one for one in case.findings if one.kind != "omission"] == []


def test_nobody_is_late_without_a_name(world: YearWorld, cases: list[list[YearLine]]) -> None:
    for lines in cases:
        over = [one for one in as_it_happens(world, lines).clocks if one.breach_after]
        assert all(one.actor and one.tell for one in over)


def test_an_act_that_is_lost_or_comes_sooner_is_seen(
    world: YearWorld, cases: list[list[YearLine]]
) -> None:
    """The comparison can fail."""
    missed = kept = 0
    for lines in cases:
        said = put_in(lines, world.law)
        if said.overrun:
            continue
        met = {
            one.stopped_by[1]
            for one in as_it_happens(world, lines).clocks
            if one.status == "met" and one.expiry == "breach" and one.stopped_by
        }
        for line in lines:
            if line.id in met:
                kept += 1
                missed += found(world, [one for one in lines if one is not line]) != said
    assert missed > kept / 2 > 50


def test_crimes_must_be_transferred_and_what_is_none_is_watched(
    world: YearWorld, cases: list[list[YearLine]]
) -> None:
    crimes = {at for at, kind in enumerate(world.kinds) if kind.crime}
    spoiler = Spoiler(world)
    said: dict[bool, set[Verdict]] = {True: set(), False: set()}
    for at in range(CASES):
        lines = case_lines(world, spoiler, at)
        if lines:
            shown = as_it_happens(world, lines).of(AssessmentsFacet)
            said[at in crimes] |= {one.assessment.verdict for one in shown}
    assert said == {True: {Verdict.MUST_TRANSFER}, False: {Verdict.WATCH}}
    stated = [line for lines in cases for line in lines if line.data.get("items")]
    assert len({item["act"] for line in stated for item in line.data["items"]}) > 3
