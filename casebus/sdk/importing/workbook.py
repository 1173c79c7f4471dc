"""Reads the sheets of an Excel workbook (.xlsx, .xlsm) row by row, as text cells.

openpyxl streams the rows and tells dates, errors and the 1904 epoch. It does not tell merged
cells while it streams, so each sheet is scanned once before: for them, for formulas that were
never calculated, and to refuse archives that unpack to more than anyone's spreadsheet.
"""

from __future__ import annotations

import datetime as dt
import zipfile
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile, zip_longest
from pathlib import Path
from typing import Any, BinaryIO

from openpyxl import load_workbook
from openpyxl.utils.datetime import CALENDAR_MAC_1904, from_excel
from openpyxl.utils.exceptions import InvalidFileException

from casebus.sdk.importing.issues import FileError, Issue, IssueCode, RowNumber
from casebus.sdk.importing.mapping import WorkbookPart
from casebus.sdk.importing.workbook_scan import Scan, scan

ZIP = b"PK\x03\x04"
#: Excel keeps fifteen digits; of a longer number the rest are zeros it made up.
_EXACT_DIGITS = 15
_SERIALS = range(30_000, 60_000)


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell whose value cannot be believed, and why."""

    why: str


_UNCALCULATED = BadCell("a formula that was never calculated: save the file in Excel")

#: A cell's text, or why it has none.
CellText = str | BadCell


@dataclass(frozen=True, slots=True)
class Reading:
    """Columns that are read, and those of them that hold dates."""

    columns: Collection[str]
    dates: Collection[str]


class Workbook:
    """An open workbook; use it with `with`, and read one sheet after the other."""

    def __init__(self, path: Path, file: BinaryIO, part: WorkbookPart) -> None:
        """Raises FileError `bad_workbook` or `unsafe_file`."""
        self._part = part
        self._scans = scan(path, file)
        try:
            self._book = load_workbook(file, read_only=True, data_only=True, keep_links=False)
        except (InvalidFileException, zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
            raise FileError("bad_workbook", f"{path.name}: {error}") from error

    def close(self) -> None:
        self._book.close()

    def sheets(self) -> Iterator[Sheet]:
        """The sheets that the mapping names, else the only one with rows."""
        if self._part.sheets == "all":
            yield from self._visible()
        elif self._part.sheets:
            for one in self._part.sheets:
                if one.name not in self._book.sheetnames:
                    raise FileError("missing_sheet", f"the workbook has no sheet {one.name}")
                yield self._sheet(one.name, one.header or self._part.header)
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
            raise FileError("empty_file", "the workbook has no rows")
        return found[0]

    def _visible(self) -> Iterator[Sheet]:
        for sheet in self._book.worksheets:
            made = self._sheet(sheet.title, self._part.header)
            if sheet.sheet_state == "visible" and any(True for _ in made.rows()):
                yield made

    def _sheet(self, name: str, header: int) -> Sheet:
        sheet: Any = self._book[name]
        # What a sheet says of its own size is not to be relied on.
        sheet.reset_dimensions()
        found = self._scans.get(str(sheet._worksheet_path).lstrip("/"), Scan())  # noqa: SLF001
        return Sheet(
            sheet,
            found,
            range(header, header + self._part.header_rows),
            counts_from_1904=self._book.epoch == CALENDAR_MAC_1904,
        )


class Sheet:
    """One sheet: its columns by the header's place, and the rows below it."""

    def __init__(self, sheet: Any, scan: Scan, header: range, *, counts_from_1904: bool) -> None:
        self.name = str(sheet.title)
        self._sheet = sheet
        self._scan = scan
        self._header = header
        self._counts_from_1904 = counts_from_1904

    def rows(self) -> Iterator[tuple[RowNumber, list[Any]]]:
        """Every row that is not empty, from the first, with merged cells filled."""
        fill = _Merged(self._scan.merged)
        for number, cells in enumerate(self._sheet.iter_rows(), start=1):
            values = [self._value(cell) for cell in cells]
            is_empty = all(value is None for value in values)
            fill(number, values)
            if not is_empty:
                yield RowNumber(number, self.name), values

    def columns(self) -> list[str]:
        """The header's names; of a heading in several rows the distinct parts, joined by `/`."""
        above = takewhile(lambda row: row[0] < self._header.stop, self.rows())
        parts = [list(map(_plain_text, values)) for at, values in above if at in self._header]
        stacked = zip_longest(*parts, fillvalue="")
        names = ["/".join(dict.fromkeys(filter(None, column))) for column in stacked]
        # A heading merged over several columns names the first of them.
        return [name if name != before else "" for before, name in pairwise(["", *names])]

    def body(self) -> Iterator[tuple[RowNumber, list[Any]]]:
        return ((number, values) for number, values in self.rows() if number >= self._header.stop)

    def _text(self, value: Any, *, is_date: bool) -> CellText:
        """A cell as its row's reader takes it; a day number of a date column becomes a date."""
        if isinstance(value, BadCell):
            return value
        is_day = is_date and isinstance(value, int | float) and int(value) in _SERIALS
        if is_day and self._counts_from_1904:
            return _exact(from_excel(value, CALENDAR_MAC_1904))
        return _exact(value)

    def row(
        self, number: RowNumber, named: Iterable[tuple[str, Any]], read: Reading
    ) -> dict[str, str] | Issue:
        """A row's cells by column; refused where one that is read cannot be believed."""
        cells: dict[str, str] = {}
        for name, value in named:
            text = self._text(value, is_date=name in read.dates)
            if not isinstance(text, BadCell):
                cells[name] = text
            elif name in read.columns:
                return Issue(number, name, IssueCode.BAD_CELL, text.why)
        return cells

    def _value(self, cell: Any) -> Any:
        if cell.value is None:
            is_bare = self._scan.uncalculated and hasattr(cell, "row")
            if is_bare and (cell.row, cell.column) in self._scan.uncalculated:
                return BadCell(
                    "a formula that was never calculated: open the file in Excel, save it"
                )
            return None
        if cell.data_type == "e":
            return BadCell(f"the formula gives {cell.value}")
        return cell.value if not isinstance(cell.value, str) or cell.value.strip() else None


class _Merged:
    """Gives every cell of a merged range the value of its first; rows must come in order."""

    def __init__(self, ranges: list[tuple[int, int, int, int]]) -> None:
        self._coming = iter(ranges)
        self._next = next(self._coming, None)
        self._open: list[tuple[tuple[int, int, int, int], Any]] = []

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
    if isinstance(value, float) and value != value:  # noqa: PLR0124 - not a number
        return BadCell("no number")
    if abs(value) >= 10**_EXACT_DIGITS:
        return BadCell("a number of more than 15 digits, of which Excel keeps 15: type it as text")
    whole = int(value)
    return str(whole) if whole == value else f"{value:.15g}"
