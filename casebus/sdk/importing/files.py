"""Reads CSV, JSON Lines and workbooks row by row, in memory that does not grow with the file."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from casebus.sdk.importing.cells import plain
from casebus.sdk.importing.encodings import AUTO, EncodingCheck
from casebus.sdk.importing.issues import FileError, Issue, IssueCode
from casebus.sdk.importing.mapping import WorkbookPart
from casebus.sdk.importing.workbook import ZIP, Reading, Workbook

_CHUNK = 1 << 20
#: The container of .xls, and of a workbook with a password.
_OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_JSON_SUFFIXES = frozenset({".jsonl", ".ndjson", ".json"})
#: How many lines of JSON are looked at for the columns that the mapping names.
_SAMPLE = 200

#: The row's number as a spreadsheet counts, and its cells, or why it cannot be read.
RawRow = tuple[int, dict[str, str] | Issue]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file whose bytes were looked at once: its digest, size and encoding."""

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
    head = file.read(8)
    if not head:
        raise FileError("empty_file", f"{path.name} has no rows")
    if head == _OLD_EXCEL:
        raise FileError("not_text", f"{path.name} is an old or a locked workbook: save it as .xlsx")
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


class TableMapping(Protocol):
    """What the rows of a table need of a mapping."""

    @property
    def delimiter(self) -> str: ...

    @property
    def workbook(self) -> WorkbookPart: ...

    def columns(self) -> tuple[str, ...]:
        """Every column that is read."""

    def date_columns(self) -> frozenset[str]:
        """Those whose numbers are days, as a workbook counts them."""


class Rows:
    """The rows of a file; `position` is how many bytes have been read, for a progress bar."""

    def __init__(self, source: SourceFile, mapping: TableMapping) -> None:
        self._source = source
        self._mapping = mapping
        self._file: BinaryIO | None = None

    @property
    def position(self) -> int:
        return 0 if self._file is None or self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[RawRow]:
        """Every row that is not empty.

        Raises FileError `missing_columns`, `repeated_columns`, `bad_encoding`, `bad_csv`, or one
        of `Workbook`.
        """
        rows = self._json_rows if self._source.is_json else self._csv_rows
        with self._source.path.open("rb", buffering=_CHUNK) as self._file:
            if self._source.is_workbook:
                yield from self._sheet_rows(self._file)
                return
            text = io.TextIOWrapper(self._file, self._source.encoding, newline="")
            try:
                yield from rows(text)
            except UnicodeError as error:
                raise FileError(
                    "bad_encoding",
                    f"not {self._source.encoding} throughout: name its encoding in the mapping",
                ) from error

    def _csv_rows(self, text: io.TextIOWrapper) -> Iterator[RawRow]:
        reader = csv.reader(text, delimiter=self._mapping.delimiter)
        columns = [plain(name) for name in next(reader, [])]
        _require(self._mapping, columns)
        number = 1
        while True:
            number += 1
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise FileError("bad_csv", f"row {number}: {error}") from error
            if any(cell.strip() for cell in cells):
                yield number, _csv_row(number, columns, cells)

    def _sheet_rows(self, file: BinaryIO) -> Iterator[RawRow]:
        read = Reading(
            frozenset(plain(name) for name in self._mapping.columns()),
            frozenset(plain(name) for name in self._mapping.date_columns()),
        )
        with closing(Workbook(self._source.path, file, self._mapping.workbook)) as book:
            for sheet in book.sheets():
                columns = [plain(name) for name in sheet.columns()]
                _require(self._mapping, columns, sheet.name)
                for number, values in sheet.body():
                    named = zip(columns, values, strict=False)
                    yield number, sheet.row(number, named, read)

    def _json_rows(self, text: io.TextIOWrapper) -> Iterator[RawRow]:
        first: list[RawRow] = []
        for number, line in enumerate(text, start=1):
            if line.strip():
                first.append((number, _json_row(number, line)))
            if len(first) == _SAMPLE:
                break
        names = {name for _, row in first if isinstance(row, dict) for name in row}
        _require(self._mapping, names)
        last = first[-1][0] if first else 0
        yield from first
        for number, line in enumerate(text, start=last + 1):
            if line.strip():
                yield number, _json_row(number, line)


def _require(mapping: TableMapping, columns: Collection[str], sheet: str = "") -> None:
    where = f"sheet {sheet}" if sheet else "the file"
    missing = [name for name in mapping.columns() if plain(name) not in columns]
    if missing:
        raise FileError(
            "missing_columns",
            f"the mapping reads columns that {where} lacks: {', '.join(missing)}",
        )
    counts = Counter(columns)
    repeated = [name for name in mapping.columns() if counts[plain(name)] > 1]
    if repeated:
        raise FileError(
            "repeated_columns",
            f"the mapping reads columns that {where} has twice: {', '.join(repeated)}",
        )


def _csv_row(number: int, columns: list[str], cells: list[str]) -> dict[str, str] | Issue:
    if any(cell.strip() for cell in cells[len(columns) :]):
        return Issue(number, "", IssueCode.BAD_ROW, f"{len(cells)} cells, {len(columns)} columns")
    return dict(zip(columns, cells, strict=False))


def _json_row(number: int, line: str) -> dict[str, str] | Issue:
    try:
        body = json.loads(line, parse_float=str)
    except ValueError:
        return Issue(number, "", IssueCode.BAD_ROW, "not JSON")
    if not isinstance(body, dict):
        return Issue(number, "", IssueCode.BAD_ROW, "not a JSON object")
    return dict(_flat(body, ""))


def _flat(body: dict[str, Any], path: str) -> Iterator[tuple[str, str]]:
    """Cells of an object; those of an inner object are named `outer.inner`."""
    for name, value in body.items():
        key = plain(f"{path}{name}")
        if isinstance(value, dict):
            yield from _flat(value, f"{key}.")
        elif isinstance(value, str):
            yield key, value
        elif value is not None:
            yield key, json.dumps(value, ensure_ascii=False)
