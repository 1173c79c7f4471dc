"""Counting of statutory periods (民法典 200-204, 刑事诉讼法 105, 行政处罚法 85).

The day of the event is not counted; a day ends at 24:00 in UTC+8, given as 23:59:59, the last
second in time, or at the close of business. Hours run through from the moment, holidays included. A
month ends on the same day of the month, or on the month's last day. In criminal procedure, a month
from the last day of a month ends on the last day (法释〔2021〕1号 202). The time that pauses and
extensions add is counted before the last day rolls over.
"""

from __future__ import annotations

import calendar as months
import datetime as dt
from typing import NamedTuple

from casebus.events.legaltime import CHINA, LegalTime
from casebus.law.calendar import Calendar
from casebus.law.days import DayStretch

END_OF_DAY = dt.time(23, 59, 59)
_LAST_DAY = dt.date.max
_MONTHS = 12
_ZERO = dt.timedelta()


class Period(NamedTuple):
    amount: int
    unit: str
    count_rule: str
    closes_at: dt.time = END_OF_DAY
    #: Share of the period after which its actor is warned.
    warn_at: float | None = None
    #: Months that start on the last day of a month end on the last day of a month.
    last_to_last: bool = False


class Added(NamedTuple):
    """The time that pauses and extensions add to a period, unit by unit."""

    hours: dt.timedelta = _ZERO
    days: int = 0
    workdays: int = 0
    months: int = 0

    def plus(self, other: Added) -> Added:
        return Added(
            self.hours + other.hours,
            self.days + other.days,
            self.workdays + other.workdays,
            self.months + other.months,
        )


NOTHING = Added()


class Ending(NamedTuple):
    """The end of a period."""

    #: The last moment in time, aware in UTC+8.
    due: dt.datetime
    #: The last day as counted, before it rolls over.
    nominal: dt.date
    #: True if it counts days for which no notice of holidays exists yet: `due` is the best known.
    provisional: bool
    #: The moment from which the period is certainly over, whatever the notice says. It equals `due`
    #: if that is known, and is None if nobody can say.
    certain: dt.datetime | None
    #: The moment at which the actor is to be warned, in whole seconds.
    warn: dt.datetime | None = None


def ending(
    trigger: LegalTime,
    period: Period,
    calendar: Calendar,
    added: Added = NOTHING,
    not_before: dt.date | None = None,
    *,
    most_added: Added | None = None,
) -> Ending:
    """The end of a period that starts with `trigger`.

    `not_before` is the day on which a pause ended: nobody is late before the count goes on.
    `most_added` is `added` as `calendar.latest` counts it, if that differs.
    """
    if period.unit == "h":
        due = _hours_after(trigger, period.amount, added)
        return Ending(due, due.date(), False, due, _warning(_end_of(trigger), due, period))
    nominal, day, provisional = _ends_on(trigger.date, period, calendar, added, not_before)
    due = dt.datetime.combine(day, period.closes_at, CHINA)
    certain: dt.datetime | None = due
    if provisional or most_added is not None:
        most = added if most_added is None else most_added
        _, day, unknown = _ends_on(trigger.date, period, calendar.latest, most, not_before)
        certain = None if unknown else dt.datetime.combine(day, period.closes_at, CHINA)
    # The day of the event is not counted, whatever the hour.
    start = dt.datetime.combine(trigger.date, END_OF_DAY, CHINA)
    return Ending(due, nominal, provisional, certain, _warning(start, due, period))


def extension(amount: int, unit: str) -> Added:
    match unit:
        case "h":
            return Added(hours=dt.timedelta(hours=amount))
        case "wd":
            return Added(workdays=amount)
        case "m":
            return Added(months=amount)
    return Added(days=amount)


def paused(
    unit: str, since: LegalTime, until: LegalTime, calendar: Calendar | DayStretch
) -> tuple[Added, bool]:
    """The length of a pause in the unit of its clock, and whether it is provisional.

    If the unit is months, the pause counts in days. A pause that ends before it begins has no
    length.
    """
    if unit == "h":
        return Added(hours=max(_end_of(until) - since.moment(), _ZERO)), False
    if unit == "wd":
        amount, provisional = calendar.workdays_between(since.date, until.date)
        return Added(workdays=amount), provisional
    return Added(days=max((until.date - since.date).days, 0)), False


def in_time(done: dt.datetime, due: dt.datetime) -> bool:
    """True if an act at `done` met `due`. Parts of a second do not make it late."""
    return done <= due or done.replace(microsecond=0) <= due


def _warning(start: dt.datetime, due: dt.datetime, period: Period) -> dt.datetime | None:
    if period.warn_at is None or start >= due:
        return None
    return start + dt.timedelta(seconds=round((due - start).total_seconds() * period.warn_at))


def _rolls(period: Period, added: Added) -> bool:
    if period.unit == "wd":
        # A working day does not roll, but natural days granted in addition may end on a holiday.
        return bool(added.days or added.months)
    return period.count_rule == "natural_roll"


def _ends_on(
    start: dt.date,
    period: Period,
    calendar: Calendar | DayStretch,
    added: Added,
    not_before: dt.date | None,
) -> tuple[dt.date, dt.date, bool]:
    """The last day as counted, the day to which it rolls over, and whether that is uncertain."""
    nominal, provisional = _last_day(start, period, calendar, added)
    held = not_before is not None and nominal < not_before
    day = nominal = not_before if held and not_before is not None else nominal
    if _rolls(period, added) or (held and period.unit == "wd"):
        day, unsure = calendar.roll(nominal)
        provisional = provisional or unsure
    return nominal, day, provisional


def _last_day(
    start: dt.date, period: Period, calendar: Calendar | DayStretch, added: Added
) -> tuple[dt.date, bool]:
    """The period with the added time of its own unit; then the added time of other units."""
    unit, amount = period.unit, period.amount
    day, provisional = start, False
    workdays, added_months, days = added.workdays, added.months, added.days
    match unit:
        case "wd":
            day, provisional = calendar.add_workdays(start, amount + workdays)
            workdays = 0
        case "m":
            day, added_months = _add_months(start, amount + added_months, period), 0
        case _:
            day, days = _add_days(start, amount + days), 0
    if added_months:
        day = _add_months(day, added_months, period)
    if days:
        day = _add_days(day, days)
    if workdays:
        day, unsure = calendar.add_workdays(day, workdays)
        provisional = provisional or unsure
    return day, provisional


def _end_of(one: LegalTime) -> dt.datetime:
    """The moment itself, or the last second of a bare date."""
    if one.time is not None:
        return one.moment()
    return dt.datetime.combine(one.date, END_OF_DAY, CHINA)


def _hours_after(trigger: LegalTime, amount: int, added: Added) -> dt.datetime:
    # A bare date has no hour, so nobody counts as late who may have had time until its 24:00.
    try:
        return _end_of(trigger) + dt.timedelta(days=added.days, hours=amount) + added.hours
    except OverflowError:
        return dt.datetime.combine(_LAST_DAY, END_OF_DAY, CHINA)


def _add_days(day: dt.date, amount: int) -> dt.date:
    try:
        return day + dt.timedelta(days=amount)
    except OverflowError:
        return _LAST_DAY


def _add_months(day: dt.date, amount: int, period: Period) -> dt.date:
    years, month = divmod(day.month - 1 + amount, _MONTHS)
    year = day.year + years
    if year > dt.MAXYEAR:
        return _LAST_DAY
    last = _length(year, month + 1)
    is_last = period.last_to_last and day.day == _length(day.year, day.month)
    return dt.date(year, month + 1, last if is_last else min(day.day, last))


def _length(year: int, month: int) -> int:
    return months.monthrange(year, month)[1]
