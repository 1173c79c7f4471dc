"""The working-day calendar: State Council holidays and make-up workdays, from holidays.yaml.

Every day is known in the years for which there is a notice. For other years the answer is
provisional: it uses the days off that the statute fixes. `latest` gives the latest possible day.
"""

from __future__ import annotations

import datetime as dt
from functools import cached_property

from casebus.law.days import SATURDAY, DayStretch
from casebus.law.models import HolidaysFile
from casebus.law.statutory import StatutoryDays, last_announced


class Calendar:
    """The calendar. Its answers are (answer, provisional).

    Provisional is true if no notice covers some day that was asked for.
    """

    def __init__(self, holidays: HolidaysFile) -> None:
        self.first = dt.date(min(holidays.years), 1, 1)
        self.last = last_announced(max(holidays.years))
        free = {day for year in holidays.years.values() for day in year.free}
        worked = {day for year in holidays.years.values() for day in year.worked}
        span = self.first.toordinal(), self.last.toordinal()
        days = (dt.date.fromordinal(one) for one in range(span[0], span[1] + 1))
        workdays = [
            day.toordinal()
            for day in days
            if day in worked or (day.weekday() < SATURDAY and day not in free)
        ]
        self._announced = DayStretch(*span, workdays)
        self._statutory = holidays.statutory

    def knows(self, day: dt.date) -> bool:
        """True if a notice covers the day."""
        return self.first <= day <= self.last

    def is_workday(self, day: dt.date) -> tuple[bool, bool]:
        found, outside = self._announced.is_workday(day)
        return (self._expected.is_workday(day)[0], True) if outside else (found, False)

    def roll(self, day: dt.date) -> tuple[dt.date, bool]:
        """The day itself if it is a working day, else the next one that is."""
        found, outside = self._announced.roll(day)
        return (self._expected.roll(day)[0], True) if outside else (found, False)

    def add_workdays(self, day: dt.date, amount: int) -> tuple[dt.date, bool]:
        """The last of the `amount` working days after `day`; `day` itself is not counted."""
        found, outside = self._announced.add_workdays(day, amount)
        return (self._expected.add_workdays(day, amount)[0], True) if outside else (found, False)

    def workdays_between(self, day: dt.date, until: dt.date) -> tuple[int, bool]:
        """The number of working days after `day` until `until`, which is included; 0 backwards."""
        found, outside = self._announced.workdays_between(day, until)
        return (self._expected.workdays_between(day, until)[0], True) if outside else (found, False)

    @cached_property
    def latest(self) -> DayStretch:
        """The fewest working days that there can be.

        Outside this stretch nobody can know them yet.
        """
        return self._announced if self._by_statute is None else self._by_statute.latest()

    # Made on first use: most cases end in the years that are announced.
    @cached_property
    def _expected(self) -> DayStretch:
        return self._announced if self._by_statute is None else self._by_statute.expected()

    @cached_property
    def _by_statute(self) -> StatutoryDays | None:
        # Law bundles from before this section have no such days.
        if self._statutory is None:
            return None
        return StatutoryDays(self._statutory, self._announced)
