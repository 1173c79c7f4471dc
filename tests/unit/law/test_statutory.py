"""Days off by statute, for years of which no notice speaks, and what a notice may still change."""

from __future__ import annotations

import datetime as dt
from functools import cache

import chinese_calendar
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.events.legaltime import CHINA, LegalTime
from casebus.law import Law, LawError, loader
from casebus.law.calendar import Calendar
from casebus.law.checking import check
from casebus.law.models import HolidaysFile, HolidayYear
from casebus.law.periods import Period, ending, paused
from tests.case_events import LAW, legal_time
from tests.examples import examples
from tests.small_law import SHIPPED
from tests.world import SCHEMAS

CALENDAR = LAW.calendar
HOLIDAYS = loader.parse(SHIPPED, "holidays.yaml", HolidaysFile)
DAY = dt.timedelta(1)
#: On these weekdays a notice gave a day off once, for the 70th anniversary of the victory.
ONCE = {dt.date(2015, 9, 3), dt.date(2015, 9, 4)}


@cache
def only(*years: int) -> Calendar:
    """The calendar as it was when these years were announced."""
    known = {year: HOLIDAYS.years[year] for year in years}
    return Calendar(HOLIDAYS.model_copy(update={"years": known}))


def off_in(calendar: Calendar, year: int) -> list[str]:
    days = [dt.date(year, 1, 1) + at * DAY for at in range(365)]
    return [f"{day:%m-%d}" for day in days if day.weekday() < 5 and not calendar.is_workday(day)[0]]


def test_the_days_off_of_2027_are_known_before_its_notice() -> None:
    # 春节: 除夕 is Friday 02-05; the 6th and 7th are a weekend, made up on the 9th and 10th.
    # 劳动节: Saturday and Sunday, made up on Monday and Tuesday. 国庆: the 2nd and 3rd likewise.
    assert off_in(CALENDAR, 2027) == [
        *("01-01", "02-05", "02-08", "02-09", "02-10", "04-05", "05-03", "05-04"),
        *("06-09", "09-15", "10-01", "10-04", "10-05"),
    ]


def test_until_2024_the_eve_of_spring_festival_and_2_may_were_no_days_off() -> None:
    assert off_in(only(2026), 2024) == [
        # 春节 began on Saturday 02-10: it and the Sunday are made up on the 13th and 14th.
        *("01-01", "02-12", "02-13", "02-14", "04-04", "05-01", "06-10"),
        *("09-17", "10-01", "10-02", "10-03"),
    ]


@pytest.mark.parametrize("year", sorted({*range(2008, 2027)} - {2011, 2012, 2015, 2020}))
def test_a_year_has_as_many_working_days_by_the_statute_as_by_its_notice(year: int) -> None:
    # 2011 and 2012 gave a day too few and one too many; 2015 and 2020 had holidays of their own.
    before = only(2026) if year < 2026 else only(2004)
    first, last = dt.date(year, 1, 1) - DAY, dt.date(year, 12, 31)
    assert before.workdays_between(first, last) == (
        CALENDAR.workdays_between(first, last)[0],
        True,
    )


@pytest.mark.parametrize("year", range(2004, 2027))
def test_no_notice_gave_a_day_off_that_counts_as_certainly_worked(year: int) -> None:
    latest = (only(2026) if year < 2026 else only(2004)).latest
    days = [dt.date(year, 1, 1) + at * DAY for at in range(365)]
    sure = [day for day in days if latest.is_workday(day) == (True, False)]
    assert len(sure) > 150
    assert [day for day in sure if not chinese_calendar.is_workday(day)] == sorted(
        ONCE if year == 2015 else ()
    )


def test_what_is_due_on_a_holiday_of_an_unannounced_year_rolls_over_it() -> None:
    end = ending(legal_time("2026-12-29"), Period(3, "d", "natural_roll"), CALENDAR)
    assert end.due == dt.datetime(2027, 1, 4, 23, 59, 59, tzinfo=CHINA)
    assert end.provisional
    # 2 to 8 January may be off by the notice; the 9th and 10th are a weekend.
    assert end.certain == dt.datetime(2027, 1, 11, 23, 59, 59, tzinfo=CHINA)


def test_far_from_every_holiday_a_date_is_certain_before_the_notice() -> None:
    end = ending(legal_time("2027-07-12"), Period(3, "d", "natural_roll"), CALENDAR)
    assert (end.provisional, end.certain) == (True, end.due)


def test_working_days_near_a_holiday_may_be_fewer() -> None:
    end = ending(legal_time("2027-02-01"), Period(7, "wd", "working"), CALENDAR)
    # Best known: 2, 3, 4 February; off until the 10th; 11, 12, 15, 16.
    assert end.due.date() == dt.date(2027, 2, 16)
    # From a week before the eve to a week after the third day, 01-29 to 02-15, all may be off:
    # 16, 17, 18, 19, 22, 23, 24.
    assert end.certain is not None
    assert end.certain.date() == dt.date(2027, 2, 24)


def test_beyond_the_tables_nobody_can_say_when_it_is_certain() -> None:
    end = ending(legal_time("2100-12-30"), Period(5, "wd", "working"), CALENDAR)
    assert (end.provisional, end.certain) == (True, None)


def test_a_law_of_before_the_section_loads_and_is_never_certain_outside_its_years() -> None:
    old = Calendar(HolidaysFile(years=HOLIDAYS.years))
    assert old.roll(dt.date(2027, 1, 1)) == (dt.date(2027, 1, 1), True)
    end = ending(legal_time("2026-12-29"), Period(3, "d", "natural_roll"), old)
    assert (end.due.date(), end.provisional, end.certain) == (dt.date(2027, 1, 1), True, None)


def test_a_monday_before_an_unannounced_new_year_is_not_known() -> None:
    # 2018-12-31 was a Monday, and off by the notice of 2019.
    calendar = only(2017, 2018)
    end = ending(legal_time("2018-12-28"), Period(3, "d", "natural_roll"), calendar)
    assert (end.due.date(), end.provisional) == (dt.date(2018, 12, 31), True)
    assert end.certain is not None
    assert end.certain.date() == dt.date(2019, 1, 9)
    assert only(2026).knows(dt.date(2026, 12, 31))


@pytest.mark.slow
@settings(max_examples=examples(300))
@given(
    st.dates(dt.date(2004, 1, 1), dt.date(2026, 3, 1)),
    st.integers(1, 60),
    st.sampled_from([("d", "natural"), ("d", "natural_roll"), ("wd", "working"), ("m", "natural")]),
)
def test_whatever_the_notice_says_a_period_is_over_when_it_is_certain(
    start: dt.date, amount: int, rule: tuple[str, str]
) -> None:
    amount = min(amount, 9) if rule[0] == "m" else amount
    before = only(2004) if start.year > 2004 else only(2026)
    told = ending(LegalTime(start), Period(amount, *rule), before)
    real = ending(LegalTime(start), Period(amount, *rule), CALENDAR)
    assert not real.provisional
    assert told.certain is not None
    if not {start + at * DAY for at in range(120)} & ONCE:
        assert real.due <= told.certain
    assert told.due <= told.certain


@settings(max_examples=examples(300))
@given(
    st.dates(dt.date(2004, 1, 1), dt.date(2026, 1, 1)),
    st.integers(10, 40),
    st.integers(0, 60),
    st.integers(0, 60),
)
def test_whatever_the_notice_says_a_period_with_a_pause_is_over_when_it_is_certain(
    start: dt.date, amount: int, after: int, length: int
) -> None:
    before = only(2004) if start.year > 2004 else only(2026)
    period = Period(amount, "wd", "working")
    since = start + min(after, amount) * DAY
    until = since + length * DAY
    pause = LegalTime(since), LegalTime(until)
    most, _ = paused("wd", *pause, before.latest)
    added, _ = paused("wd", *pause, before)
    told = ending(LegalTime(start), period, before, added, until, most_added=most)
    added, _ = paused("wd", *pause, CALENDAR)
    real = ending(LegalTime(start), period, CALENDAR, added, until)
    assert told.certain is not None
    assert told.due <= told.certain
    if not {start + at * DAY for at in range(200)} & ONCE:
        assert real.due <= told.certain


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("2027-02-06", "2026-12-31"), "one day a year"),
        (("day: qingming", "day: easter"), "easter is no day under moving"),
        (('day: "10-01"', 'day: "10-41"'), "national_day: 10-41 is no day"),
        (("window_days: 7", "window_days: -1"), "window_days"),
    ],
)
def test_what_does_not_fit_is_refused_with_file_and_line(
    change: tuple[str, str], reason: str
) -> None:
    text = SHIPPED["holidays.yaml"].decode()
    assert change[0] in text
    with pytest.raises(LawError) as found:
        Law({**SHIPPED, "holidays.yaml": text.replace(*change).encode()})
    assert "holidays.yaml: line" in str(found.value)
    assert reason in str(found.value)


def test_a_year_added_by_hand_makes_its_dates_final() -> None:
    year = HolidayYear(free=(dt.date(2027, 1, 1),), worked=(dt.date(2027, 1, 3),))
    announced = Calendar(HOLIDAYS.model_copy(update={"years": {**HOLIDAYS.years, 2027: year}}))
    end = ending(legal_time("2026-12-29"), Period(3, "d", "natural_roll"), announced)
    assert (end.due.date(), end.provisional) == (dt.date(2027, 1, 3), False)
    assert end.certain == end.due


@pytest.mark.slow
def test_versions_of_a_holiday_that_overlap_are_an_error_and_a_gap_is_a_warning() -> None:
    def found(old: str, new: str) -> list[str]:
        text = SHIPPED["holidays.yaml"].decode()
        assert old in text
        files = {**SHIPPED, "holidays.yaml": text.replace(old, new, 1).encode()}
        return [f"{one.severity} {one.code}" for one in check(files, SCHEMAS)]

    assert found("effective_to: 2013-12-31", "effective_to: 2014-06-30") == ["error overlap"]
    assert "warning version_gap" in found("effective_to: 2013-12-31", "effective_to: 2013-06-30")


@pytest.mark.slow
def test_days_off_that_nobody_has_read_in_a_text_are_told_with_their_line() -> None:
    unsure = [one for one in check(SHIPPED, SCHEMAS, least="V") if one.file == "holidays.yaml"]
    assert {one.code for one in unsure} == {"unsure"}
    assert len(unsure) == len(HOLIDAYS.statutory.days) + 1 if HOLIDAYS.statutory else 0
