"""Versions of rows about thresholds: in order, and the one in force on a day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import TypeVar

from casebus.law import models
from casebus.law.loader import LawError

_R = TypeVar("_R", bound=models.Rule)


def in_force(versions: Sequence[_R], day: dt.date) -> _R | None:
    for one in versions:
        if one.effective_from <= day <= (one.effective_to or dt.date.max):
            return one
    return None


def years_after(day: dt.date, years: int) -> dt.date:
    """The same day so many years later; for 29 February, the 28th."""
    if day.year + years > dt.MAXYEAR:
        return dt.date.max
    try:
        return day.replace(year=day.year + years)
    except ValueError:
        return day.replace(year=day.year + years, day=28)


def versions(what: str, rows: Iterable[_R]) -> tuple[_R, ...]:
    """The versions, newest first. Raises LawError if two are in force at once."""
    ordered = sorted(rows, key=lambda one: one.effective_from, reverse=True)
    for later, earlier in pairwise(ordered):
        if (earlier.effective_to or dt.date.max) >= later.effective_from:
            raise LawError("law_invalid", f"{what}: two versions overlap on {later.effective_from}")
    return tuple(ordered)


def gathered(what: str, parts: Iterable[tuple[_R, ...]]) -> tuple[_R, ...]:
    return versions(f"thresholds: {what}", [row for part in parts for row in part])
