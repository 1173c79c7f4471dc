"""The courts of the storylines are those that the rules on jurisdiction find."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebus.law.venues import VenueMatter
from operations.provision.agencies import read_agencies
from rehearsal.scenario import storyline
from rehearsal.scenario.rehearsed import RehearsedOffices
from rehearsal.scenario.storyline import StorylineStep
from rehearsal.scenario.world import Names
from tests.laws import LAW

ROOT = Path(__file__).parents[3]
OFFICES = RehearsedOffices(read_agencies(ROOT / "examples/agencies.yaml"))


@pytest.mark.parametrize(
    ("number", "label", "court"),
    [
        pytest.param(
            2, "applied", "cn-330100-court", id="a design is confirmed by the city's court"
        ),
        pytest.param(2, "enforcement", "cn-330100-court", id="who confirmed enforces"),
        pytest.param(2, "delegated", "cn-440100-court", id="a court of the same level is asked"),
        pytest.param(8, "enforcement", "cn-440100-court", id="an award: intermediate, by property"),
        pytest.param(
            8, "set_aside", "cn-330100-court", id="setting aside: at the commission's seat"
        ),
    ],
)
def test_the_court_is_the_one_that_the_rules_find(number: int, label: str, court: str) -> None:
    told = storyline.read(ROOT / f"examples/storyline-{number}.yaml")
    [step] = [one for one in told.steps if isinstance(one, StorylineStep) and one.label == label]
    names = Names(told, dict.fromkeys(told.streams, "stream"))
    author = OFFICES.agency(names.agency(step.author))
    assert author is not None
    matter = VenueMatter(names.filled(step.data), author, step.at.date(), OFFICES)
    found = LAW.venues.find(step.ce_type, matter)
    assert found is not None
    assert court in found.agencies
