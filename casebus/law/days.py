"""The working days of some years, one by one. Days outside are judged by their weekday."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right

SATURDAY = 5
_WEEK = 7
_LAST_ORDINAL = dt.date.max.toordinal()


class DayStretch:
    """A span of days. It answers with (answer, outside): whether a day outside the span was asked.

    Days after the year 9999 count as its last day.
    """

    def __init__(self, first: int, last: int, workdays: list[int]) -> None:
        """From `first` to `last`, both included, as ordinals; `workdays` is sorted."""
        self.first, self.last, self.workdays = first, last, workdays
        self._known = frozenset(workdays)

    def holds(self, ordinal: int) -> bool:
        return self.first <= ordinal <= self.last

    def is_workday(self, day: dt.date) -> tuple[bool, bool]:
        ordinal = day.toordinal()
        if self.holds(ordinal):
            return ordinal in self._known, False
        return not is_weekend(ordinal), True

    def roll(self, day: dt.date) -> tuple[dt.date, bool]:
        """The day itself if it is a working day, else the next one that is."""
        ordinal = day.toordinal()
        if ordinal in self._known:
            return day, False
        if self.holds(ordinal):
            at = bisect_left(self.workdays, ordinal)
            if at < len(self.workdays):
                return dt.date.fromordinal(self.workdays[at]), False
            ordinal = self.last + 1
        return _date(ordinal + _days_to_monday(ordinal)), True

    def add_workdays(self, day: dt.date, amount: int) -> tuple[dt.date, bool]:
        """The last of the `amount` working days after `day`; `day` itself is not counted."""
        ordinal = day.toordinal()
        if self.first - 1 <= ordinal <= self.last:
            at = bisect_right(self.workdays, ordinal) + amount - 1
            if at < len(self.workdays):
                return dt.date.fromordinal(self.workdays[at]), False
            missing = at - len(self.workdays) + 1
            return _add_weekdays(self.last, missing), True
        return _add_weekdays(ordinal, amount), True

    def workdays_between(self, day: dt.date, until: dt.date) -> tuple[int, bool]:
        """The number of working days after `day` until `until`, which is included; 0 backwards."""
        if until <= day:
            return 0, False
        first, last = day.toordinal(), until.toordinal()
        begin, end = max(first, self.first - 1), min(last, self.last)
        if begin >= end:
            return _weekdays_between(first, last), True
        count = bisect_right(self.workdays, end) - bisect_right(self.workdays, begin)
        outside = _weekdays_between(first, begin) + _weekdays_between(end, last)
        return count + outside, begin > first or end < last


def is_weekend(ordinal: int) -> bool:
    return _weekday(ordinal) >= SATURDAY


def _weekday(ordinal: int) -> int:
    return (ordinal + 6) % _WEEK


def _days_to_monday(ordinal: int) -> int:
    """Days until Monday; None on a weekday."""
    return _WEEK - _weekday(ordinal) if is_weekend(ordinal) else 0


def _weekdays_between(first: int, last: int) -> int:
    """The weekdays after `first` up to and including `last`."""
    return _weekdays_until(last) - _weekdays_until(first)


def _weekdays_until(ordinal: int) -> int:
    weeks, rest = divmod(ordinal, _WEEK)
    return weeks * SATURDAY + min(rest, SATURDAY)


def _date(ordinal: int) -> dt.date:
    return dt.date.fromordinal(min(ordinal, _LAST_ORDINAL))


def _add_weekdays(ordinal: int, amount: int) -> dt.date:
    weeks, rest = divmod(amount, SATURDAY)
    # Start from the Friday before a weekend: no weekday lies between them.
    if is_weekend(ordinal):
        ordinal -= _weekday(ordinal) - SATURDAY + 1
    ordinal += weeks * _WEEK
    if rest:
        over = _weekday(ordinal) + rest >= SATURDAY
        ordinal += rest + (2 if over else 0)
    return _date(ordinal)
