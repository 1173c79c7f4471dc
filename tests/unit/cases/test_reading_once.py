"""What an event says is read once, and again only under another law or as a correction says it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from casebus.cases import Case, CaseEvent, derive, facets, fold
from casebus.cases.facets import ReadFacet, TitlesFacet
from casebus.cases.reading import read_once
from casebus.events.doors import BUS
from casebus.law import Law
from tests.case_events import AMR, FILES, LAW, event, folded, storyline


class Counting(ReadFacet[int]):
    """Counts how often each event is read, and knows how many were taken."""

    name = "counting"
    nothing = 0
    asked: Counter[str]

    @classmethod
    def read(cls, event: CaseEvent, law: Law) -> bool:
        cls.asked[event.id] += 1
        return True

    def take(self, event: CaseEvent, said: bool) -> None:
        self.taken = getattr(self, "taken", 0) + said

    def known(self) -> int:
        return getattr(self, "taken", 0)


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> type[Counting]:
    monkeypatch.setattr(Counting, "asked", Counter(), raising=False)
    monkeypatch.setattr(facets, "FACETS", (*facets.FACETS, Counting))
    monkeypatch.setattr(facets, "READ_FACETS", (*facets.READ_FACETS, Counting))
    return Counting


def other_law() -> Law:
    """The same, in another bundle."""
    return Law({**FILES, "sectors.yaml": FILES["sectors.yaml"] + b"# again\n"})


def test_a_fold_of_events_that_were_folded_before_reads_none_of_them(
    counting: type[Counting],
) -> None:
    events = storyline()
    first = folded(events)
    asked = Counter(counting.asked)
    assert asked
    assert set(asked.values()) == {1}
    assert folded([*events]).digest() == first.digest()
    assert counting.asked == asked
    assert first.of(counting) == len(asked)


def test_under_another_law_each_is_read_again(counting: type[Counting]) -> None:
    events = storyline()
    folded(events)
    before = Counter(counting.asked)
    law = other_law()
    assert law.digest != LAW.digest
    fold(events, law)
    assert counting.asked == Counter(dict.fromkeys(before, 2))


def test_what_was_kept_is_no_part_of_what_an_event_is(counting: type[Counting]) -> None:
    one, same = storyline()[0], storyline()[0]
    read_once(facets.read, one, LAW)
    assert (one.readings, same.readings) != (None, None)
    assert one == same
    # What a correction makes of it is another event, and read anew.
    assert replace(one, data={}).readings is None


def test_a_corrected_event_is_read_as_it_was_corrected() -> None:
    noted = event(AMR, "case.noted", "2026-03-06", id="noted", title="甲案")
    events = [*storyline(), noted]
    assert "甲案" in {one.text for one in folded(events).of(TitlesFacet)}
    changes = {"title": json.dumps("乙案")}
    told: dict[str, Any] = {"corrected_source": AMR, "corrected_id": "noted", "changes": changes}
    fix = event(AMR, "case.corrected", "2026-03-07", **told)
    assert {one.text for one in folded([*events, fix]).of(TitlesFacet)} & {"甲案", "乙案"} == {
        "乙案"
    }


def warned(case: Case) -> CaseEvent:
    """The bus warns of the first clock that runs."""
    running = next(one for one in case.clocks if one.status == "running")
    data: dict[str, Any] = {"clock_key": running.key, "actor": running.actor}
    return event(BUS, "clock.warned", "2026-03-08", id="warned", **data)


def breached(case: Case) -> CaseEvent:
    clock = case.clocks[0]
    data: dict[str, Any] = {"clock_key": clock.key, "actor": clock.actor, "due": "2026-03-08"}
    return event(BUS, "clock.breached", "2026-03-09", id="breached", **data)


def said_of(events: Sequence[CaseEvent], law: Law) -> tuple[Any, ...]:
    case = fold(events, law)
    return case.to_json(), case.known, derive(case)


def test_what_a_fold_left_with_an_event_changes_nothing_in_the_next() -> None:
    """Whatever was folded before: less, more, otherwise recalled, or under another law."""
    events = storyline()
    events += [warned(folded(events[:4])), breached(folded(events[:4]))]
    recalled: dict[str, Any] = {
        "recalled_source": AMR,
        "recalled_id": "referral.supplemented",
        "reasons": "x",
    }
    events.append(event(AMR, "case.recalled", "2026-09-21", id="recall", **recalled))
    lengths = range(1, len(events) + 1)
    law = other_law()
    for length in (*lengths, *reversed(lengths)):
        for known in (LAW, law):
            fresh = [replace(one) for one in events[:length]]
            assert said_of(events[:length], known) == said_of(fresh, known)


def test_only_a_clock_to_which_something_happened_is_made_anew() -> None:
    events = storyline()[:4]
    before = {one.key: one for one in folded(events).clocks}
    after = folded([*events, storyline()[4]]).clocks
    same = [one.key for one in after if before.get(one.key) is one]
    moved = [one.key for one in after if one.key in before and before[one.key] is not one]
    assert same
    assert moved
