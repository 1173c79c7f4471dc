"""Every storyline of examples/, rehearsed: its schemas, its law, every assertion it makes."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from casebus.cases.visibility import Access
from casebus.events.schemas import Schemas
from casebus.law import Law
from operations.provision.agencies import read_agencies
from rehearsal.scenario import storyline
from rehearsal.scenario.rehearse import Rehearsal, Rehearser
from rehearsal.scenario.storyline import Storyline

ROOT = Path(__file__).parents[3]
FILES = sorted((ROOT / "examples").glob("storyline-*.yaml"))


@cache
def read(path: Path) -> Storyline:
    return storyline.read(path)


@cache
def ground() -> tuple[Schemas, Law]:
    return Schemas.load(ROOT / "schemas"), Law.load(ROOT / "policies/law")


def rehearse(*paths: Path) -> list[Rehearsal]:
    schemas, law = ground()
    offices = read_agencies(ROOT / "examples/agencies.yaml")
    read_ones = [read(path) for path in paths]
    access = Access.load(ROOT / "policies")
    return Rehearser(read_ones, schemas=schemas, law=law, offices=offices, access=access).play()


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_storyline_comes_out_as_it_says(path: Path) -> None:
    [result] = rehearse(path)
    assert result.problems == []
    assert result.assertions


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_storyline_s_number_is_that_of_its_file(path: Path) -> None:
    assert f"storyline-{read(path).storyline}.yaml" == path.name


@pytest.mark.slow
def test_storylines_played_together_come_out_the_same() -> None:
    assert [one.problems for one in rehearse(*FILES)] == [[] for _ in FILES]


def test_each_office_has_a_superior_that_exists_in_its_own_sector() -> None:
    offices = {one.id: one for one in read_agencies(ROOT / "examples/agencies.yaml")}
    for one in offices.values():
        if one.superior:
            assert offices[one.superior].sector == one.sector
