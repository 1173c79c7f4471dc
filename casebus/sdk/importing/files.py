"""Reads CSV, JSON Lines and workbooks row by row, in memory that does not grow with the file."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO

from casebus.sdk.importing.columns import (
    HEADING_WITHIN,
    CsvTable,
    TableMapping,
    columns_of,
    missing,
    require,
)
from casebus.sdk.importing.csv_text import LARGEST_LINE, CsvText
from casebus.sdk.importing.encodings import AUTO, EncodingCheck
from casebus.sdk.importing.issues import CellError, FileError, Issue, IssueCode, RowNumber
from casebus.sdk.importing.report import LineCounts
from casebus.sdk.importing.sniff import HEAD, refuse_no_table
from casebus.sdk.importing.workbook import ZIP, ColumnKinds, Sheet, Workbook
from casebus.written import plain

_CHUNK = 1 << 20
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
#: The number of JSON lines that are searched for the columns that the mapping names.
_SAMPLE = 200

#: The place of the row (in a workbook its number, else its first line), and its cells, the reason
#: why it cannot be read, or a note on a row beside it.
RawRow = tuple[int, dict[str, str] | Issue]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file whose bytes were read once: its digest, size and encoding."""

    path: Path
    size: int
    digest: str
    encoding: str
    is_workbook: bool = False

    @property
    def is_json(self) -> bool:
        return self.path.suffix.lower() in _JSON_SUFFIXES


def inspect(path: Path, encoding: str = AUTO) -> SourceFile:
    """Read the file through once.

    Raises FileError `unreadable_file`, `empty_file`, `bad_encoding`, `not_text`.
    """
    try:
        with path.open("rb") as file:
            return _inspect(path, file, encoding)
    except OSError as error:
        raise FileError("unreadable_file", f"{path.name}: {error.strerror}") from error


def _inspect(path: Path, file: BinaryIO, encoding: str) -> SourceFile:
    head = file.read(HEAD)
    if not head:
        raise FileError("empty_file", f"{path.name} has no rows")
    refuse_no_table(path, head)
    is_workbook = head.startswith(ZIP)
    check = None if is_workbook else EncodingCheck(head, encoding)
    file.seek(0)
    digest, size = hashlib.sha256(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        size += len(chunk)
        if check:
            check.feed(chunk)
    return SourceFile(path, size, digest.hexdigest(), check.end() if check else "", is_workbook)


class FileRows:
    """The rows of a file; `position` is the number of bytes read, for a progress bar."""

    def __init__(self, source: SourceFile, mapping: TableMapping) -> None:
        self._source = source
        self._mapping = mapping
        self._file: BinaryIO | None = None
        #: Complete after every row was read; a workbook has none.
        self.lines: LineCounts | None = None

    @property
    def position(self) -> int:
        return 0 if self._file is None or self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[RawRow]:
        """Every row that is not empty.

        Raises FileError `missing_columns`, `repeated_columns`, `bad_encoding`, `bad_csv`, or one of
        `Workbook`.
        """
        rows = self._json_rows if self._source.is_json else self._csv_rows
        with self._source.path.open("rb", buffering=_CHUNK) as self._file:
            if self._source.is_workbook:
                yield from self._sheet_rows(self._file)
                return
            text = io.TextIOWrapper(self._file, self._source.encoding, newline="")
            self.lines = LineCounts()
            try:
                yield from rows(text, self.lines)
            except UnicodeError as error:
                raise FileError(
                    "bad_encoding",
                    f"not {self._source.encoding} throughout: name its encoding in the mapping",
                ) from error

    def _csv_rows(self, text: io.TextIOWrapper, lines: LineCounts) -> Iterator[RawRow]:
        reader = CsvText(text, self._mapping.delimiter)
        mapping = self._mapping
        first = reader.heading(
            lambda cells: not missing(mapping, columns_of(cells, mapping)),
            max(mapping.workbook.header, HEADING_WITHIN),
        )
        columns = columns_of(first, mapping)
        require(mapping, columns)
        lines.total = lines.heading = reader.line
        table = CsvTable(columns, mapping)
        for record in reader:
            lines.total += record.lines
            lines.within_rows += max(record.lines - 1, 0)
            if not record.problem and not any(cell.strip() for cell in record.cells):
                lines.empty += 1
                continue
            yield record.line, table.row(record)

    def _sheet_rows(self, file: BinaryIO) -> Iterator[RawRow]:
        read = ColumnKinds(
            frozenset(plain(name) for name in self._mapping.columns()),
            frozenset(plain(name) for name in self._mapping.date_columns()),
            frozenset(plain(name) for name in self._mapping.number_columns()),
        )
        with closing(Workbook(self._source.path, file, self._mapping.workbook)) as book:
            for sheet in book.sheets():
                columns = self._columns(sheet)
                require(self._mapping, columns, sheet.name)
                for number, row in sheet.body():
                    if row.is_hidden:
                        yield number, self._hidden(number)
                    if row.is_hidden and self._mapping.workbook.hidden_rows == "leave":
                        continue
                    named = zip(columns, row.values, strict=False)
                    yield number, sheet.row(number, named, read)

    def _columns(self, sheet: Sheet) -> list[str]:
        """The columns by the row that the mapping names, else by the first row with its names."""
        named = columns_of(sheet.columns(), self._mapping)
        if not missing(self._mapping, named):
            return named
        for at in range(1, HEADING_WITHIN + 1):
            found = columns_of(sheet.columns(at), self._mapping)
            if not missing(self._mapping, found):
                sheet.begin(at)
                return found
        return named

    def _hidden(self, number: RowNumber) -> Issue:
        is_taken = self._mapping.workbook.hidden_rows == "take"
        detail = "the workbook hides it: " + ("read all the same" if is_taken else "left out")
        return Issue(number, "", IssueCode.HIDDEN_ROW, detail, refused=False)

    def _json_rows(self, text: io.TextIOWrapper, lines: LineCounts) -> Iterator[RawRow]:
        rows = _json_lines(text, lines)
        first = list(islice(rows, _SAMPLE))
        if not first:
            raise FileError("empty_file", f"{self._source.path.name} has no rows")
        names = _named(first)
        if not names:
            what = "no line of it is an object of JSON: write one object a line (JSON Lines)"
            raise FileError("not_text", f"{self._source.path.name}: {what}")
        require(self._mapping, names)
        yield from first
        yield from rows


def json_names(source: SourceFile) -> list[str]:
    """The names in the first lines of JSON, in their order."""
    with source.path.open("rb") as file:
        text = io.TextIOWrapper(file, source.encoding, newline="")
        return _named(islice(_json_lines(text, LineCounts()), _SAMPLE))


def _named(rows: Iterable[RawRow]) -> list[str]:
    return list(dict.fromkeys(name for _, row in rows if isinstance(row, dict) for name in row))


def _json_lines(text: io.TextIOWrapper, lines: LineCounts) -> Iterator[RawRow]:
    while line := text.readline(LARGEST_LINE):
        if len(line) == LARGEST_LINE:
            raise FileError("not_text", f"line {lines.total + 1} is longer than any row")
        lines.total += 1
        if line.strip():
            yield lines.total, _json_row(lines.total, line)
        else:
            lines.empty += 1


def _json_row(number: int, line: str) -> dict[str, str] | Issue:
    try:
        body = json.loads(line, parse_float=str, object_pairs_hook=_once)
        if isinstance(body, dict):
            return _once(list(_flat(body, "")))
    except CellError as error:
        return Issue(number, error.detail, IssueCode.BAD_ROW, "it comes twice in this object")
    except (ValueError, RecursionError):
        return Issue(number, "", IssueCode.BAD_ROW, "not JSON")
    return Issue(number, "", IssueCode.BAD_ROW, "not a JSON object")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object in which each name comes once: of two values nobody knows the right one."""
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise CellError(IssueCode.BAD_ROW, name[:80])
        found[name] = value
    return found


def _flat(body: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """The cells of an object; those of an inner object are named `outer.inner`."""
    for name, value in body.items():
        key = plain(f"{path}{name}")
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, str):
            yield key, value
        elif value is not None:
            yield key, json.dumps(value, ensure_ascii=False)
