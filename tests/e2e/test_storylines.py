"""Every storyline of examples/ in one timeline on one stack, with all that they assert."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from click.testing import CliRunner

from onebox.testing import Stack
from operations.commands.rebuild import rebuild
from rehearsal.scenario import storyline
from rehearsal.scenario.player import Played
from rehearsal.scenario.playground import EXAMPLES, Playground

# Nine storylines take a minute on idle cores, and the stack its start.
pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(900)]

NUMBERS = [int(path.stem.rpartition("-")[2]) for path in EXAMPLES.glob("storyline-*.yaml")]


@pytest.fixture(scope="module")
def stack() -> Iterator[Stack]:
    with Stack() as stack:
        yield stack


@pytest.fixture(scope="module")
def ground(stack: Stack) -> Iterator[Playground]:
    with Playground(stack) as ground:
        yield ground


@pytest.fixture(scope="module")
def played(ground: Playground) -> dict[int, Played]:
    storylines = storyline.read_all(EXAMPLES)
    play = ground.player(storylines, by_cli=False).play()
    return {one.storyline.storyline: one for one in play}


@pytest.mark.parametrize("number", sorted(NUMBERS))
def test_a_storyline_comes_out_as_it_says(played: dict[int, Played], number: int) -> None:
    assert played[number].problems == []
    assert played[number].assertions


def test_nothing_was_lost_doubled_reordered_or_altered(
    ground: Playground, played: dict[int, Played]
) -> None:
    report = ground.await_agreement()
    assert len(played) == len(NUMBERS)
    assert report["problems"] == []


def test_a_rebuild_finds_every_row_in_the_journal_and_switches(
    stack: Stack, ground: Playground, played: dict[int, Played]
) -> None:
    ground.await_agreement()
    done = CliRunner().invoke(rebuild, ["--home", str(stack.home.path), "--json"])
    found = json.loads(done.stdout)
    assert found["differing"] == {"counts": {}, "named": []}
    assert found["switched"]
    assert found["cases"] >= len(played)
    assert ground.await_agreement()["problems"] == []
