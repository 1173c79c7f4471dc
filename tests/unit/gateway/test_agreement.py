"""What two viewers both see is within what each of them sees."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from gateway.access.agreement import agreed

NAMES = st.sampled_from(["title", "number", "parties", "amount"])
WHOLE = st.recursive(
    st.text(max_size=3) | st.integers(0, 9),
    lambda inner: (
        st.lists(st.dictionaries(NAMES, inner, max_size=3), max_size=3)
        | st.dictionaries(NAMES, inner, max_size=3)
    ),
    max_leaves=12,
)


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, one in value.items():
            yield from leaves(one, f"{path}.{name}")
    elif isinstance(value, list):
        for at, one in enumerate(value):
            yield from leaves(one, f"{path}[{at}]")
    else:
        yield path, value


@st.composite
def reduced(draw: st.DrawFn, value: Any) -> Any:
    """The same with fields left out, as redaction leaves them out."""
    if isinstance(value, dict):
        kept = [name for name in value if draw(st.booleans())]
        return {name: draw(reduced(value[name])) for name in kept}
    if isinstance(value, list):
        return [draw(reduced(one)) for one in value]
    return value


@given(st.data(), WHOLE)
def test_of_one_thing_both_see_what_each_of_them_sees(data: st.DataObject, whole: Any) -> None:
    mine, theirs = data.draw(reduced(whole)), data.draw(reduced(whole))
    both = set(leaves(agreed(mine, theirs)))
    assert both == set(leaves(mine)) & set(leaves(theirs))


def test_of_items_that_one_does_not_have_none_is_shown() -> None:
    assert agreed(["a", "b"], ["b", "c"]) == ["b"]
    assert agreed([{"n": 1}], [{"n": 1}, {"n": 2}]) == [{"n": 1}]


def test_what_one_does_not_know_stays_empty_and_what_the_other_sees_reduced_stays_so() -> None:
    mine = {"number": "", "status": "sent", "into": None}
    theirs = {"number": "沪公1号", "status": "restricted", "into": {"stream": "x"}}
    assert agreed(mine, theirs) == {"number": "", "status": "restricted", "into": None}
