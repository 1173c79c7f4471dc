"""The times of acts: the season of a year, working hours, and the used part of a period."""

from __future__ import annotations

import datetime as dt
import random
from bisect import bisect_right
from itertools import accumulate

from casebus.events.legaltime import CHINA
from casebus.law.calendar import Calendar
from rehearsal.year.plan import Season, YearPace

_OPENS, _CLOSES = 8.5, 17.5
_WEEKEND = 5
_FESTIVAL_DAYS = 7
#: The Spring Festival is between these days of a year.
_FESTIVAL = ((1, 20), (2, 22))
_SOON = dt.timedelta(minutes=20)
#: The time after the year at which missing acts are looked at.
_JUDGED_AFTER = dt.timedelta(days=400)


class Times:
    """Moments are aware, in UTC+8."""

    def __init__(self, year: int, season: Season, pace: YearPace, calendar: Calendar) -> None:
        self.first = dt.datetime(year, 1, 1, tzinfo=CHINA)
        self.end = dt.datetime(year + 1, 1, 1, tzinfo=CHINA)
        self.judged = self.end + _JUDGED_AFTER
        self._season, self._pace, self._calendar = season, pace, calendar
        days = (self.end - self.first).days
        self._days = [self.first.date() + dt.timedelta(at) for at in range(days)]
        self._festival = self._before_festival()
        self._heights = list(accumulate(self._volume(day) for day in self._days))

    def opening(self, rng: random.Random) -> dt.datetime:
        """The beginning of a case: by season and kind of day."""
        at = bisect_right(self._heights, rng.random() * self._heights[-1])
        return self._in_hours(self._days[min(at, len(self._days) - 1)], rng)

    def within(
        self, started: dt.datetime, due: dt.datetime, now: dt.datetime, rng: random.Random
    ) -> dt.datetime:
        """The time of an act that a period asks for: after `now` and before `due`."""
        pace = self._pace
        share = pace.first + (pace.last - pace.first) * rng.betavariate(*pace.shape)
        meant = max(started + (due - started) * share, now + _SOON)
        return self.before(due, self._at_work(meant, rng), now, rng)

    def before(
        self, due: dt.datetime, meant: dt.datetime, now: dt.datetime, rng: random.Random
    ) -> dt.datetime:
        """An office that sees the last day coming acts on the working day before it, or at once."""
        if meant < due:
            return meant
        earlier = self._work_before(due, rng)
        return earlier if now < earlier < due else max(now, min(due - _SOON, now + _SOON))

    def late(self, started: dt.datetime, due: dt.datetime, rng: random.Random) -> dt.datetime:
        """The time of an act for which its period was too short."""
        return self._at_work(due + (due - started) * rng.uniform(0.02, self._pace.latest), rng)

    def is_late(self, rng: random.Random) -> bool:
        return rng.random() < self._pace.late

    def after(self, now: dt.datetime, days: float, rng: random.Random) -> dt.datetime:
        """The time of an act that no period asks for; `days` is the median."""
        waited = dt.timedelta(days=days * rng.lognormvariate(0, self._pace.spread))
        return max(self._at_work(now + waited, rng), now + _SOON)

    def is_workday(self, day: dt.date) -> bool:
        return self._calendar.is_workday(day)[0]

    def _at_work(self, moment: dt.datetime, rng: random.Random) -> dt.datetime:
        day = moment.date()
        if not self.is_workday(day) and rng.random() >= self._season.works_on_day_off:
            return self._in_hours(self._calendar.roll(day)[0], rng)
        hour = moment.hour + moment.minute / 60
        return moment if _OPENS <= hour <= _CLOSES else self._in_hours(day, rng)

    def _work_before(self, moment: dt.datetime, rng: random.Random) -> dt.datetime:
        day = moment.date()
        while not self.is_workday(day):
            day -= dt.timedelta(1)
        return self._in_hours(day, rng)

    def _in_hours(self, day: dt.date, rng: random.Random) -> dt.datetime:
        minutes = int(rng.uniform(_OPENS, _CLOSES) * 60)
        return dt.datetime.combine(day, dt.time(minutes // 60, minutes % 60), CHINA)

    def _volume(self, day: dt.date) -> float:
        month = self._season.months[day.month - 1]
        if self.is_workday(day):
            return month * (self._season.before_festival if day in self._festival else 1)
        return month * (self._season.weekend if day.weekday() >= _WEEKEND else self._season.holiday)

    def _before_festival(self) -> frozenset[dt.date]:
        """The days before the longest holiday of the winter: the Spring Festival."""
        first, last = (dt.date(self.first.year, *day) for day in _FESTIVAL)
        free = [one for one in self._days if first <= one <= last and self._is_holiday(one)]
        if not free:
            return frozenset()
        return frozenset(free[0] - dt.timedelta(at) for at in range(1, _FESTIVAL_DAYS + 1))

    def _is_holiday(self, day: dt.date) -> bool:
        return day.weekday() < _WEEKEND and not self.is_workday(day)
