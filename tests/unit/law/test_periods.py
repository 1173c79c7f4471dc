"""Counting, unit by unit, with every day and hour in figures that nobody has to work out."""

from __future__ import annotations

import datetime as dt

import pytest

from casebus.events.legaltime import CHINA, LegalTime
from casebus.law.periods import (
    END_OF_DAY,
    NOTHING,
    Added,
    Ending,
    Period,
    ending,
    extension,
    in_time,
    paused,
)
from tests.case_events import LAW

CALENDAR = LAW.calendar
HOUR = dt.timedelta(hours=1)
#: A Monday; the week after it has no holiday.
MONDAY = dt.date(2025, 3, 3)
TEN = LegalTime(MONDAY, dt.time(10, 0))


def at(day: dt.date, time: dt.time = END_OF_DAY) -> dt.datetime:
    return dt.datetime.combine(day, time, CHINA)


def end_of(
    period: Period,
    added: Added = NOTHING,
    start: LegalTime = TEN,
    not_before: dt.date | None = None,
) -> str:
    found = ending(start, period, CALENDAR, added, not_before)
    assert found.certain == found.due
    assert not found.provisional
    return found.due.isoformat(" ", "seconds")[: len("2025-03-03 23:59:59")]


def test_what_is_added_is_summed_unit_by_unit() -> None:
    one, other = Added(HOUR, 2, 3, 4), Added(10 * HOUR, 20, 30, 40)
    assert one.plus(other) == Added(11 * HOUR, 22, 33, 44)
    assert one.plus(NOTHING) == one


@pytest.mark.parametrize(
    ("unit", "added"),
    [
        ("h", Added(hours=5 * HOUR)),
        ("d", Added(days=5)),
        ("wd", Added(workdays=5)),
        ("m", Added(months=5)),
    ],
)
def test_an_extension_adds_in_its_own_unit_and_in_no_other(unit: str, added: Added) -> None:
    assert extension(5, unit) == added


def test_parts_of_a_second_make_nobody_late_and_a_second_does() -> None:
    due = at(MONDAY)
    assert in_time(due, due)
    assert in_time(due - HOUR, due)
    assert in_time(due.replace(microsecond=999_999), due)
    assert not in_time(due + dt.timedelta(seconds=1), due)
    assert in_time(due, due.replace(microsecond=1))


@pytest.mark.parametrize(
    ("period", "added", "end"),
    [
        (Period(3, "d", "natural"), NOTHING, "2025-03-06 23:59:59"),
        (Period(3, "d", "natural"), Added(days=2), "2025-03-08 23:59:59"),
        (Period(5, "d", "natural_roll"), NOTHING, "2025-03-10 23:59:59"),
        (Period(3, "wd", "working"), NOTHING, "2025-03-06 23:59:59"),
        (Period(3, "wd", "working"), Added(workdays=2), "2025-03-10 23:59:59"),
        # Natural days on top of working days may end on a Saturday, and roll on.
        (Period(3, "wd", "working"), Added(days=2), "2025-03-10 23:59:59"),
        (Period(1, "m", "natural"), NOTHING, "2025-04-03 23:59:59"),
        (Period(1, "m", "natural"), Added(months=9), "2026-01-03 23:59:59"),
        (Period(1, "m", "natural"), Added(days=2), "2025-04-05 23:59:59"),
        (Period(1, "d", "natural"), Added(months=1), "2025-04-04 23:59:59"),
        (Period(1, "d", "natural"), Added(workdays=4), "2025-03-10 23:59:59"),
        (Period(2, "d", "natural", dt.time(17, 30)), NOTHING, "2025-03-05 17:30:00"),
        (Period(24, "h", "natural"), NOTHING, "2025-03-04 10:00:00"),
        (Period(24, "h", "natural"), Added(hours=3 * HOUR), "2025-03-04 13:00:00"),
        (Period(24, "h", "natural"), Added(days=2), "2025-03-06 10:00:00"),
    ],
)
def test_a_period_ends_where_a_finger_on_the_calendar_ends(
    period: Period, added: Added, end: str
) -> None:
    assert end_of(period, added) == end


@pytest.mark.parametrize(
    ("start", "amount", "last_to_last", "end"),
    [
        ("2025-01-31", 1, False, "2025-02-28"),
        ("2025-02-28", 1, False, "2025-03-28"),
        ("2025-02-28", 1, True, "2025-03-31"),
        ("2025-02-27", 1, True, "2025-03-27"),
        ("2024-12-31", 2, True, "2025-02-28"),
        ("2025-04-30", 8, True, "2025-12-31"),
        ("2025-04-30", 9, False, "2026-01-30"),
    ],
)
def test_a_month_ends_on_the_same_day_or_on_the_months_last(
    start: str, amount: int, last_to_last: bool, end: str
) -> None:
    period = Period(amount, "m", "natural", last_to_last=last_to_last)
    assert end_of(period, start=LegalTime(dt.date.fromisoformat(start)))[:10] == end


def test_hours_of_a_bare_day_run_from_its_end_in_china() -> None:
    found = ending(LegalTime(MONDAY), Period(24, "h", "natural"), CALENDAR)
    assert found.due == at(dt.date(2025, 3, 4))


@pytest.mark.parametrize("unit", ["h", "d", "m"])
def test_a_period_beyond_the_calendar_ends_on_its_last_day(unit: str) -> None:
    late = LegalTime(dt.date(9999, 12, 1))
    found = ending(late, Period(10_000, unit, "natural"), CALENDAR, Added(days=1, months=1))
    assert found.due == at(dt.date.max)


def test_the_last_month_of_the_calendar_is_still_counted() -> None:
    period = Period(1, "m", "natural")
    assert end_of(period, start=LegalTime(dt.date(9999, 11, 15)))[:10] == "9999-12-15"


@pytest.mark.parametrize(
    ("held", "rule", "unit", "end"),
    [
        ("2025-03-05", "natural", "d", "2025-03-06"),
        ("2025-03-06", "natural", "d", "2025-03-06"),
        ("2025-03-08", "natural", "d", "2025-03-08"),
        ("2025-03-08", "natural_roll", "d", "2025-03-10"),
        ("2025-03-08", "working", "wd", "2025-03-10"),
    ],
)
def test_nobody_is_late_before_the_count_goes_on(held: str, rule: str, unit: str, end: str) -> None:
    day = dt.date.fromisoformat(held)
    assert end_of(Period(3, unit, rule), not_before=day)[:10] == end


def test_the_day_as_counted_stands_beside_the_one_it_rolls_to() -> None:
    found = ending(TEN, Period(5, "d", "natural_roll"), CALENDAR)
    assert (found.nominal, found.due) == (dt.date(2025, 3, 8), at(dt.date(2025, 3, 10)))
    hours = ending(TEN, Period(24, "h", "natural"), CALENDAR)
    due = at(dt.date(2025, 3, 4), dt.time(10))
    assert hours == Ending(due, due.date(), provisional=False, certain=due)


@pytest.mark.parametrize(
    ("period", "warn"),
    [
        (Period(4, "d", "natural", warn_at=0.5), at(dt.date(2025, 3, 5))),
        (Period(24, "h", "natural", warn_at=0.25), at(MONDAY, dt.time(16))),
        (Period(4, "d", "natural"), None),
        (Period(0, "d", "natural", warn_at=0.5), None),
        (Period(0, "h", "natural", warn_at=0.5), None),
    ],
)
def test_the_actor_is_warned_after_a_share_of_the_period(
    period: Period, warn: dt.datetime | None
) -> None:
    assert ending(TEN, period, CALENDAR).warn == warn


@pytest.mark.parametrize(
    ("unit", "since", "until", "added"),
    [
        ("h", TEN, LegalTime(MONDAY, dt.time(13)), Added(hours=3 * HOUR)),
        ("h", LegalTime(MONDAY, dt.time(13)), TEN, NOTHING),
        ("d", TEN, LegalTime(dt.date(2025, 3, 10)), Added(days=7)),
        ("m", TEN, LegalTime(dt.date(2025, 3, 10)), Added(days=7)),
        ("d", LegalTime(dt.date(2025, 3, 10)), TEN, NOTHING),
        ("wd", TEN, LegalTime(dt.date(2025, 3, 10)), Added(workdays=5)),
    ],
)
def test_a_pause_is_as_long_as_it_lasted_in_the_unit_of_its_clock(
    unit: str, since: LegalTime, until: LegalTime, added: Added
) -> None:
    assert paused(unit, since, until, CALENDAR) == (added, False)


FAR = LegalTime(dt.date(2031, 9, 29))


@pytest.mark.parametrize(
    ("period", "added"),
    [
        (Period(3, "wd", "working"), NOTHING),
        (Period(3, "d", "natural_roll"), NOTHING),
        (Period(1, "d", "natural"), Added(workdays=3)),
    ],
)
def test_an_end_on_days_of_which_no_notice_speaks_is_provisional(
    period: Period, added: Added
) -> None:
    found = ending(FAR, period, CALENDAR, added)
    assert found.provisional
    assert found.certain is not None
    assert found.certain > found.due


def test_where_not_even_a_statute_says_which_days_are_free_no_day_is_certain() -> None:
    found = ending(LegalTime(dt.date(2200, 9, 29)), Period(3, "wd", "working"), CALENDAR)
    assert (found.provisional, found.certain) == (True, None)


def test_a_pause_on_days_of_which_no_notice_speaks_is_provisional() -> None:
    assert paused("wd", FAR, LegalTime(dt.date(2031, 10, 20)), CALENDAR)[1]


def test_what_a_pause_adds_at_most_makes_the_certain_day_later_and_not_the_day_itself() -> None:
    period = Period(3, "wd", "working")
    found = ending(TEN, period, CALENDAR, NOTHING, most_added=Added(workdays=2))
    assert (found.due, found.certain) == (at(dt.date(2025, 3, 6)), at(dt.date(2025, 3, 10)))
    held = dt.date(2025, 3, 12)
    found = ending(TEN, period, CALENDAR, NOTHING, held, most_added=Added(workdays=2))
    assert found.certain == at(held), "nobody is late before the count goes on, certainly"
