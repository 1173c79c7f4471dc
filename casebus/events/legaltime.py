"""Legal time: when a thing happened in the eyes of the law, with or without a time of day."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

#: China has one time zone and no daylight saving time; legal dates are dates in it.
CHINA = dt.timezone(dt.timedelta(hours=8), "UTC+08:00")
#: The calendar's ends as moments that both UTC and UTC+8 can tell: an absurd time is recorded as
#: one of them, for a fact is never refused for its date.
_FIRST = dt.datetime.min.replace(tzinfo=dt.UTC).astimezone(CHINA)
_LAST = dt.datetime.max.replace(tzinfo=CHINA)


@dataclass(frozen=True, slots=True)
class LegalTime:
    """A legal date in UTC+8 and, where it is known, the time of day in UTC+8."""

    date: dt.date
    time: dt.time | None = None

    @classmethod
    def parse(cls, text: str) -> LegalTime:
        """Read `2026-03-02` or an RFC 3339 date-time with a zone; raises ValueError."""
        if len(text) == len("2026-03-02"):
            return cls(dt.date.fromisoformat(text))
        return cls.of(dt.datetime.fromisoformat(text))

    @classmethod
    def of(cls, moment: dt.datetime) -> LegalTime:
        """The legal time of an aware moment; raises ValueError for one without a zone."""
        if moment.tzinfo is None:
            raise ValueError("a time of day needs a zone")
        try:
            local = moment.astimezone(CHINA)
        except OverflowError:
            local = _FIRST if moment.year == dt.MINYEAR else _LAST
        return cls(local.date(), local.time())

    def moment(self) -> dt.datetime:
        """The aware moment in UTC+8; a bare date stands for its 00:00 (design rule 4)."""
        return max(dt.datetime.combine(self.date, self.time or dt.time(), CHINA), _FIRST)

    def sort_key(self) -> tuple[dt.date, dt.time]:
        return (self.date, self.time or dt.time())

    def __str__(self) -> str:
        return self.date.isoformat() if self.time is None else self.moment().isoformat()
