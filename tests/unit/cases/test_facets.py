"""Facets do not get in each other's way."""

from __future__ import annotations

from collections import Counter
from dataclasses import fields
from pathlib import Path

from casebus.cases import facets
from casebus.cases.core import Core
from tests.case_events import folded, storyline


def test_each_facet_has_a_name_of_its_own() -> None:
    assert {
        name: times
        for name, times in Counter(one.name for one in facets.FACETS).items()
        if times > 1
    } == {}


def test_a_facet_lies_in_one_place_under_its_name() -> None:
    room = Path(facets.__file__).parent
    here = {path.stem for path in room.iterdir()}
    # A finding of history is a kind of finding.
    names = {one.name for one in facets.FACETS} - {"deviations"}
    assert names <= here
    assert names.isdisjoint(path.stem for path in room.parent.iterdir())


def test_a_field_of_a_case_s_detail_is_shown_by_its_facet() -> None:
    case = folded(storyline())
    for facet in facets.FACETS:
        assert set(facet.lists) <= facet.shows(case.of(facet), case).keys()


def test_no_facet_shows_what_another_or_the_core_shows() -> None:
    case = folded(storyline())
    own = {field.name for field in fields(Core)} - {"regions", "known", "hearers", "team"}
    shown = Counter(own)
    for facet in facets.FACETS:
        shown.update(facet.shows(case.of(facet), case).keys())
    assert {name: times for name, times in shown.items() if times > 1} == {}


def test_each_table_is_one_facet_s_and_its_key_is_a_column() -> None:
    tables = [shape for facet in facets.FACETS for shape in facet.tables]
    assert len({shape.TABLE for shape in tables}) == len(tables)
    for shape in tables:
        assert shape.KEY in shape.__slots__
        assert "stream" not in shape.__slots__
