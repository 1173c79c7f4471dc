"""Reads the cells of a workbook's sheet row by row, in memory that does not grow with it."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from openpyxl.utils.datetime import CALENDAR_MAC_1904, CALENDAR_WINDOWS_1900, from_excel

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.spoiled import unescaped
from casebus.sdk.importing.workbook_formats import as_shown
from casebus.sdk.importing.workbook_parts import Archive, RichText, WorkbookParts, is_true
from casebus.sdk.importing.xml import XmlFeed, local_name, safe_parser

_REFERENCE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})")
#: No workbook has longer ones.
_ROW_NUMBER, _TEXT_NUMBER = re.compile(r"\d{1,7}"), re.compile(r"\d{1,9}")
#: A row without height is hidden too.
_NO_HEIGHT = re.compile(r"0(?:\.0*)?")
#: A sheet's own bounds: nothing outside them is a cell.
_MOST_COLUMNS, _MOST_ROWS = 1 << 14, 1 << 20


@dataclass(frozen=True, slots=True)
class BadCell:
    """A cell whose value cannot be believed, and the reason."""

    why: str


_UNCALCULATED = BadCell("a formula that was never calculated: open the file in Excel, save it")


@dataclass(slots=True)
class SheetRow:
    """A row with cells: its values from the first column on, None for a missing cell."""

    number: int
    values: list[Any]
    is_hidden: bool


def sheet_rows(archive: Archive, part: str, book: WorkbookParts) -> Iterator[SheetRow]:
    """Every row with a cell, in the order of the file; raises FileError `bad_workbook`."""
    reader = _SheetReader(book)
    for chunk in archive.chunks(part):
        yield from reader.feed(chunk)
    yield from reader.feed(b"")


class _SheetReader:
    def __init__(self, book: WorkbookParts) -> None:
        self._book = book
        self._epoch = CALENDAR_MAC_1904 if book.counts_from_1904 else CALENDAR_WINDOWS_1900
        self._parser = safe_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._take
        self._feed = XmlFeed(self._parser, code="bad_workbook")
        self._ready: list[SheetRow] = []
        self._row: SheetRow | None = None
        self._number = 0
        self._column = 0
        self._kind = ""
        self._style = 0
        self._has_formula = False
        #: Texts of the cell's value; None if it has none.
        self._value: list[str] | None = None
        self._in_value = False
        self._rich = RichText()

    def feed(self, chunk: bytes) -> list[SheetRow]:
        self._ready = []
        self._feed(chunk)
        return self._ready

    def _start(self, name: str, said: dict[str, str]) -> None:
        local = local_name(name)
        if local == "c":
            if self._row is not None:
                self._begin_cell(said)
        elif local == "v":
            self._value, self._in_value = [], True
        elif local == "row":
            self._begin_row(said)
        elif local == "f":
            self._has_formula = True
        elif self._kind == "inlineStr":
            self._rich.start(local)

    def _begin_row(self, said: dict[str, str]) -> None:
        number = said.get("r", "")
        self._number = int(number) if _ROW_NUMBER.fullmatch(number) else self._number + 1
        if self._number > _MOST_ROWS:
            raise FileError("bad_workbook", f"a row {self._number}, which no workbook has")
        self._column = 0
        is_hidden = (
            is_true(said.get("hidden")) or _NO_HEIGHT.fullmatch(said.get("ht", "")) is not None
        )
        self._row = SheetRow(self._number, [], is_hidden)

    def _begin_cell(self, said: dict[str, str]) -> None:
        found = _REFERENCE.fullmatch(said.get("r", ""))
        self._column = _column(found[1]) if found else self._column + 1
        if self._column > _MOST_COLUMNS:
            raise FileError("bad_workbook", f"row {self._number} has more columns than any sheet")
        self._kind = said.get("t", "n")
        style = said.get("s", "0")
        self._style = int(style) if style.isdecimal() else 0
        self._has_formula, self._value, self._in_value = False, None, False
        if self._kind == "inlineStr":
            self._rich.begin()

    def _take(self, text: str) -> None:
        if self._in_value and self._value is not None:
            self._value.append(text)
        elif self._kind == "inlineStr":
            self._rich.take(text)

    def _end(self, name: str) -> None:
        local = local_name(name)
        if local == "v":
            self._in_value = False
        elif local == "c" and self._row is not None:
            self._end_cell(self._row.values)
            self._kind = ""
        elif local == "row" and self._row is not None:
            if self._row.values:
                self._ready.append(self._row)
            self._row = None
        elif self._kind == "inlineStr":
            self._rich.end(local)

    def _end_cell(self, values: list[Any]) -> None:
        value = self._cell()
        if value is None:
            return
        at = self._column - 1
        values += [None] * (at + 1 - len(values))
        values[at] = value

    def _cell(self) -> Any:
        if self._kind == "inlineStr":
            return _text(self._rich.text())
        text = "".join(self._value) if self._value is not None else ""
        if self._has_formula and not text:
            # A formula may give an empty text, but never an empty number.
            is_empty_text = self._kind == "str" and self._value is not None
            return None if is_empty_text else _UNCALCULATED
        if self._kind == "str":
            return _text(unescaped(text))
        text = text.strip()
        return self._typed(text) if text else None

    def _typed(self, text: str) -> Any:
        match self._kind:
            case "s":
                return self._shared(text)
            case "b":
                return is_true(text)
            case "e":
                return BadCell(f"the formula gives {text[:40]}")
            case "d":
                return _iso(text)
        return self._number_cell(text)

    def _shared(self, text: str) -> Any:
        at = int(text) if _TEXT_NUMBER.fullmatch(text) else -1
        if 0 <= at < len(self._book.texts):
            return _text(self._book.texts[at])
        return BadCell(f"its text is missing in the workbook: number {text[:40]}")

    def _number_cell(self, text: str) -> Any:
        try:
            value: int | float = int(text) if text.isdecimal() else float(text)
        except ValueError:
            return BadCell(f"its cell says that it is a number and holds {text[:40]}")
        formats = self._book.formats
        code, is_date = formats[self._style] if self._style < len(formats) else ("", False)
        if is_date:
            return self._date(value)
        return as_shown(code, value) if code else value

    def _date(self, value: float) -> Any:
        try:
            found = from_excel(value, self._epoch)
        except (ValueError, OverflowError, TypeError):
            found = None
        return BadCell(f"{value} is no day of the calendar") if found is None else found


def _text(text: str) -> str | None:
    return text if text.strip() else None


def _iso(text: str) -> Any:
    for read in (dt.date.fromisoformat, dt.datetime.fromisoformat, dt.time.fromisoformat):
        with suppress(ValueError):
            return read(text.removesuffix("Z"))
    return BadCell(f"its cell says that it is a date and holds {text[:40]}")


def _column(letters: str) -> int:
    number = 0
    for one in letters:
        number = number * 26 + ord(one) - 64
    return number
