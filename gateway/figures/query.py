"""A question about figures, and the reading of its parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from gateway.problems import unfit


@dataclass(frozen=True, slots=True)
class FigureQuery:
    """A caller's question. Both days are included."""

    indicators: tuple[str, ...]
    by: tuple[str, ...]
    as_of: datetime
    since: date | None
    until: date | None
    shared: bool
    division: str


def prefix(division: str) -> str:
    """The first digits of all codes below a division."""
    if not division:
        return ""
    if not (len(division) == 6 and division.isascii() and division.isdecimal()):  # noqa: PLR2004 - GB/T 2260
        raise unfit("division", "a division has six digits")
    digits = division.rstrip("0")
    return digits + "0" * (len(digits) % 2)


def parts(text: str | Iterable[str]) -> tuple[str, ...]:
    """Words of a list that is given with commas."""
    given = [text] if isinstance(text, str) else text
    return tuple(word.strip() for one in given for word in one.split(",") if word.strip())
