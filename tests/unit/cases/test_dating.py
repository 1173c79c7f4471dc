"""Legal times that lie after the admission of their event (design rule 4)."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.cases import CaseEvent
from casebus.cases.dating import dated
from casebus.events.legaltime import LegalTime
from tests.case_events import AMR, PRO, PSB, due, event, folded, the_clock
from tests.examples import examples

SENT = event(AMR, "referral.sent", "2026-03-03 09:00", to=(PSB, PRO))


def receipted(day: str, recorded_at: str = "2026-03-05 10:00", **more: Any) -> CaseEvent:
    given_id = {"id": "receipted", **more}
    return event(PSB, "referral.receipted", day, to=(AMR,), recorded_at=recorded_at, **given_id)


def ahead(events: list[CaseEvent]) -> list[Any]:
    found = folded(events).findings
    return [one for one in found if one.detail.get("reason") == "legal_time_ahead"]


def corrects(value: str, recorded_at: str, author: str = PSB) -> CaseEvent:
    return event(
        author,
        "case.corrected",
        recorded_at,
        id=f"fix{author}{value}",
        corrected_source=PSB,
        corrected_id="receipted",
        changes={"$legaltime": f'"{value}"'},
    )


@pytest.mark.parametrize("day", ["2026-03-06", "2026-03-05 18:00", "2099-01-01", "9999-12-31"])
def test_it_counts_by_the_day_of_its_admission_and_its_author_is_told(day: str) -> None:
    events = [SENT, receipted(day)]
    case = folded(events)
    assert str(the_clock(case, "T08").started) == "2026-03-05"
    assert due(the_clock(case, "T08")) == "2026-03-09"
    [found] = ahead(events)
    assert found.tell == (PSB,)
    assert found.detail["counted"] == "2026-03-05"
    assert found.detail["stated"][:10] == day[:10]


@pytest.mark.parametrize(
    ("day", "recorded_at"),
    [
        ("2026-03-05", "2026-03-05 00:00"),
        ("2026-03-05 10:00", "2026-03-05 10:00"),
        # Two clocks are never quite the same.
        ("2026-03-05 10:03", "2026-03-05 10:00"),
        ("2026-03-01", "2026-03-05 10:00"),
    ],
)
def test_what_lies_not_ahead_keeps_its_date(day: str, recorded_at: str) -> None:
    one = receipted(day, recorded_at)
    assert dated(one) is one
    assert ahead([SENT, one]) == []


def test_the_day_is_that_of_china() -> None:
    one = receipted("2026-03-06")
    at_home = dt.datetime(2026, 3, 5, 17, tzinfo=dt.UTC)
    assert dated(replace(one, recorded_at=at_home)).legal == LegalTime(dt.date(2026, 3, 6))
    before = dt.datetime(2026, 3, 5, 15, tzinfo=dt.UTC)
    assert dated(replace(one, recorded_at=before)).legal == LegalTime(dt.date(2026, 3, 5))


def test_time_that_passes_changes_nothing() -> None:
    early = folded([SENT, receipted("2026-03-20")])
    later = event(PSB, "case.noted", "2026-04-30", id="later")
    case = folded([SENT, receipted("2026-03-20"), later])
    assert the_clock(case, "T08") == the_clock(early, "T08")


def test_its_author_s_correction_alone_changes_by_what_it_counts() -> None:
    events = [SENT, receipted("2099-01-01")]
    own, foreign = corrects("2026-03-04", "2026-03-07"), corrects("2026-03-04", "2026-03-07", AMR)
    assert str(the_clock(folded([*events, foreign]), "T08").started) == "2026-03-05"
    assert str(the_clock(folded([*events, own]), "T08").started) == "2026-03-04"
    assert ahead([*events, own]) == []


def test_a_correction_to_the_day_of_admission_settles_it_too() -> None:
    assert ahead([SENT, receipted("2099-01-01"), corrects("2026-03-05", "2026-03-07")]) == []


def test_a_correction_names_no_later_day_than_that_of_its_own_admission() -> None:
    events = [SENT, receipted("2026-03-05"), corrects("2026-04-01", "2026-03-07 10:00")]
    assert str(the_clock(folded(events), "T08").started) == "2026-03-07"
    [found] = ahead(events)
    assert (found.event[1], found.tell) == ("fixcn-330106-psb2026-04-01", (PSB,))


@pytest.mark.parametrize("name", ["clock.extended", "clock.paused"])
def test_what_moves_a_clock_moves_it_by_the_day_of_its_admission(name: str) -> None:
    filed = event(AMR, "administrative_case.filed", "2026-03-05")
    moved = event(AMR, name, "2030-01-01", recorded_at="2026-03-06 09:00", clock="A04")
    case = folded([filed, moved])
    found = the_clock(case, "A04")
    assert found.extended == 1 or str(found.paused_since) == "2026-03-06"
    assert [one.detail["reason"] for one in case.findings if one.event[1] == name] == [
        "legal_time_ahead"
    ]


def test_what_is_imported_keeps_its_date_and_is_told_to_nobody() -> None:
    one = receipted("2099-01-01", imported=True)
    assert dated(one) is one
    assert ahead([SENT, one]) == []


@settings(max_examples=examples(60))
@given(
    st.permutations(
        [SENT, receipted("2099-01-01"), corrects("2026-03-04", "2026-03-07"),
         corrects("2026-04-01", "2026-03-08")]
    )
)  # fmt: skip
def test_the_order_of_arrival_changes_nothing(came: list[CaseEvent]) -> None:
    placed = [replace(one, position=(1, 0, at)) for at, one in enumerate(came)]
    assert str(the_clock(folded(placed), "T08").started) == "2026-03-08"
