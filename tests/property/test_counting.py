"""Periods, pauses and extensions against a calendar that is walked day by day."""

from __future__ import annotations

import calendar
import datetime as dt

import chinese_calendar
from hypothesis import given
from hypothesis import strategies as st

from casebus.events.legaltime import LegalTime
from casebus.law.periods import (
    NOTHING,
    Added,
    Ending,
    Period,
    ending,
    extension,
    paused,
)
from tests.case_events import LAW

CALENDAR = LAW.calendar
DAY = dt.timedelta(1)
#: Starts and lengths that end inside the years that chinesecalendar knows.
STARTS = st.dates(dt.date(2019, 1, 1), dt.date(2026, 3, 1))
RULES = st.sampled_from([("d", "natural"), ("d", "natural_roll"), ("wd", "working")])


def ended(start: dt.date, period: Period, added: Added = NOTHING) -> Ending:
    found = ending(LegalTime(start), period, CALENDAR, added)
    assert not found.provisional
    return found


def rolled(day: dt.date) -> dt.date:
    while not chinese_calendar.is_workday(day):
        day += DAY
    return day


def walk(start: dt.date, amount: int, *, workdays: bool, pause: tuple[dt.date, dt.date]) -> dt.date:
    """The day on which the last of `amount` days is counted; none between the pause's two."""
    day, left = start, amount
    while left:
        day += DAY
        counts = not pause[0] < day <= pause[1]
        if counts and (not workdays or chinese_calendar.is_workday(day)):
            left -= 1
    return day


@given(STARTS, st.integers(1, 120), RULES)
def test_a_period_ends_where_a_walk_from_day_to_day_ends(
    start: dt.date, amount: int, rule: tuple[str, str]
) -> None:
    found = ended(start, Period(amount, *rule))
    last = walk(start, amount, workdays=rule[0] == "wd", pause=(start, start))
    assert found.nominal == last
    assert found.due.date() == (rolled(last) if rule[1] == "natural_roll" else last)


@given(STARTS, st.integers(1, 24))
def test_a_period_of_months_ends_on_the_same_day_or_the_months_last(
    start: dt.date, amount: int
) -> None:
    amount = min(amount, 9) if start.year > 2024 else amount
    found = ended(start, Period(amount, "m", "natural_roll"))
    years, month = divmod(start.month - 1 + amount, 12)
    assert (found.nominal.year, found.nominal.month) == (start.year + years, month + 1)
    last = calendar.monthrange(found.nominal.year, month + 1)[1]
    assert found.nominal.day == min(start.day, last)
    assert found.due.date() == rolled(found.nominal)


@given(STARTS, st.integers(2, 90), st.integers(0, 60), st.integers(0, 60), RULES)
def test_the_days_of_a_pause_are_not_counted(
    start: dt.date, amount: int, after: int, length: int, rule: tuple[str, str]
) -> None:
    unit = rule[0]
    plain = ended(start, Period(amount, *rule)).due.date()
    since = min(start + after * DAY, plain)
    until = since + length * DAY
    added, provisional = paused(unit, LegalTime(since), LegalTime(until), CALENDAR)
    assert not provisional
    found = ending(LegalTime(start), Period(amount, *rule), CALENDAR, added, until)
    if since < walk(start, amount, workdays=unit == "wd", pause=(start, start)):
        whole = walk(start, amount, workdays=unit == "wd", pause=(since, until))
        assert found.nominal == whole
    # A pause on the last day, or while it rolls, ends no earlier than it is over.
    assert found.due.date() >= until
    if rule[1] != "natural":
        assert chinese_calendar.is_workday(found.due.date())


@given(STARTS, st.lists(st.tuples(st.integers(1, 20), st.integers(0, 20)), max_size=4), RULES)
def test_pauses_add_up(start: dt.date, gaps: list[tuple[int, int]], rule: tuple[str, str]) -> None:
    unit, added, day = rule[0], NOTHING, start
    for gap, length in gaps:
        since = day + gap * DAY
        day = since + length * DAY
        added = added.plus(paused(unit, LegalTime(since), LegalTime(day), CALENDAR)[0])
    total = added.workdays if unit == "wd" else added.days
    amount = 100
    assert ended(start, Period(amount, *rule), added) == ended(start, Period(amount + total, *rule))


@given(STARTS, st.integers(1, 12), st.integers(1, 12), st.sampled_from(["d", "wd", "m"]))
def test_an_extension_in_the_clocks_own_unit_is_a_longer_period(
    start: dt.date, amount: int, more: int, unit: str
) -> None:
    start = min(start, dt.date(2024, 6, 30))
    rule = "working" if unit == "wd" else "natural_roll"
    longer = ended(start, Period(amount + more, unit, rule))
    assert ended(start, Period(amount, unit, rule), extension(more, unit)) == longer


@given(STARTS, st.integers(1, 60), st.integers(1, 30))
def test_natural_days_granted_on_top_of_working_days_roll_over(
    start: dt.date, amount: int, more: int
) -> None:
    found = ended(start, Period(amount, "wd", "working"), extension(more, "d"))
    last = walk(start, amount, workdays=True, pause=(start, start))
    assert found.nominal == last + more * DAY
    assert found.due.date() == rolled(found.nominal)


@given(
    STARTS,
    st.integers(0, 24 * 60 - 1),
    st.integers(1, 500),
    st.integers(0, 10_000),
)
def test_hours_run_through_and_a_pause_shifts_them_by_its_length(
    day: dt.date, minute: int, hours: int, minutes: int
) -> None:
    trigger = LegalTime.of(LegalTime(day).moment() + dt.timedelta(minutes=minute))
    until = LegalTime.of(trigger.moment() + dt.timedelta(minutes=minutes))
    added, _ = paused("h", trigger, until, CALENDAR)
    found = ending(trigger, Period(hours, "h", "hours"), CALENDAR, added)
    assert found.due == trigger.moment() + dt.timedelta(hours=hours, minutes=minutes)


@given(st.dates(dt.date(2018, 1, 1), dt.date(2028, 1, 1)), st.integers(-5, 400))
def test_working_days_between_two_days_are_counted_in_and_beyond_the_known_years(
    day: dt.date, length: int
) -> None:
    until = day + length * DAY
    count, provisional = CALENDAR.workdays_between(day, until)
    days = [day + at * DAY for at in range(1, length + 1)]
    assert count == sum(CALENDAR.is_workday(one)[0] for one in days)
    assert provisional == any(not CALENDAR.knows(one) for one in days)


@given(STARTS, st.integers(2, 90), st.floats(0.01, 0.99), RULES)
def test_a_warning_comes_between_the_trigger_and_the_due_moment(
    start: dt.date, amount: int, share: float, rule: tuple[str, str]
) -> None:
    found = ended(start, Period(amount, *rule, warn_at=share))
    assert found.warn is not None
    assert LegalTime(start).moment() < found.warn < found.due
