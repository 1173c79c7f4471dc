"""Reads CSV record by record, so that a broken record harms no other.

The standard module follows RFC 4180 to the letter: a quote left open takes the rows below into its
cell, and a file may end anywhere. This reader gives back a broken record as a problem of its first
line, and reads on with the very next line.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TextIO

from casebus.sdk.importing.issues import FileError

#: Characters of one line, and of one cell over several lines; a spreadsheet allows 32,767.
LARGEST_LINE = 1 << 20
LARGEST_CELL = 1 << 17
DELIMITERS = (",", ";", "\t", "|", "，", "；")
_SEP = re.compile(r'\s*"?sep=(?P<one>[^"\r\n])"?[,;\s]*', re.IGNORECASE)
_QUOTE = '"'


@dataclass(slots=True)
class CsvRecord:
    """A record and its line; `problem` is the reason why it has no cells."""

    line: int
    lines: int
    cells: list[str]
    problem: str = ""
    #: The cell, counted from 0, that has the problem.
    at: int = -1
    #: The file ends after it without a line end.
    is_open: bool = False


class _BrokenError(Exception):
    """The text is not a record; holds the reason and the cell."""

    def __init__(self, why: str, at: int) -> None:
        super().__init__(why)
        self.why = why
        self.at = at


class CsvText:
    """The records of a text; `line` is the number of lines given out."""

    def __init__(self, text: TextIO, delimiter: str) -> None:
        self.delimiter = delimiter
        self.line = 0
        self._read = partial(text.readline, LARGEST_LINE)
        #: Lines that were read ahead.
        self._ahead: deque[str] = deque()
        self._width = 0

    def heading(self, fits: Callable[[list[str]], bool], rows: int = 1) -> list[str]:
        """Among the first `rows` records, the first whose cells fit, with any delimiter.

        If none fits, it is the first record. A first line `sep=;` names the delimiter. Raises
        FileError `bad_csv`.
        """
        if found := _SEP.fullmatch(self._peek()):
            self.delimiter = found["one"]
            self._ahead.popleft()
            self.line += 1
        first, above = self.line, list[str]()
        for _ in range(rows):
            if self._fits(fits):
                break
            record, lines = self._record(self.delimiter)
            self._ahead.extendleft(reversed(lines[record.lines :]))
            self.line += record.lines
            above += lines[: record.lines]
        else:
            self._ahead.extendleft(reversed(above))
            self.line = first
        record = next(self, CsvRecord(1, 0, []))
        if record.problem:
            raise FileError("bad_csv", f"line {record.line}: {record.problem}")
        self._width = len(record.cells)
        return record.cells

    def _fits(self, fits: Callable[[list[str]], bool]) -> bool:
        """True if the next record fits with some delimiter, which then is the file's."""
        for delimiter in dict.fromkeys((self.delimiter, *DELIMITERS)):
            record, lines = self._record(delimiter)
            self._ahead.extendleft(reversed(lines))
            if not record.problem and fits(record.cells):
                self.delimiter = delimiter
                return True
        return False

    def __iter__(self) -> CsvText:
        return self

    def __next__(self) -> CsvRecord:
        record, lines = self._record(self.delimiter)
        if not lines:
            raise StopIteration
        # Only the first line of a broken record is bad; the lines below are read by themselves.
        self._ahead.extendleft(reversed(lines[record.lines :]))
        self.line += record.lines
        return record

    def _peek(self) -> str:
        if not self._ahead:
            self._ahead.append(self._read())
        return self._ahead[0]

    def _take(self) -> str:
        line = self._ahead.popleft() if self._ahead else self._read()
        if len(line) == LARGEST_LINE:
            raise FileError("bad_csv", f"line {self.line + 1} is longer than any row")
        return line

    def _record(self, delimiter: str) -> tuple[CsvRecord, list[str]]:
        """The next record and the lines that were read for it; no lines at the end."""
        line = self._take()
        if not line:
            return CsvRecord(self.line, 0, []), []
        number, lines = self.line + 1, [line]
        if _QUOTE not in line:
            cells = line.rstrip("\r\n").split(delimiter)
            return CsvRecord(number, 1, cells, is_open=line[-1] not in "\r\n"), lines
        try:
            cells = self._quoted(lines, delimiter)
        except _BrokenError as error:
            is_open = line[-1] not in "\r\n"
            return CsvRecord(number, 1, [], error.why, error.at, is_open), lines
        is_open = lines[-1][-1] not in "\r\n"
        return CsvRecord(number, len(lines), cells, is_open=is_open), lines

    def _quoted(self, lines: list[str], delimiter: str) -> list[str]:
        """The cells of a record that begins in `lines`.

        Further lines of it are added to `lines`.
        """
        cells: list[str] = []
        line, at = lines[0].rstrip("\r\n"), 0
        while True:
            if line.startswith(_QUOTE, at):
                cell, line, at = self._cell(lines, line, at, (len(cells), delimiter))
            else:
                end = line.find(delimiter, at)
                end = len(line) if end < 0 else end
                cell, at = line[at:end], end
            cells.append(cell)
            if at >= len(line):
                return cells
            at += 1

    def _cell(
        self, lines: list[str], line: str, at: int, where: tuple[int, str]
    ) -> tuple[str, str, int]:
        """A quoted cell, the line in which it closes, and the place after it in that line."""
        before, delimiter = where
        opened, start, parts, size = len(lines), at + 1, [], 0
        place = f"line {self.line + opened}, character {at + 1}"
        open_quote = _BrokenError(f"the quote that opens in {place} is not closed there", before)
        looks_whole = before + line.count(delimiter, start) >= self._width - 1
        while (end := _closing(line, start)) < 0:
            parts.append(line[start:])
            size += len(line)
            inside = len(lines) > opened
            if inside and self._width > 1 and line.count(delimiter) >= self._width - 1:
                raise open_quote
            raw = self._take()
            if not raw or size > LARGEST_CELL:
                self._ahead.extendleft([raw] if raw else [])
                raise open_quote
            lines.append(raw)
            parts.append("\n")
            line, start = raw.rstrip("\r\n"), 0
        rest = line.count(delimiter, end)
        if len(lines) > opened and looks_whole and self._width > 1:
            within = line.count(delimiter, 0, end)
            # Both its opening line and its closing line are rows by themselves.
            if within + rest >= self._width - 1:
                raise open_quote
        parts.append(line[start:end])
        behind = line.find(delimiter, end)
        behind = len(line) if behind < 0 else behind
        if line[end + 1 : behind].strip():
            where_text = f"line {self.line + len(lines)}, character {end + 2}"
            raise _BrokenError(f"text after the closing quote ({where_text})", before)
        return "".join(parts).replace('""', _QUOTE), line, behind


def _closing(line: str, start: int) -> int:
    """The place of the quote that closes a cell: the first that is not doubled.

    -1 if there is none.
    """
    at = line.find(_QUOTE, start)
    while at >= 0 and line.startswith(_QUOTE, at + 1):
        at = line.find(_QUOTE, at + 2)
    return at
