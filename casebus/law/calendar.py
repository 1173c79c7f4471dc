"""The working-day calendar: State Council holidays and make-up workdays, from holidays.yaml.

Outside the years that the file holds a day is judged by its weekday and the answer is
provisional: visible, neither a crash nor a silent guess.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right

from casebus.law.models import HolidaysFile

_SATURDAY = 5
_WEEK = 7
_LAST_ORDINAL = dt.date.max.toordinal()


class Calendar:
    """Answers are (day, provisional). Days past year 9999 are held at its last day."""

    def __init__(self, holidays: HolidaysFile) -> None:
        self.first = dt.date(min(holidays.years), 1, 1)
        self.last = dt.date(max(holidays.years), 12, 31)
        free = {day for year in holidays.years.values() for day in year.free}
        worked = {day for year in holidays.years.values() for day in year.worked}
        span = range(self.first.toordinal(), self.last.toordinal() + 1)
        days = (dt.date.fromordinal(one) for one in span)
        self._workdays = [
            day.toordinal()
            for day in days
            if day in worked or (day.weekday() < _SATURDAY and day not in free)
        ]
        self._known = frozenset(self._workdays)

    def knows(self, day: dt.date) -> bool:
        return self.first <= day <= self.last

    def is_workday(self, day: dt.date) -> tuple[bool, bool]:
        if self.knows(day):
            return day.toordinal() in self._known, False
        return day.weekday() < _SATURDAY, True

    def roll(self, day: dt.date) -> tuple[dt.date, bool]:
        """The day itself if it is a working day, else the next one that is."""
        ordinal = day.toordinal()
        if ordinal in self._known:
            return day, False
        if self.knows(day):
            at = bisect_left(self._workdays, ordinal)
            if at < len(self._workdays):
                return dt.date.fromordinal(self._workdays[at]), False
            ordinal = self.last.toordinal() + 1
        return _date(ordinal + _days_to_monday(ordinal)), True

    def add_workdays(self, day: dt.date, amount: int) -> tuple[dt.date, bool]:
        """The last of `amount` working days that follow `day`; `day` is not counted."""
        if self.first - dt.timedelta(1) <= day <= self.last:
            at = bisect_right(self._workdays, day.toordinal()) + amount - 1
            if at < len(self._workdays):
                return dt.date.fromordinal(self._workdays[at]), False
            missing = at - len(self._workdays) + 1
            return _add_weekdays(self.last.toordinal(), missing), True
        return _add_weekdays(day.toordinal(), amount), True

    def workdays_between(self, day: dt.date, until: dt.date) -> tuple[int, bool]:
        """How many working days follow `day` up to `until`, which counts; none backwards."""
        if until <= day:
            return 0, False
        first, last = day.toordinal(), until.toordinal()
        begin = max(first, self.first.toordinal() - 1)
        end = min(last, self.last.toordinal())
        if begin >= end:
            return _weekdays_between(first, last), True
        count = bisect_right(self._workdays, end) - bisect_right(self._workdays, begin)
        outside = _weekdays_between(first, begin) + _weekdays_between(end, last)
        return count + outside, begin > first or end < last


def _weekday(ordinal: int) -> int:
    return (ordinal + 6) % _WEEK


def _is_weekend(ordinal: int) -> bool:
    return _weekday(ordinal) >= _SATURDAY


def _days_to_monday(ordinal: int) -> int:
    """None on a weekday."""
    return _WEEK - _weekday(ordinal) if _is_weekend(ordinal) else 0


def _weekdays_between(first: int, last: int) -> int:
    """Weekdays that follow `first` up to `last`."""
    return _weekdays_until(last) - _weekdays_until(first)


def _weekdays_until(ordinal: int) -> int:
    weeks, rest = divmod(ordinal, _WEEK)
    return weeks * _SATURDAY + min(rest, _SATURDAY)


def _date(ordinal: int) -> dt.date:
    return dt.date.fromordinal(min(ordinal, _LAST_ORDINAL))


def _add_weekdays(ordinal: int, amount: int) -> dt.date:
    weeks, rest = divmod(amount, _SATURDAY)
    # Start from the Friday before a weekend: no weekday lies between them.
    if _is_weekend(ordinal):
        ordinal -= _weekday(ordinal) - _SATURDAY + 1
    ordinal += weeks * _WEEK
    if rest:
        over = _weekday(ordinal) + rest >= _SATURDAY
        ordinal += rest + (2 if over else 0)
    return _date(ordinal)
