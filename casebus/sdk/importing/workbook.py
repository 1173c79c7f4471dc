"""Reads the sheets of an Excel workbook (.xlsx, .xlsm) row by row, as text cells.

We read the cells ourselves (`workbook_rows`): openpyxl fails on workbooks that are legal but
unusual, and reports neither merged cells nor hidden rows while it streams. It still tells which
formats are dates, and which day a number means.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise, takewhile, zip_longest
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel

from casebus.sdk.importing.cells import SERIALS
from casebus.sdk.importing.issues import FileError, Issue, IssueCode, RowNumber
from casebus.sdk.importing.mapping import WorkbookPart
from casebus.sdk.importing.workbook_formats import ShownNumber
from casebus.sdk.importing.workbook_parts import (
    DAMAGE,
    Archive,
    SheetPlace,
    WorkbookParts,
    read_book,
)
from casebus.sdk.importing.workbook_rows import BadCell, SheetRow, sheet_rows
from casebus.sdk.importing.workbook_scan import (
    Merged,
    measure,
    merged_ranges,
    refuse_locked,
    refuse_other,
)
from casebus.words import in_words

ZIP = b"PK\x03\x04"
#: Excel keeps fifteen digits; in a longer number it makes the rest zeros.
_EXACT_DIGITS = 15

#: A cell's text, or the reason why it has none.
CellText = str | BadCell


@dataclass(frozen=True, slots=True)
class ColumnKinds:
    """The columns to read, and among them those with dates and those with numbers of cases."""

    columns: Collection[str]
    dates: Collection[str]
    numbers: Collection[str]


class Workbook:
    """An open workbook. Use it with `with`, and read one sheet after the other."""

    def __init__(self, path: Path, file: BinaryIO, part: WorkbookPart) -> None:
        """Raises FileError `bad_workbook` or `unsafe_file`."""
        self._path = path
        self._part = part
        with _whole(path):
            self._zip = zipfile.ZipFile(file)
            refuse_locked(path, self._zip)
            measure(path, self._zip)
            self._archive = Archive(self._zip)
            refuse_other(path, self._archive)
            self._book = read_book(self._archive)
            self._merged = merged_ranges(self._archive, self._book)

    def close(self) -> None:
        self._zip.close()

    def sheets(self) -> Iterator[Sheet]:
        """The sheets that the mapping names, else the only one with rows."""
        if self._part.sheets == "all":
            yield from self._visible()
        elif self._part.sheets:
            by_name = {one.name: one for one in self._book.sheets}
            for one in self._part.sheets:
                if one.name not in by_name:
                    raise FileError("missing_sheet", f"the workbook has no sheet {one.name}")
                yield self._sheet(by_name[one.name], one.header or self._part.header)
        else:
            yield self._only()

    def _only(self) -> Sheet:
        found = list(self._visible())
        if len(found) > 1:
            names = ", ".join(one.name for one in found)
            raise FileError(
                "several_sheets", f"it has the sheets {names}: name those to read in the mapping"
            )
        if not found:
            raise self._no_rows()
        return found[0]

    def _no_rows(self) -> FileError:
        if not self._book.sheets:
            return FileError("bad_workbook", f"{self._path.name}: its sheets are missing")
        hidden = [one.name for one in self._book.sheets if not one.is_visible]
        if not hidden:
            return FileError("empty_file", "the workbook has no rows")
        names = ", ".join(hidden)
        what = f"the sheets that it shows have no rows; it hides {names}"
        return FileError("empty_file", f"{what}: name those to read in the mapping")

    def _visible(self) -> Iterator[Sheet]:
        for place in self._book.sheets:
            made = self._sheet(place, self._part.header)
            if place.is_visible and any(True for _ in made.rows()):
                yield made

    def _sheet(self, place: SheetPlace, header: int) -> Sheet:
        return Sheet(
            place.name,
            _Source(self._path, self._archive, self._book, place.part),
            self._merged[place.part],
            range(header, header + self._part.header_rows),
        )


@dataclass(frozen=True, slots=True)
class _Source:
    """The source of a sheet's rows, which can be read several times."""

    path: Path
    archive: Archive
    book: WorkbookParts
    part: str

    def rows(self) -> Iterator[SheetRow]:
        with _whole(self.path):
            yield from sheet_rows(self.archive, self.part, self.book)


class Sheet:
    """One sheet: its columns by the header's place, and the rows below it."""

    def __init__(self, name: str, source: _Source, merged: list[Merged], header: range) -> None:
        self.name = name
        self._source = source
        self._merged = merged
        self._header = header
        self._counts_from_1904 = source.book.counts_from_1904

    def rows(self) -> Iterator[tuple[RowNumber, SheetRow]]:
        """Every row that is not empty, from the first, with merged cells filled."""
        fill = _Merged(self._merged)
        for row in self._source.rows():
            is_empty = all(value is None for value in row.values)
            fill(row.number, row.values)
            if not is_empty:
                yield RowNumber(row.number, self.name), row

    def begin(self, header: int) -> None:
        """Take the names from this row, and the rows below as rows."""
        self._header = self._header_at(header)

    def _header_at(self, row: int) -> range:
        return range(row, row + len(self._header))

    def columns(self, header: int = 0) -> list[str]:
        """The header's names; for a heading in several rows the distinct parts, joined by `/`."""
        rows = self._header_at(header) if header else self._header
        above = takewhile(lambda row: row[0] < rows.stop, self.rows())
        parts = [list(map(_plain_text, row.values)) for at, row in above if at in rows]
        stacked = zip_longest(*parts, fillvalue="")
        names = ["/".join(dict.fromkeys(filter(None, column))) for column in stacked]
        # A heading merged over several columns names the first of them.
        return [name if name != before else "" for before, name in pairwise(["", *names])]

    def body(self) -> Iterator[tuple[RowNumber, SheetRow]]:
        return ((number, row) for number, row in self.rows() if number >= self._header.stop)

    def _text(self, value: Any, *, is_date: bool) -> CellText:
        """A cell in the form for its row's reader; a day number in a date column becomes a date."""
        if isinstance(value, BadCell):
            return value
        is_day = is_date and isinstance(value, int | float) and int(value) in SERIALS
        if is_day and self._counts_from_1904:
            return _exact(from_excel(value, CALENDAR_MAC_1904))
        return _exact(value)

    def row(
        self, number: RowNumber, named: Iterable[tuple[str, Any]], read: ColumnKinds
    ) -> dict[str, str] | Issue:
        """A row's cells by column; refused if one that is read cannot be believed."""
        cells: dict[str, str] = {}
        for name, value in named:
            if name in read.numbers and (why := _no_number(value)):
                return Issue(number, name, IssueCode.SPOILED_NUMBER, why)
            if name in read.numbers and isinstance(value, ShownNumber):
                cells[name] = value.shown
                continue
            text = self._text(value, is_date=name in read.dates)
            if not isinstance(text, BadCell):
                cells[name] = text
            elif name in read.columns:
                return Issue(number, name, IssueCode.BAD_CELL, text.why)
        return cells


class _Merged:
    """Gives every cell of a merged range the value of the first; rows must come in order."""

    def __init__(self, ranges: list[Merged]) -> None:
        self._coming = iter(ranges)
        self._next = next(self._coming, None)
        self._open: list[tuple[Merged, Any]] = []

    def __call__(self, number: int, values: list[Any]) -> None:
        while self._next and self._next[0] <= number:
            left = self._next[1] - 1
            first = values[left] if self._next[0] == number and left < len(values) else None
            self._open.append((self._next, first))
            self._next = next(self._coming, None)
        self._open = [one for one in self._open if one[0][2] >= number]
        for (_, left, _, right), value in self._open:
            if value is None:
                continue
            last = min(right, max(len(values), left))
            values += [None] * (last - len(values))
            values[left - 1 : last] = [value] * (last - left + 1)


@contextmanager
def _whole(path: Path) -> Iterator[None]:
    """Turns the errors of a damaged archive into FileError `bad_workbook`."""
    try:
        yield
    except DAMAGE as error:
        raise FileError("bad_workbook", f"{path.name}: {in_words(error)}") from error


def _no_number(value: Any) -> str:
    """The reason why this cell is not a case's number that anybody typed, or nothing."""
    shown = _exact(value)
    text = shown if isinstance(shown, str) else ""
    match value:
        case bool():
            return f"{text}: it is a truth value"
        case dt.date() | dt.time() | dt.timedelta():
            return f"{text}: it is a date or a time"
        case float() if isfinite(value) and value != int(value):
            return f"{text}: it is an amount"
    return ""


def _plain_text(value: Any) -> str:
    text = _exact(value)
    return " ".join(text.split()) if isinstance(text, str) else ""


def _exact(value: Any) -> CellText:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case dt.datetime():
            moment = (value + dt.timedelta(microseconds=500_000)).replace(microsecond=0)
            return str(moment.date() if moment.time() == dt.time() else moment)
        case int() | float():
            return _number(value)
    return str(value)


def _number(value: float) -> CellText:
    if isinstance(value, float) and not isfinite(value):
        return BadCell("no number")
    if abs(value) >= 10**_EXACT_DIGITS:
        return BadCell("a number of more than 15 digits, of which Excel keeps 15: type it as text")
    whole = int(value)
    return str(whole) if whole == value else f"{value:.15g}"
