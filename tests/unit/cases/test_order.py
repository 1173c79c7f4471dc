from __future__ import annotations

import datetime as dt
import random
from dataclasses import replace

import pytest

from casebus.cases.event import CaseEvent
from casebus.cases.order import fold_order, sort_key
from tests.case_events import AMR, PSB, event, folded, kinds, storyline


def ids(events: list[CaseEvent]) -> list[str]:
    return [one.id for one in fold_order(events)[0]]


def noted(
    name: str,
    at: str,
    *causes: str,
    source: str = AMR,
    sequence: int | None = None,
    recorded_at: str | None = None,
) -> CaseEvent:
    return event(
        source,
        "case.noted",
        at,
        id=name,
        causation=causes,
        sequence=sequence,
        recorded_at=recorded_at,
    )


def test_a_bare_date_stands_at_the_beginning_of_its_day() -> None:
    events = [noted("b", "2026-03-02 00:01"), noted("z", "2026-03-02")]
    assert ids(events) == ["z", "b"]


def test_ties_go_by_source_then_sequence_with_missing_first_then_id() -> None:
    events = [
        noted("1", "2026-03-02", source=PSB),
        noted("5", "2026-03-02", sequence=2),
        noted("6", "2026-03-02", sequence=1),
        noted("3", "2026-03-02"),
        noted("2", "2026-03-02"),
    ]
    assert ids(events) == ["2", "3", "6", "5", "1"]


def test_what_one_office_says_on_one_day_without_numbers_stands_as_it_was_said() -> None:
    said = [
        replace(noted(name, "2026-03-02"), said_at=dt.datetime(2026, 3, 2, 9, at, tzinfo=dt.UTC))
        for at, name in enumerate("zya")
    ]
    assert ids(said[::-1]) == ["z", "y", "a"]
    numbered = [replace(one, sequence=3 - at) for at, one in enumerate(said)]
    assert ids(numbered) == ["a", "y", "z"]


def test_a_cause_comes_first_whatever_its_date() -> None:
    events = [noted("effect", "2026-03-01", "cause"), noted("cause", "2026-03-05")]
    assert ids(events) == ["cause", "effect"]


def test_among_ready_events_the_smallest_goes_next() -> None:
    events = [
        noted("late-cause", "2026-03-05"),
        noted("waits", "2026-03-01", "late-cause"),
        noted("free", "2026-03-04"),
        noted("after", "2026-03-06"),
    ]
    assert ids(events) == ["free", "late-cause", "waits", "after"]


def test_a_cause_outside_the_stream_holds_nothing_up() -> None:
    assert ids([noted("a", "2026-03-01", "elsewhere")]) == ["a"]


def test_the_edges_of_a_cycle_are_dropped_and_others_kept() -> None:
    events = [
        noted("a", "2026-03-03", "c"),
        noted("b", "2026-03-02", "a"),
        noted("c", "2026-03-01", "b"),
        noted("after", "2026-02-01", "b"),
        noted("self", "2026-03-04", "self"),
    ]
    order, cycles = fold_order(events)
    assert [one.id for one in order] == ["c", "b", "after", "a", "self"]
    assert [[one.id for one in cycle] for cycle in cycles] == [["c", "b", "a"], ["self"]]


def test_the_way_from_one_cycle_to_another_is_kept() -> None:
    events = [
        noted("a", "2026-03-08", "b"),
        noted("b", "2026-03-09", "a"),
        noted("x", "2026-03-01", "y", "b"),
        noted("y", "2026-03-02", "x"),
    ]
    order, cycles = fold_order(events)
    assert len(cycles) == 2
    assert [one.id for one in order] == ["y", "a", "b", "x"]


def test_a_cycle_is_a_finding() -> None:
    whole = [*storyline(), noted("p", "2026-05-01", "q"), noted("q", "2026-05-02", "p")]
    assert sorted(kinds(folded(whole))) == ["cycle", "discrepancy"]


def test_a_long_chain_of_causes_is_no_recursion() -> None:
    chain = [noted(str(at), "2026-03-02", str(at + 1)) for at in range(5000)]
    ring = [*chain, noted("5000", "2026-03-02", "0")]
    assert len(fold_order(chain)[0]) == 5000
    assert len(fold_order(ring)[1]) == 1


def test_a_late_event_is_folded_in_its_place() -> None:
    whole = storyline()
    # It starts no clock: one recorded only after its due moment is historic, and shows it.
    opened = next(one for one in whole if one.id == "referral.trial_opened")
    late = replace(
        opened,
        position=(1, 0, 10**12),
        recorded_at=opened.recorded_at + dt.timedelta(days=90),
    )
    assert folded([one for one in whole if one is not opened] + [late]).digest() == (
        folded(whole).digest()
    )


def smallest_ready_first(events: list[CaseEvent]) -> list[str]:
    """The rule, word for word: of those whose causes are done the smallest comes next."""
    waiting, done = sorted(events, key=sort_key), list[str]()
    known = {one.id for one in events}
    while waiting:
        ready = (one for one in waiting if known.intersection(one.causation) <= set(done))
        first = next(ready)
        waiting.remove(first)
        done.append(first.id)
    return done


@pytest.mark.parametrize("seed", range(40))
def test_of_those_whose_causes_are_done_the_smallest_comes_next(seed: int) -> None:
    chance = random.Random(seed)
    names = [f"{at:02}" for at in range(20)]
    events = [
        noted(
            name,
            f"2026-03-{chance.randrange(1, 9):02}",
            *chance.choices(["elsewhere", *names[:at]], k=chance.randrange(4)),
        )
        for at, name in enumerate(names)
    ]
    chance.shuffle(events)
    assert ids(events) == smallest_ready_first(events)
