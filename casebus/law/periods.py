"""Counting of statutory periods (民法典 200-204, 刑事诉讼法 105, 行政处罚法 85).

The day of the event is not counted; a day ends at 24:00 in UTC+8, given as 23:59:59, the last
second in time. Hours run through from the moment, holidays included. A month ends on the same
day of the month, or on the month's last.
"""

from __future__ import annotations

import calendar as months
import datetime as dt

from casebus.events.legaltime import CHINA, LegalTime
from casebus.law.calendar import Calendar

END_OF_DAY = dt.time(23, 59, 59)
_LAST_DAY = dt.date.max
_MONTHS = 12


def due_after(
    trigger: LegalTime, amount: int, unit: str, count_rule: str, calendar: Calendar
) -> tuple[dt.datetime, bool]:
    """The last moment in time of a period, aware in UTC+8, and whether it is provisional."""
    if unit == "h":
        return _hours_after(trigger, amount), False
    if unit == "wd":
        day, provisional = calendar.add_workdays(trigger.date, amount)
        return dt.datetime.combine(day, END_OF_DAY, CHINA), provisional
    day = _add_months(trigger.date, amount) if unit == "m" else _add_days(trigger.date, amount)
    provisional = False
    if count_rule == "natural_roll":
        day, provisional = calendar.roll(day)
    return dt.datetime.combine(day, END_OF_DAY, CHINA), provisional


def in_time(done: dt.datetime, due: dt.datetime) -> bool:
    """Whether an act at `done` met `due`; parts of a second do not make it late."""
    return done <= due or done.replace(microsecond=0) <= due


def _hours_after(trigger: LegalTime, amount: int) -> dt.datetime:
    # A bare date leaves the hour open: nobody is late who may have had until its 24:00.
    start = trigger.moment()
    try:
        if trigger.time is None:
            return start + dt.timedelta(days=1, hours=amount, seconds=-1)
        return start + dt.timedelta(hours=amount)
    except OverflowError:
        return dt.datetime.combine(_LAST_DAY, END_OF_DAY, CHINA)


def _add_days(day: dt.date, amount: int) -> dt.date:
    try:
        return day + dt.timedelta(days=amount)
    except OverflowError:
        return _LAST_DAY


def _add_months(day: dt.date, amount: int) -> dt.date:
    years, month = divmod(day.month - 1 + amount, _MONTHS)
    year = day.year + years
    if year > dt.MAXYEAR:
        return _LAST_DAY
    return dt.date(year, month + 1, min(day.day, months.monthrange(year, month + 1)[1]))
