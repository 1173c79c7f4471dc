"""Whole storylines in any order of arrival: the same state, findings and words of the bus.

With several opening events, answers of other cases and notices of rights among what arrives. Whose
case it is the journal's order says (ADR 0011), so the first opening event is always its opener's.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.facets import AssessmentsFacet, OrganisationsFacet
from casebus.cases.visibility import Access
from casebus.events.schemas import Schemas
from casebus.events.types import event_name
from operations.provision.agencies import read_agencies
from rehearsal.scenario import storyline
from rehearsal.scenario.rehearse import Rehearser
from rehearsal.scenario.rehearsed import Rehearsed, RehearsedOffices
from tests.case_events import LAW, ROOT, may_open
from tests.examples import examples

FILES = sorted((ROOT / "examples").glob("storyline-*.yaml"))
OFFICES = tuple(read_agencies(ROOT / "examples/agencies.yaml"))
SEEDS = st.integers(0, 2**32)


@cache
def played(path: Path) -> tuple[tuple[CaseEvent, ...], ...]:
    """The cases of a storyline, with what the bus said of them in its order."""
    rehearser = Rehearser(
        [storyline.read(path)],
        schemas=Schemas.load(ROOT / "schemas"),
        law=LAW,
        offices=OFFICES,
        access=Access.load(ROOT / "policies"),
    )
    rehearser.play()
    cases = (list(one.events.values()) for one in rehearser.streams)
    return tuple((*events, *answers(events)) for events in cases)


def answers(events: list[CaseEvent]) -> Iterator[CaseEvent]:
    """What the scheduler says of other cases: twice of what they did, and of one right."""
    case, last = fold(events, LAW), events[-1]
    if case.procedure is None:
        return
    about = case.of(OrganisationsFacet).acts or case.of(OrganisationsFacet).punished
    uscc, family = (about[0].uscc, about[0].family) if about else ("", "trademark")
    prior = {"kind": "administrative", "decided_on": "2026-01-05"}
    for at in (1, 2):
        said = {"uscc": uscc, "family": family, "revision": at, "sanctions": [prior] * at}
        yield _said(last, "prior_sanctions.found", f"answer-{at}", said)
    notice = {"key": "right", "kind": "right_in_question", "severity": "WARNING", "detail": {}}
    yield _said(last, "finding.raised", "right", notice)
    back = _said(last, "finding.withdrawn", "right-back", {"key": "right"})
    yield replace(back, causation=("right",))


def _said(last: CaseEvent, name: str, event_id: str, data: dict[str, Any]) -> CaseEvent:
    ce_type = f"casebus.{name}.v1"
    said = replace(last, id=event_id, type=ce_type, causation=(), data=data, to=(), to_sectors=())
    return replace(said, source="bus/scheduler", sector="bus")


def arrived(events: tuple[CaseEvent, ...], seed: int) -> list[CaseEvent]:
    """In another order of arrival, some twice; one of the opener's opening events comes first."""
    rng = random.Random(seed)
    opener = next(one for one in events if may_open(one)).agency
    places = list(events)
    rng.shuffle(places)
    openings = [at for at, one in enumerate(places) if may_open(one)]
    own = next(at for at in openings if places[at].agency == opener)
    places[openings[0]], places[own] = places[own], places[openings[0]]
    first = [replace(one, position=(1, 0, at)) for at, one in enumerate(places)]
    again = rng.sample(first, min(3, len(first)))
    first += [replace(one, position=(2, 0, at)) for at, one in enumerate(again)]
    rng.shuffle(first)
    return first


def opened_streams() -> Iterator[tuple[CaseEvent, ...]]:
    return (one for path in FILES for one in played(path) if any(map(may_open, one)))


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@settings(max_examples=examples(15))
@given(seed=SEEDS)
def test_a_storyline_ends_alike_in_any_order_of_arrival(path: Path, seed: int) -> None:
    for events in played(path):
        if any(map(may_open, events)):
            there, here = fold(events, LAW), fold(arrived(events, seed), LAW)
            assert here.to_json() == there.to_json()
            assert derive(here) == derive(there)


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
@settings(max_examples=examples(5))
@given(seed=SEEDS)
def test_nothing_is_found_aloud_on_the_way_and_then_taken_back(path: Path, seed: int) -> None:
    schemas, offices = Schemas.load(ROOT / "schemas"), RehearsedOffices(OFFICES)
    for events in played(path):
        acts = tuple(one for one in events if one.sector != "bus")
        if not any(map(may_open, acts)):
            continue
        stream = Rehearsed(acts[0].stream, LAW, schemas, offices)
        for one in sorted(arrived(acts, seed), key=lambda one: one.position):
            stream.take(one)
        said = [event_name(one.type) for one in stream.events.values()]
        assert "finding.withdrawn" not in said


@pytest.mark.slow
def test_the_storylines_hold_what_makes_their_order_of_arrival_hard() -> None:
    cases = list(opened_streams())
    openers = [{one.agency for one in case if may_open(one)} for case in cases]
    openings = [{event_name(one.type) for one in case if may_open(one)} for case in cases]
    assert any(len(one) == 1 < len(types) for one, types in zip(openers, openings, strict=True))
    assert any(len(one) > 1 for one in openers)
    said = {event_name(one.type) for case in cases for one in case if one.sector == "bus"}
    assert {"clock.lapsed", "finding.raised", "clock.breach_withdrawn"} <= said
    assert any(
        one.id == "answer-2" and fold(case, LAW).of(AssessmentsFacet)
        for case in cases
        for one in case
    )
