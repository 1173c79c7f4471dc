"""Regions, pauses and lapses: whatever order events arrive in, a case ends in the same state."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casebus.cases import Case, CaseEvent, Clock, Derived, derive, fold, lapse_of, warning_of
from casebus.cases.facets import ClocksFacet
from casebus.events.legaltime import LegalTime
from tests.case_events import AMR, PSB, event
from tests.small_law import law

LAW = law()
ARB, OTHER = "cn-330100-arb", "cn-330108-amr"
NAMES = [*sorted(LAW.known_events), "intake.received", "goods.seized"]
DAYS = st.dates(dt.date(2026, 3, 1), dt.date(2026, 6, 30))
BODIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"clock": st.sampled_from(["A04", "A06", "A07", "M01", "M02", "", "Z99"])},
    optional={
        "cause": st.just("LINK_DOWN"),
        "posted_on": st.sampled_from(["2026-03-05", "2026-04-01", "no day"]),
        "in_custody": st.booleans(),
    },
)


@st.composite
def happenings(draw: st.DrawFn) -> list[CaseEvent]:
    made = [draw(_event(at)) for at in range(draw(st.integers(1, 14)))]
    if draw(st.booleans()):
        made.append(event(AMR, "penalty.filed", "2026-03-01", id="f", position=0, to=(PSB, ARB)))
    if draw(st.booleans()):
        made.append(event(ARB, "mediation.asked", "2026-03-02", id="a", position=1, to=(AMR,)))
    return made


@st.composite
def _event(draw: st.DrawFn, at: int) -> CaseEvent:
    made = event(
        draw(st.sampled_from([AMR, OTHER, PSB, ARB])),
        draw(st.sampled_from(NAMES)),
        "2026-03-01",
        id=str(at),
        to=tuple(draw(st.lists(st.sampled_from([AMR, PSB, ARB]), max_size=2, unique=True))),
        causation=tuple(str(one) for one in draw(st.lists(st.integers(0, 14), max_size=1))),
        position=at + 2,
        **draw(BODIES),
    )
    time = draw(st.none() | st.sampled_from([dt.time(), dt.time(23, 59, 59)]))
    return replace(made, legal=LegalTime(draw(DAYS), time))


def journaled(said: Derived, position: int) -> CaseEvent:
    name = said.type.removeprefix("casebus.").removesuffix(".v1")
    made = event(
        "bus",
        name,
        "2026-07-01",
        id=said.id,
        causation=said.causation,
        position=position,
        **{**said.data, "told": [AMR]},
    )
    return made if said.legal is None else replace(made, legal=said.legal)


def running(case: Case) -> list[Clock]:
    return [one for one in case.clocks if one.status == "running"]


def said_of(case: Case) -> list[Derived]:
    """What casework says, and what the scheduler would once every moment has passed."""
    lapses = [lapse_of(one) for one in running(case) if one.lapse_after is not None]
    warnings = [warning_of(one) for one in case.clocks if one.warn_after is not None]
    told = [one for one in derive(case) if one.type.startswith("casebus.clock.")]
    return [*told, *lapses, *warnings]


def with_the_bus(events: list[CaseEvent], rounds: int) -> list[CaseEvent]:
    whole = list(events)
    for _ in range(rounds):
        there = {one.id for one in whole}
        said = [one for one in said_of(fold(whole, LAW)) if one.id not in there]
        whole += [journaled(one, 1000 + len(whole) + at) for at, one in enumerate(said)]
    return whole


@given(happenings(), st.integers(0, 3), st.data())
def test_any_order_of_arrival_ends_in_the_same_state(
    events: list[CaseEvent], rounds: int, data: st.DataObject
) -> None:
    whole = with_the_bus(events, rounds)
    arrived = fold(data.draw(st.permutations(whole)), LAW)
    recorded = fold(whole, LAW)
    assert arrived.digest() == recorded.digest()
    assert derive(arrived) == derive(recorded)


@given(happenings(), st.integers(1, 6), st.data())
def test_what_the_bus_says_comes_to_rest_whenever_late_events_arrive(
    events: list[CaseEvent], kept: int, data: st.DataObject
) -> None:
    whole = with_the_bus(events[:kept], 3)
    whole = with_the_bus([*whole, *events[kept:]], 6)
    at_rest = fold(whole, LAW)
    assert [one for one in said_of(at_rest) if one.id not in {e.id for e in whole}] == []
    assert at_rest.of(ClocksFacet).unfounded == ()


@given(happenings())
def test_keys_are_distinct_and_every_clock_has_a_json_form(events: list[CaseEvent]) -> None:
    case = fold(with_the_bus(events, 2), LAW)
    for found in (case.clocks, case.work, case.findings):
        keys = [one.key for one in found]
        assert len(set(keys)) == len(keys)
    assert all(Clock.from_json(one.to_json()) == one for one in case.clocks)
    assert all(one.due is None for one in case.clocks if one.status == "paused")
    assert len({one.procedure for one in case.regions}) == len(case.regions)
