"""The omissions of a year are those that were put into it, by name, and no others."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from casebus.cases.differing import replayed
from casebus.events.legaltime import CHINA
from onebox.year.admitted import case_event
from onebox.year.lines import Line
from onebox.year.mistakes import NOT_TRANSFERRED, Spoiler
from onebox.year.world import Wanted, World
from onebox.year.year import case_lines

ROOT = Path(__file__).parents[3]
CASES = 900
#: What else goes wrong could hide a figure or a transfer: these cases have the one mistake alone.
ALONE = dict.fromkeys(
    (
        "twice",
        "out_of_order",
        "wrong_check_digit",
        "goods_differ",
        "nobody_told",
        "unknown_recipient",
        "corrected",
        "skipped",
    ),
    0.0,
)
LATER = dt.datetime(2027, 2, 4, tzinfo=CHINA)


@pytest.fixture(scope="module")
def world() -> World:
    return World.make(Wanted(CASES, 7, 2025, ROOT / "schemas", ROOT / "policies"))


@pytest.fixture(scope="module")
def cases(world: World) -> list[list[Line]]:
    shares = world.plan.mistakes.model_copy(update={**ALONE, "not_transferred": 0.3})
    spoiler = Spoiler(shares, world.law)
    return [lines for at in range(CASES) if (lines := case_lines(world, spoiler, at))]


def found(world: World, lines: list[Line]) -> set[tuple[str, str]]:
    """(case, agency) of each omission, were the year told as it happens."""
    events = [replace(case_event(world, one, at), imported=False) for at, one in enumerate(lines)]
    case = replayed(events, world.law, LATER)
    return {
        (lines[0].case, finding.detail["agency"])
        for finding in case.findings
        if finding.kind == "omission"
    }


def test_the_year_finds_every_omission_put_into_it_and_no_other(
    world: World, cases: list[list[Line]]
) -> None:
    put_in = {
        (one.case, one.source) for lines in cases for one in lines if one.mistake == NOT_TRANSFERRED
    }
    shown = {name for lines in cases for name in found(world, lines)}
    assert len(put_in) > 10
    assert shown == put_in
