from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.errors import CasebusError
from gateway import paging
from gateway.api import cases, inbox, rejected, work

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
@pytest.mark.parametrize("read", [cases._case_place, rejected._place, work._place])
def test_a_place_of_another_resource_is_malformed(read: Any, place: Any) -> None:
    with pytest.raises(CasebusError) as error:
        read(place)
    assert error.value.code == "malformed_cursor"


@pytest.mark.parametrize("place", [None, 1, "x", [1], [[1, 2]], [["a", 1, 2]]])
def test_an_inbox_place_is_a_list_of_positions(place: Any) -> None:
    with pytest.raises(CasebusError):
        inbox._seen(place)
    assert inbox._seen([[1, 0, 5], [1, 3, 9]]) == {(1, 0): 5, (1, 3): 9}
