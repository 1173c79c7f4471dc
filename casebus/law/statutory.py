"""Days off fixed by statute (全国年节及纪念日放假办法), for years without a notice yet.

The State Council's notice of a year says which days around a holiday are off and which weekends are
worked instead. Before the notice, two things are known: the days off that the statute fixes, and
that a notice moves only days near a holiday. So there are two answers: the best known days off, and
the most there can be.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator

from casebus.law.days import DayStretch, is_weekend
from casebus.law.models import Statutory, StatutoryDay

_TUESDAY = 1


class StatutoryDays:
    """Working days around the announced years, as far as the tables of the moving days reach."""

    def __init__(self, statutory: Statutory, announced: DayStretch) -> None:
        self._announced = announced
        years = statutory.years
        first = min(dt.date(years[0], 1, 1).toordinal(), announced.first)
        last = max(dt.date(years[1], 12, 31).toordinal(), announced.last)
        self._span = first, last
        # A holiday of the next year, 1 January, is near the last days of this one.
        self._holidays = sorted(
            found for year in range(years[0] - 1, years[1] + 2) for found in _of(year, statutory)
        )
        self._off = {day for one in self._holidays for day in range(one[0], one[1] + 1)}
        for first_day, last_day in self._holidays:
            if statutory.is_made_up(dt.date.fromordinal(first_day)):
                self._make_up(first_day, last_day)
        self._window = statutory.window_days

    def expected(self) -> DayStretch:
        """The best known working days: weekdays without the days off that the statute fixes."""
        return self._days(self._off)

    def latest(self) -> DayStretch:
        """Working days that no notice can undercut: each day near a holiday counts as off.

        Weekends that may be worked do not count as working days: that would make a period shorter.
        """
        near = {
            day
            for first, last in self._holidays
            for day in range(first - self._window, last + self._window + 1)
        }
        return self._days(near | self._off)

    def _make_up(self, first: int, last: int) -> None:
        """Moves a day off that falls on a weekend to the next working day."""
        owed = sum(map(is_weekend, range(first, last + 1)))
        while owed:
            last += 1
            if last not in self._off and not is_weekend(last):
                self._off.add(last)
                owed -= 1

    def _days(self, off: set[int]) -> DayStretch:
        first, last = self._span
        workdays = [
            *_weekdays(range(first, self._announced.first), off),
            *self._announced.workdays,
            *_weekdays(range(self._announced.last + 1, last + 1), off),
        ]
        return DayStretch(first, last, workdays)


def last_announced(year: int) -> dt.date:
    """The last day that the notice of a year settles; a Monday as a bridge is left out.

    A Monday before 1 January belongs to the next notice: 2018-12-31 was off by that of 2019.
    """
    last = dt.date(year, 12, 31)
    bridges = (last + dt.timedelta(1)).weekday() == _TUESDAY
    return last - dt.timedelta(1) if bridges else last


def _weekdays(days: Iterable[int], off: set[int]) -> Iterator[int]:
    return (day for day in days if day not in off and not is_weekend(day))


def _of(year: int, statutory: Statutory) -> Iterator[tuple[int, int]]:
    """The first and the last day off of each holiday of a year; none if no table has the year."""
    for row in statutory.days:
        day = _day_of(year, row, statutory)
        if day is not None and row.effective_from <= day <= (row.effective_to or dt.date.max):
            first = day.toordinal() - row.before
            yield first, first + row.amount - 1


def _day_of(year: int, row: StatutoryDay, statutory: Statutory) -> dt.date | None:
    moving = statutory.moving.get(row.day)
    if moving is None:
        return dt.date.fromisoformat(f"{year:04}-{row.day}")
    at = year - statutory.years[0]
    return moving[at] if 0 <= at < len(moving) else None
