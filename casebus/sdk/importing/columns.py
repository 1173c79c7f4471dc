"""Finds the columns of a table that the mapping means, and checks that all are there."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable
from typing import Protocol

from casebus.sdk.importing.cells import heading
from casebus.sdk.importing.csv_text import CsvRecord
from casebus.sdk.importing.issues import FileError, Issue, IssueCode
from casebus.sdk.importing.mapping import WorkbookPart
from casebus.written import plain

#: The most column names that an error repeats, and the most characters.
_NAMED, _LONGEST_NAME = 12, 30
#: The last row in which a heading is looked for, below titles and empty lines.
HEADING_WITHIN = 20
_DIGIT = re.compile(r"[0-9]")


class TableMapping(Protocol):
    """The part of a mapping that the rows of a table need."""

    @property
    def delimiter(self) -> str: ...

    @property
    def workbook(self) -> WorkbookPart: ...

    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""

    def date_columns(self) -> frozenset[str]:
        """Columns whose numbers are days, as a workbook counts them."""

    def number_columns(self) -> frozenset[str]:
        """Columns that hold a case's number."""


def columns_of(headings: Iterable[str], mapping: TableMapping) -> list[str]:
    """The headings as the mapping names them, without regard to blanks and line breaks.

    A repeated heading that the mapping does not read gets a number, so nothing is lost.
    """
    found = [" ".join(plain(one).split()) for one in headings]
    meant = {heading(one): plain(one) for one in mapping.columns()}
    for name in set(found) & set(meant.values()):
        # If one heading matches to the letter, similar headings are other columns.
        meant.pop(heading(name))
    named = [meant.get(heading(one), one) for one in found]
    read = {plain(one) for one in mapping.columns()}
    seen: Counter[str] = Counter()
    for at, name in enumerate(named):
        seen[name] += 1
        if name and name not in read and seen[name] > 1:
            named[at] = f"{name}#{seen[name]}"
    return named


def missing(mapping: TableMapping, columns: Collection[str]) -> list[str]:
    return [name for name in mapping.columns() if plain(name) not in columns]


def require(mapping: TableMapping, columns: Collection[str], sheet: str = "") -> None:
    """Raises FileError `missing_columns` or `repeated_columns`."""
    where = f"sheet {sheet}" if sheet else "the file"
    if not any(columns):
        raise FileError("empty_file", f"{where} has no row of column names")
    if lacking := missing(mapping, columns):
        raise FileError(
            "missing_columns",
            f"the mapping reads columns that {where} lacks: {', '.join(lacking)};"
            f" it has {_some(columns)}",
        )
    counts = Counter(columns)
    repeated = [name for name in mapping.columns() if counts[plain(name)] > 1]
    if repeated:
        raise FileError(
            "repeated_columns",
            f"the mapping reads columns that {where} has twice: {', '.join(repeated)}",
        )


def _some(columns: Iterable[str]) -> str:
    """The first names, so that a person sees which row was taken for the heading."""
    named = [one[:_LONGEST_NAME] for one in columns if one]
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more


class CsvTable:
    """Makes rows from records by a heading, and refuses incomplete records."""

    def __init__(self, columns: list[str], mapping: TableMapping) -> None:
        self._columns = columns
        #: Empty headings at the end need no cells.
        self._width = max((at for at, name in enumerate(columns, 1) if name), default=0)
        exact = mapping.date_columns() | mapping.number_columns()
        self._last = self._width - 1
        self._last_is_exact = bool(columns) and columns[self._last] in map(plain, exact)
        self._above = ""

    def row(self, record: CsvRecord) -> dict[str, str] | Issue:
        if record.problem:
            column = self._columns[record.at] if record.at < len(self._columns) else ""
            return Issue(record.line, column, IssueCode.BAD_QUOTE, record.problem)
        cells, columns = record.cells, self._columns
        is_long = len(cells) > len(columns) and any(map(str.strip, cells[len(columns) :]))
        if is_long or len(cells) < self._width:
            detail = f"{len(cells)} cells, {len(columns)} columns"
            if record.is_open:
                detail += ": the file is cut off here"
            return Issue(record.line, "", IssueCode.BAD_ROW, detail)
        if self._last_is_exact and self._is_cut_off(record):
            detail = "the file ends inside this cell, which is shorter than the one above it"
            return Issue(record.line, columns[self._last], IssueCode.BAD_ROW, detail)
        return dict(zip(columns, cells, strict=False))

    def _is_cut_off(self, record: CsvRecord) -> bool:
        """True if the file ends in a text that looks like the beginning of the cell above."""
        above, own = self._above, _DIGIT.sub("0", record.cells[self._last].strip())
        self._above = own
        return record.is_open and own != above and above.startswith(own)
