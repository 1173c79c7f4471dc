"""Whatever order and however often events arrive, a case ends in the same state."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from casebus.cases import CaseEvent, derive
from casebus.cases.order import fold_order
from casebus.events.legaltime import LegalTime
from tests.case_events import AMR, COURT, LAW, OTHER_PSB, PRO, PSB, event, folded, storyline

NAMES = [*sorted(LAW.known_events), "intake.received", "mediation.agreed"]
AUTHORS = [AMR, f"{AMR}/2", PSB, OTHER_PSB, PRO, COURT]
DAYS = st.dates(dt.date(2026, 3, 1), dt.date(2026, 3, 6))
TIMES = st.none() | st.sampled_from([dt.time(), dt.time(9), dt.time(15, 30)])
GOODS = st.lists(
    st.fixed_dictionaries(
        {"name": st.sampled_from(["a", "b"]), "listed": st.integers(0, 3)},
        optional={"received": st.none() | st.integers(0, 3)},
    ),
    max_size=2,
)
#: Bodies as authors might write them, right or wrong.
BODIES: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {},
    optional={
        "goods": GOODS,
        "numbers": st.lists(st.fixed_dictionaries({"kind": st.just("no"), "value": st.text()})),
        "work_item": st.text(max_size=3),
        "work_version": st.integers(0, 3),
        "corrected_source": st.sampled_from(AUTHORS),
        "corrected_id": st.sampled_from([str(at) for at in range(10)]),
        "recalled_source": st.sampled_from(AUTHORS),
        "recalled_id": st.sampled_from([*(str(at) for at in range(10)), "open"]),
        "changes": st.dictionaries(
            st.sampled_from(["$legaltime", "$to", "$source", "goods", "goods.0.listed", "note"]),
            st.sampled_from(['"2026-03-01"', '"2026-03-03T10:00:00+08:00"', "1", "[]", "{", '""']),
            max_size=2,
        ),
    },
)


@st.composite
def cases(draw: st.DrawFn) -> list[CaseEvent]:
    """Any events of one stream: ties, bare dates, cycles of causes, sequences, corrections."""
    count = draw(st.integers(1, 12))
    events = [draw(_event(at)) for at in range(count)]
    if draw(st.booleans()):
        opening = event(AMR, "referral.sent", "2026-03-01", id="open", position=0, to=(PSB, PRO))
        events.append(opening)
    return events


@st.composite
def _event(draw: st.DrawFn, at: int) -> CaseEvent:
    agencies = st.sampled_from([AMR, PSB, OTHER_PSB, PRO, COURT])
    made = event(
        draw(st.sampled_from(AUTHORS)),
        draw(st.sampled_from(NAMES)),
        "2026-03-01",
        id=str(at),
        to=tuple(draw(st.lists(agencies, max_size=2, unique=True))),
        sequence=draw(st.none() | st.integers(1, 4)),
        causation=tuple(str(one) for one in draw(st.lists(st.integers(0, 12), max_size=2))),
        position=at + 1,
        imported=draw(st.booleans()),
        **draw(BODIES),
    )
    return replace(made, legal=LegalTime(draw(DAYS), draw(TIMES)))


def shuffled(draw: Callable[[Any], Any], events: list[CaseEvent]) -> list[CaseEvent]:
    again = draw(st.lists(st.sampled_from(events), max_size=5))
    copies = [replace(one, position=(1, 0, 1000 + at)) for at, one in enumerate(again)]
    return list(draw(st.permutations(events + copies)))


@given(cases(), st.data())
def test_any_permutation_and_duplication_ends_in_the_same_state(
    events: list[CaseEvent], data: st.DataObject
) -> None:
    arrived = folded(shuffled(data.draw, events))
    recorded = folded(events)
    assert arrived.digest() == recorded.digest()
    assert derive(arrived) == derive(recorded)


@given(st.data())
def test_the_storyline_survives_any_order_of_arrival(data: st.DataObject) -> None:
    whole = storyline()
    # Arrivals in another order have other positions; the opener stays the only one who opens.
    arrived = data.draw(st.permutations(whole))
    renumbered = [replace(one, position=(1, 0, at)) for at, one in enumerate(arrived)]
    assert folded(renumbered).digest() == folded(whole).digest()


@given(cases())
def test_every_event_stands_once_in_the_order(events: list[CaseEvent]) -> None:
    case = folded(events)
    assert sorted(case.order) == sorted({one.identity for one in events})


@given(cases())
def test_no_effect_stands_before_its_cause_unless_they_cause_each_other(
    events: list[CaseEvent],
) -> None:
    order, cycles = fold_order(events)
    place = {one.id: at for at, one in enumerate(order)}
    cycle_of = {one.id: at for at, cycle in enumerate(cycles) for one in cycle}
    for one in order:
        for cause in one.causation:
            same = cause in cycle_of and cycle_of[cause] == cycle_of.get(one.id)
            assert cause not in place or same or place[cause] < place[one.id]


@given(cases())
def test_keys_are_distinct_and_the_state_has_a_json_form(events: list[CaseEvent]) -> None:
    case = folded(events)
    for found in (case.clocks, case.findings, case.work):
        keys = [one.key for one in found]
        assert len(set(keys)) == len(keys)
    assert case.digest()
