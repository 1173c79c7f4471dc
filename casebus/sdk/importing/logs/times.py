"""Reads time-stamps of a log as legal times."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from casebus.events.legaltime import LegalTime
from casebus.sdk.importing.cells import written_date
from casebus.sdk.importing.issues import CellError, IssueCode
from casebus.sdk.importing.logs.mapping import LogPart
from casebus.written import plain

_DAY_LENGTH = len("2026-03-02")


def read_time(text: str, log: LogPart) -> LegalTime:
    """A time-stamp in UTC+8, or only its day if it has no more or only the day is true.

    The day is the written one, in the zone in which it was written. Raises CellError `bad_date`.
    """
    cell = plain(text)
    moment = _iso(cell) or _named(cell, log.formats)
    if moment is None:
        return _typed(cell, log)
    if log.days or (len(cell) <= _DAY_LENGTH and moment.time() == dt.time()):
        return LegalTime(moment.date())
    return LegalTime.of(moment if moment.tzinfo else moment.replace(tzinfo=log.tzinfo))


def _iso(cell: str) -> dt.datetime | None:
    # `20250302` and five-digit serials are left to the reader of spreadsheets.
    if "-" not in cell:
        return None
    with suppress(ValueError):
        return dt.datetime.fromisoformat(cell)
    return None


def _named(cell: str, formats: tuple[str, ...]) -> dt.datetime | None:
    for one in formats:
        with suppress(ValueError):
            return dt.datetime.strptime(cell, one)  # noqa: DTZ007 - the log's zone is added
    return None


def _typed(cell: str, log: LogPart) -> LegalTime:
    read = written_date(cell)
    return LegalTime(read.day) if log.days else read.legal(log.tzinfo)


def refuse_absurd(when: LegalTime, earliest: dt.date, latest: dt.date) -> None:
    """Raises CellError `bad_date` for a day outside the possible time of a log."""
    if not earliest <= when.date <= latest:
        detail = f"{when.date} is not between {earliest} and {latest}"
        raise CellError(IssueCode.BAD_DATE, detail)
