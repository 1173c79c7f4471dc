"""Moments as storylines write them: local time in UTC+8 unless a zone is given."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any

from pydantic import BeforeValidator

from casebus.errors import UnfitError
from casebus.events.legaltime import CHINA, LegalTime

_LOCAL = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?$")
_DAY = re.compile(r"^\d{4}-\d\d-\d\d$")
_LAST_SECOND = dt.time(23, 59, 59)


def moment(text: Any) -> dt.datetime:
    """`2026-03-02 10:00` (UTC+8) or RFC 3339 with a zone; raises ValueError."""
    if isinstance(text, dt.datetime):
        return text
    if not isinstance(text, str):
        # pydantic reports a ValueError, a TypeError would end the program.
        raise UnfitError("a moment is written 2026-03-02 10:00")
    if _LOCAL.match(text):
        return dt.datetime.fromisoformat(text).replace(tzinfo=CHINA)
    if _DAY.match(text):
        raise ValueError(f"{text} lacks a time of day: {text} 10:00")
    read = dt.datetime.fromisoformat(text)
    if read.tzinfo is None:
        raise ValueError(f"{text}: write 2026-03-02 10:00, or add the zone")
    return read


def legal(text: Any) -> LegalTime | str:
    """`date` (the day of the step's `at`), a bare date, or a moment."""
    if isinstance(text, LegalTime):
        return text
    if text == "date":
        return "date"
    if isinstance(text, str) and _DAY.match(text):
        return LegalTime.parse(text)
    return LegalTime.of(moment(text))


def due(text: Any) -> dt.datetime | None:
    """A bare date means that day's last second; `null` means a clock without a due moment."""
    if text is None or isinstance(text, dt.datetime):
        return text
    if isinstance(text, str) and _DAY.match(text):
        return dt.datetime.combine(dt.date.fromisoformat(text), _LAST_SECOND, CHINA)
    return moment(text)


def day(text: Any) -> dt.date:
    if isinstance(text, dt.date):
        return text
    if not isinstance(text, str) or not _DAY.match(text):
        raise ValueError("a day is written 2026-03-02")
    return dt.date.fromisoformat(text)


Moment = Annotated[dt.datetime, BeforeValidator(moment)]
Legal = Annotated[Any, BeforeValidator(legal)]
Due = Annotated[dt.datetime | None, BeforeValidator(due)]
Day = Annotated[dt.date, BeforeValidator(day)]
