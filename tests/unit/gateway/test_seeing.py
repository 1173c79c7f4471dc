"""Which lists of a case a caller sees."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebus.cases.visibility import Access, Viewer
from gateway.access.redaction import LISTS, lists_of

ACCESS = Access.load(Path(__file__).parents[3] / "policies")
STATE_ORGANS = {name for name, level in ACCESS.sectors.items() if level != "PARTY"}


@pytest.mark.parametrize("sector", [*ACCESS.sectors, "unheard_of"])
def test_figures_and_duties_of_a_case_are_for_state_organs(sector: str) -> None:
    seen = lists_of(Viewer("one", sector, has_role=False, is_secret=False), ACCESS)
    assert seen == (LISTS if sector in STATE_ORGANS else ("regions",))


@pytest.mark.parametrize("sector", ["platform", "unheard_of"])
def test_who_holds_a_role_in_the_case_sees_them_whatever_its_sector(sector: str) -> None:
    assert lists_of(Viewer("one", sector, has_role=True, is_secret=False), ACCESS) == LISTS


def test_there_are_sectors_of_both_kinds() -> None:
    assert STATE_ORGANS
    assert set(ACCESS.sectors) - STATE_ORGANS
