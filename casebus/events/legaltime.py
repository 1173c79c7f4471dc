"""Legal time: the time of an act in the eyes of the law, with or without a time of day."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass

from casebus.errors import CasebusError, UnfitError

#: China has one time zone and no daylight saving time; legal dates are dates in it.
CHINA = dt.timezone(dt.timedelta(hours=8), "UTC+08:00")
#: The calendar's ends as moments that both UTC and UTC+8 can hold. An absurd time is recorded as
#: one of them, because a fact is never refused for its date.
_FIRST = dt.datetime.min.replace(tzinfo=dt.UTC).astimezone(CHINA)
_LAST = dt.datetime.max.replace(tzinfo=CHINA)
_MIDNIGHT = dt.time()
_combine = dt.datetime.combine
#: The law of the Republic has no dates before; an earlier year is a slip of the pen.
EARLIEST = dt.date(1949, 1, 1)
#: Two machines' clocks are never quite the same: a time this little ahead counts as now.
SKEW = dt.timedelta(minutes=5)
_FORMS = "a date is written 2026-03-02, a time 2026-03-02T15:00:00+08:00"
_NO_DATE = f"no such day or time; {_FORMS}"
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_MOMENT = re.compile(
    rf"{_DAY.pattern}[Tt ][0-9]{{2}}:[0-9]{{2}}(:[0-9]{{2}}([.,][0-9]+)?)?"
    r"([Zz]|[+-][0-9]{2}(:?[0-9]{2}){0,2})"
)


@dataclass(frozen=True, slots=True)
class LegalTime:
    """A legal date in UTC+8 and, if it is known, the time of day in UTC+8."""

    date: dt.date
    time: dt.time | None = None

    @classmethod
    def parse(cls, text: str) -> LegalTime:
        """Read `2026-03-02` or an RFC 3339 date-time with a zone; raises UnfitError."""
        try:
            if len(text) == len("2026-03-02"):
                return cls(dt.date.fromisoformat(text))
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise UnfitError(_NO_DATE) from None
        return cls.of(moment)

    @classmethod
    def entered(cls, text: str) -> LegalTime:
        """The same at a door: a calendar date, no week number or day number, from 1949 on."""
        if not (_DAY.fullmatch(text) or _MOMENT.fullmatch(text)):
            raise UnfitError(_FORMS)
        legal = cls.parse(text)
        if legal.date < EARLIEST:
            raise UnfitError(f"no legal date lies before {EARLIEST.year}")
        return legal

    @classmethod
    def of(cls, moment: dt.datetime) -> LegalTime:
        """The legal time of an aware moment; raises UnfitError for one without a zone."""
        if moment.tzinfo is None:
            raise UnfitError("a time of day needs a zone")
        try:
            local = moment.astimezone(CHINA)
        except OverflowError:
            local = _FIRST if moment.year == dt.MINYEAR else _LAST
        return cls(local.date(), local.time())

    def moment(self) -> dt.datetime:
        """The aware moment in UTC+8. A bare date counts as 00:00 (design rule 4, fold order)."""
        at = _combine(self.date, self.time or _MIDNIGHT, CHINA)
        return at if at.year > 1 else max(at, _FIRST)

    def sort_key(self) -> tuple[dt.date, dt.time]:
        return (self.date, self.time or _MIDNIGHT)

    def __str__(self) -> str:
        return self.date.isoformat() if self.time is None else self.moment().isoformat()


def in_china(moment: dt.datetime, *, seconds: bool = False) -> str:
    """A moment as every person reads it: `2026-03-02 10:00+08`, which any command takes again."""
    local = moment.astimezone(CHINA)
    return f"{local:%Y-%m-%d %H:%M:%S}+08" if seconds else f"{local:%Y-%m-%d %H:%M}+08"


def calendar_day(text: str) -> dt.date | None:
    """A date in a body, `2026-03-02`; None if it holds none."""
    try:
        return dt.date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:
        return None


def is_ahead(legal: LegalTime, now: dt.datetime) -> bool:
    """True if it is later than now, by more than clocks differ."""
    return legal.moment() - now > SKEW


def refuse_ahead(legal: LegalTime, now: dt.datetime) -> None:
    """Raise CasebusError `legal_time_ahead` for a legal time later than now."""
    if is_ahead(legal, now):
        today = LegalTime.of(now)
        raise CasebusError("legal_time_ahead", f"{legal} lies after now, which is {today}")
