"""Whatever happens in whichever procedures, in whatever order it arrives: one state, and rest."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.facets import ClocksFacet
from tests.case_events import LAW, may_open
from tests.examples import examples
from tests.walks import at_rest, unsaid, walk

SEEDS = st.integers(0, 2**32)
#: What is told -> what takes it back, each by the field that names what it is about.
PAIRS = {
    "finding.raised": ("finding.withdrawn", "key"),
    "clock.breached": ("clock.breach_withdrawn", "clock_key"),
    "clock.lapsed": ("clock.lapse_withdrawn", "clock_key"),
}


def shuffled(events: list[CaseEvent], seed: int) -> list[CaseEvent]:
    """In another order of arrival, some twice; the opener stays the first who opens."""
    rng = random.Random(seed)
    order = rng.sample(events, len(events))
    openings = [at for at, one in enumerate(order) if may_open(one)]
    # Whose case it is the journal's order says (ADR 0011).
    own = next(at for at in openings if order[at].agency == events[0].agency)
    order[openings[0]], order[own] = order[own], order[openings[0]]
    placed = [replace(one, position=(1, 0, at)) for at, one in enumerate(order)]
    again = [replace(one, position=(2, 0, at)) for at, one in enumerate(rng.sample(placed, 3))]
    arrived = [*placed, *again]
    rng.shuffle(arrived)
    return arrived


@pytest.mark.slow
@settings(max_examples=examples(100))
@given(SEEDS, SEEDS)
def test_any_order_of_arrival_ends_in_the_same_state(seed: int, order: int) -> None:
    events = walk(seed)
    arrived, recorded = fold(shuffled(events, order), LAW), fold(events, LAW)
    assert arrived.digest() == recorded.digest()
    assert derive(arrived) == derive(recorded)


@pytest.mark.slow
@settings(max_examples=examples(80))
@given(SEEDS, st.integers(4, 20))
def test_the_bus_comes_to_rest_and_what_it_takes_back_it_has_told(seed: int, kept: int) -> None:
    events = walk(seed)
    whole = at_rest(events[:kept])
    whole = at_rest([*whole, *events[kept:]])
    assert unsaid(whole) == []
    assert fold(whole, LAW).of(ClocksFacet).unfounded == ()
    once = {one.id: one for one in whole}.values()
    said = Counter((one.type.split(".", 1)[1][:-3], about(one)) for one in once)
    for (name, key), count in said.items():
        if name in PAIRS:
            withdrawn = said[PAIRS[name][0], key]
            assert withdrawn <= count <= withdrawn + 1, (name, key)


def about(one: CaseEvent) -> str:
    return str(one.data.get("key") or one.data.get("clock_key") or "")
