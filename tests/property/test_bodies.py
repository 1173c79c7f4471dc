"""Whatever a body says, in whatever form: the fold records it and raises nothing."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.facts import FactReader
from casebus.cases.matching import profile
from casebus.events.schemas import Schemas
from tests.case_events import AMR, LAW, PSB, ROOT, event, until
from tests.walks import walk

FIELDS = ["acts_from", "case_no", "clock", "kind", "organisation", "parties", "place", "role"]
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.characters(codec=None), max_size=8)
    | st.sampled_from(["2026-02-30", "2026-03-01", "9999-12-31", "e001", "第二百一十四条", "["])
)
#: What JSON can say, and what it cannot.
VALUES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(FIELDS), inner, min_size=1, max_size=4)
    ),
    max_leaves=6,
)
Path = tuple[str | int, ...]


@cache
def reader() -> FactReader:
    return FactReader(Schemas.load(ROOT / "schemas"))


def places(value: Any, path: Path = ()) -> Iterator[Path]:
    parts = value.items() if isinstance(value, dict) else enumerate(value)
    for name, part in parts:
        yield (*path, name)
        if isinstance(part, dict | list):
            yield from places(part, (*path, name))


@st.composite
def broken_cases(draw: st.DrawFn) -> list[CaseEvent]:
    """A case in which some places of some bodies say something else."""
    events = walk(draw(st.integers(0, 2**32)), 10)
    for _ in range(draw(st.integers(1, 8))):
        at = draw(st.integers(0, len(events) - 1))
        data = copy.deepcopy(events[at].data)
        known = [*places(data), *((name,) for name in FIELDS)]
        *above, last = draw(st.sampled_from(known))
        part: Any = data
        for word in above:
            part = part[word]
        part[last] = draw(VALUES)
        events[at] = replace(events[at], data=data)
    return events


@given(broken_cases())
def test_no_body_makes_the_fold_or_what_is_derived_raise(events: list[CaseEvent]) -> None:
    case = fold(events, LAW)
    assert case.digest() == fold(reversed(events), LAW).digest()
    for one in derive(case):
        assert orjson.dumps(one.data)


@given(broken_cases())
def test_no_body_makes_the_readers_of_facts_and_traits_raise(events: list[CaseEvent]) -> None:
    for one in events:
        assert profile(one.data) == profile(dict(one.data))
        for fact in reader().facts(one, events):
            assert orjson.dumps(fact.said)


@pytest.mark.parametrize("role", [["SUSPECT"], {"zh": "嫌疑人"}, 7])
def test_a_role_of_another_form_is_no_role(role: Any) -> None:
    party = {"role": role, "organisation": {"uscc": "91330106MA2XXXXX0T"}}
    sent = event(AMR, "referral.sent", "2026-03-02", to=(PSB,), suspects=[party])
    assert fold([sent], LAW).status == "sent"
    assert profile(sent.data).codes


@pytest.mark.parametrize("due", ["2026-03-01T10:00:00", "", None, 2**70])
def test_a_breach_that_tells_no_moment_is_withdrawn(due: Any) -> None:
    events = until("referral.filed")
    clock = next(one for one in fold(events, LAW).clocks if one.id == "T17")
    said = event("bus", "clock.breached", "2026-03-09", clock_key=clock.key, due=due, clock=due)
    derived = derive(fold([*events, said], LAW))
    [withdrawn] = [one for one in derived if one.type == "casebus.clock.breach_withdrawn.v1"]
    assert withdrawn.data["reasons"] == "the due date has moved"
