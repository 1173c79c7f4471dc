from __future__ import annotations

import datetime as dt

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.events.legaltime import CHINA
from casebus.law.periods import Ending, Period, ending, extension
from tests.case_events import LAW, legal_time

CALENDAR = LAW.calendar
FIRST, LAST = dt.date(2019, 1, 1), dt.date(2026, 12, 31)


def end_of(trigger: str, amount: int, unit: str, rule: str) -> Ending:
    return ending(legal_time(trigger), Period(amount, unit, rule), CALENDAR)


def due_day(trigger: str, amount: int, unit: str, rule: str) -> str:
    end = end_of(trigger, amount, unit, rule)
    assert not end.provisional
    return end.due.date().isoformat()


@pytest.mark.parametrize(
    ("trigger", "amount", "expected"),
    [
        ("2026-02-10", 7, "2026-02-26"),
        ("2026-02-10", 15, "2026-03-09"),
        ("2026-04-28", 3, "2026-05-06"),
        ("2026-09-25", 20, "2026-10-29"),
        ("2026-09-24", 50, "2026-12-10"),
    ],
)
def test_working_days_skip_holidays_and_count_make_up_days(
    trigger: str, amount: int, expected: str
) -> None:
    assert due_day(trigger, amount, "wd", "working") == expected


@pytest.mark.parametrize(
    ("trigger", "amount", "expected"),
    [
        ("2026-01-18", 30, "2026-02-24"),
        ("2026-09-20", 15, "2026-10-08"),
        ("2026-09-28", 3, "2026-10-08"),
        ("2026-02-11", 3, "2026-02-14"),
        ("2026-02-06", 15, "2026-02-24"),
        ("2026-03-12", 3, "2026-03-16"),
    ],
)
def test_natural_days_roll_to_the_next_working_day(
    trigger: str, amount: int, expected: str
) -> None:
    assert due_day(trigger, amount, "d", "natural_roll") == expected


def test_a_period_that_may_not_roll_ends_on_a_holiday() -> None:
    assert due_day("2026-09-28", 3, "d", "natural") == "2026-10-01"


@pytest.mark.parametrize(
    ("trigger", "amount", "expected"),
    [
        ("2026-04-10", 3, "2026-07-10"),
        ("2025-11-30", 3, "2026-02-28"),
        ("2024-01-31", 1, "2024-02-29"),
        ("2025-12-31", 2, "2026-02-28"),
    ],
)
def test_months_end_on_the_same_day_or_the_months_last(
    trigger: str, amount: int, expected: str
) -> None:
    assert due_day(trigger, amount, "m", "natural") == expected


@pytest.mark.parametrize(
    ("trigger", "amount", "expected"),
    [
        ("2026-02-28", 3, "2026-05-31"),
        ("2026-04-30", 3, "2026-07-31"),
        ("2026-01-31", 1, "2026-02-28"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2027-02-28", 12, "2028-02-29"),
        # 28 February is not the last day of a leap year's, nor 30 March of its month.
        ("2028-02-28", 1, "2028-03-28"),
        ("2026-03-30", 3, "2026-06-30"),
        ("2026-01-30", 1, "2026-02-28"),
    ],
)
def test_where_the_row_says_so_months_from_a_last_day_end_on_a_last_day(
    trigger: str, amount: int, expected: str
) -> None:
    period = Period(amount, "m", "natural", last_to_last=True)
    assert str(ending(legal_time(trigger), period, CALENDAR).nominal) == expected


def test_an_extension_in_months_is_counted_from_the_same_last_day() -> None:
    period = Period(3, "m", "natural", last_to_last=True)
    added = extension(3, "m")
    end = ending(legal_time("2026-02-28"), period, CALENDAR, added)
    assert str(end.nominal) == "2026-08-31"


def test_the_months_of_criminal_procedure_and_no_others_end_last_to_last() -> None:
    rows = [rule for versions in LAW.clocks.values() for rule in versions]
    found = {rule.id for rule in rows if rule.last_to_last}
    assert found == {"J01", "J02", "J03", "J05", "T17"}
    [review] = LAW.clocks["J03"]
    end = review.due(legal_time("2026-02-28"), LAW.calendar)
    assert end is not None
    assert (str(end.nominal), str(end.due.date())) == ("2026-05-31", "2026-06-01")


def test_hours_run_over_holidays_from_the_moment() -> None:
    assert end_of("2026-02-16 15:30", 24, "h", "hours").due == dt.datetime(
        2026, 2, 17, 15, 30, tzinfo=CHINA
    )


def test_hours_from_a_bare_date_count_from_the_end_of_that_day() -> None:
    assert end_of("2026-03-04", 24, "h", "hours").due == dt.datetime(
        2026, 3, 5, 23, 59, 59, tzinfo=CHINA
    )


@pytest.mark.parametrize("unit", ["d", "wd", "m"])
def test_a_period_that_ends_past_the_known_years_is_provisional(unit: str) -> None:
    rule = "working" if unit == "wd" else "natural_roll"
    assert end_of("2026-12-30", 5, unit, rule).provisional


def test_a_provisional_period_counts_weekdays_but_for_the_days_off_by_statute() -> None:
    assert CALENDAR.add_workdays(dt.date(2026, 12, 30), 3) == (dt.date(2027, 1, 5), True)
    assert CALENDAR.roll(dt.date(2027, 1, 2)) == (dt.date(2027, 1, 4), True)


@pytest.mark.parametrize("unit", ["d", "wd", "m", "h"])
def test_the_end_of_time_is_no_crash(unit: str) -> None:
    rule = {"wd": "working", "h": "hours"}.get(unit, "natural_roll")
    assert end_of("9999-12-31", 30, unit, rule).due.date() == dt.date.max


def test_every_day_is_judged_as_chinesecalendar_judges_it() -> None:
    for at in range((LAST - FIRST).days + 1):
        day = FIRST + dt.timedelta(at)
        assert CALENDAR.is_workday(day) == (chinese_calendar.is_workday(day), False)


@given(st.dates(FIRST, dt.date(2026, 6, 30)), st.integers(1, 60))
def test_working_days_are_those_that_chinesecalendar_counts(day: dt.date, amount: int) -> None:
    end, provisional = CALENDAR.add_workdays(day, amount)
    between = [day + dt.timedelta(at) for at in range(1, (end - day).days + 1)]
    assert not provisional
    assert chinese_calendar.is_workday(end)
    assert sum(map(chinese_calendar.is_workday, between)) == amount


@given(st.dates(FIRST, dt.date(2026, 12, 20)))
def test_rolling_finds_the_first_working_day_from_there(day: dt.date) -> None:
    end, _ = CALENDAR.roll(day)
    between = [day + dt.timedelta(at) for at in range((end - day).days)]
    assert chinese_calendar.is_workday(end)
    assert not any(map(chinese_calendar.is_workday, between))


@given(st.dates(dt.date(2101, 1, 1), dt.date(2199, 1, 1)), st.integers(1, 200))
def test_past_the_tables_weekdays_are_counted_one_by_one(day: dt.date, amount: int) -> None:
    end, provisional = CALENDAR.add_workdays(day, amount)
    between = [day + dt.timedelta(at) for at in range(1, (end - day).days + 1)]
    assert provisional
    assert end.weekday() < 5
    assert sum(one.weekday() < 5 for one in between) == amount
