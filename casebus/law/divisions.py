"""Administrative divisions (GB/T 2260): levels, superiors, and when a code was in use.

The data are in divisions.csv (made by scripts/make_divisions.py). A span there is never too short,
because it comes from dated snapshots. An unknown value is None, never a guess.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator
from typing import Literal, NamedTuple, get_args

from casebus.errors import UnfitError
from casebus.law.loader import LawError
from casebus.words import in_words

Level = Literal["county", "city", "province", "national"]
COUNTRY = "000000"
#: The length of a code, and of a code as statistics write it.
_DIGITS, _STATISTICAL_DIGITS = 6, 12
_LEVELS = frozenset(get_args(Level))
DIVISIONS = "divisions.csv"
_COLUMNS = ("code", "name", "level", "superior", "from", "to", "successor")
#: A table without rows.
EMPTY = (",".join(_COLUMNS)).encode()


class Division(NamedTuple):
    code: str
    name: str
    level: str
    #: Code of the superior; a province has the country's.
    superior: str
    #: First and last day of use, as far as known.
    since: dt.date
    until: dt.date
    #: The code that took over most of the area; empty if there is none or it is unknown.
    successor: str

    def holds(self, day: dt.date) -> bool:
        return self.since <= day <= self.until


class Divisions:
    """All codes of the table. Each code is one division over time."""

    def __init__(self, name: str, text: bytes) -> None:
        """Read the file. Raises LawError and names the line."""
        self._rows: dict[str, Division] = {
            COUNTRY: Division(COUNTRY, "全国", "national", "", dt.date.min, dt.date.max, "")
        }
        for row in _read(name, text):
            if row.code in self._rows:
                raise LawError("law_invalid", f"{name}: {row.code} stands twice")
            self._rows[row.code] = row
        for row in self._rows.values():
            for other in (row.superior, row.successor):
                if other and other not in self._rows:
                    raise LawError("law_invalid", f"{name}: {row.code}: unknown {other}")

        for follow in ("superior", "successor"):
            self._refuse_circle(name, follow)

    def _refuse_circle(self, name: str, follow: str) -> None:
        """Raises LawError if superiors or successors form a circle."""
        ended: set[str] = {""}
        for begun in self._rows:
            code, way = begun, list[str]()
            while code not in ended:
                if code in way:
                    raise LawError("law_invalid", f"{name}: {code} is its own {follow}")
                way.append(code)
                code = getattr(self._rows[code], follow)
            ended.update(way)

    def get(self, code: str) -> Division | None:
        """The division of a code of six digits, or of the statistical twelve."""
        return self._rows.get(code[:_DIGITS] if len(code) == _STATISTICAL_DIGITS else code)

    def chain(self, code: str) -> tuple[str, ...]:
        """The division and those above it, the country last; empty if the code is unknown."""
        found: list[str] = []
        row = self.get(code)
        while row is not None:
            found.append(row.code)
            row = self._rows.get(row.superior)
        return tuple(found)

    def common_superior(self, codes: tuple[str, ...]) -> str | None:
        """The lowest division above all the codes; if they are one code, the division above it."""
        chains = [self.chain(code)[1:] for code in codes]
        if not chains or not all(chains):
            return None
        shared = set(chains[0]).intersection(*chains[1:])
        return next((one for one in chains[0] if one in shared), None)

    def at_level(self, code: str, level: str) -> str | None:
        """The division itself, or the division above it, that has the level."""
        return next((one for one in self.chain(code) if self._rows[one].level == level), None)

    def today(self, code: str, day: dt.date) -> str | None:
        """The code in use on a day for a place that had `code` before: the code or a successor."""
        row = self.get(code)
        while row is not None and not row.holds(day):
            row = self._rows.get(row.successor) if day > row.until else None
        return None if row is None else row.code

    def __iter__(self) -> Iterator[Division]:
        return iter(self._rows.values())


def _read(name: str, text: bytes) -> Iterator[Division]:
    lines = csv.reader(_decoded(name, text).splitlines(), strict=True)
    try:
        _check_columns(next(lines, []))
        yield from (_division(line) for line in lines)
    except (ValueError, csv.Error) as error:
        says = f"{name}: line {lines.line_num}: {in_words(error)}"
        raise LawError("law_invalid", says) from error


def _check_columns(line: list[str]) -> None:
    if tuple(line) != _COLUMNS:
        raise UnfitError(f"columns {','.join(_COLUMNS)} wanted")


def _decoded(name: str, text: bytes) -> str:
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise LawError("law_unreadable", f"{name}: {in_words(error)}") from error


def _division(line: list[str]) -> Division:
    code, name, level, superior, since, until, successor = line
    if level not in _LEVELS or not (len(code) == _DIGITS and code.isdecimal()):
        raise UnfitError(f"{code or 'no code'}: {level or 'no level'}")
    return Division(
        code,
        name,
        level,
        superior,
        dt.date.fromisoformat(since) if since else dt.date.min,
        dt.date.fromisoformat(until) if until else dt.date.max,
        successor,
    )
