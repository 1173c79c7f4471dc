from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.errors import CasebusError
from gateway.api import inbox, rejected, searching, work
from gateway.web import paging

PLACES = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner, max_size=4), max_leaves=8
)


@given(PLACES)
def test_a_cursor_reads_back_as_the_place_it_stands_for(place: Any) -> None:
    cursor = paging.encode(place)
    assert paging.decode(cursor) == place
    assert cursor.replace("-", "").replace("_", "").isalnum()


@pytest.mark.parametrize("text", ["=", "a", "äöü", "!!!!", "W10x", "WzEs", "_" * 5])
def test_another_text_is_a_malformed_cursor(text: str) -> None:
    with pytest.raises(CasebusError) as error:
        paging.decode(text)
    assert error.value.code == "malformed_cursor"


@pytest.mark.parametrize("place", [None, 1, "x", [], ["x", "y"], [1, 2, 3], [["a"]], {"a": 1}])
@pytest.mark.parametrize(
    "read", [partial(searching._place, "opened"), rejected._place, work._place]
)
def test_a_place_of_another_resource_is_malformed(read: Any, place: Any) -> None:
    with pytest.raises(CasebusError) as error:
        read(place)
    assert error.value.code == "malformed_cursor"


@pytest.mark.parametrize("place", [None, 1, "x", [1], [[1, 2]], [["a", 1, 2]]])
def test_an_inbox_place_is_a_list_of_positions(place: Any) -> None:
    with pytest.raises(CasebusError):
        inbox._seen(place)
    assert inbox._seen([[1, 0, 5], [1, 3, 9]]) == {(1, 0): 5, (1, 3): 9}


@pytest.mark.parametrize(
    "place",
    [
        ["-changed", "2026-03-02T00:00:00+00:00", "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"],
        ["opened", "2026-03-02T00:00:00", "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"],
        ["opened", "2026-03-02T00:00:00+00:00", "x"],
    ],
)
def test_a_place_in_another_order_is_malformed(place: Any) -> None:
    with pytest.raises(CasebusError):
        searching._place("opened", place)
