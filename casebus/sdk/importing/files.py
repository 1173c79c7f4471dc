"""Reads CSV and JSON Lines row by row, in memory that does not grow with the file."""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from casebus.sdk.importing.cells import plain
from casebus.sdk.importing.issues import FileError, Issue, IssueCode
from casebus.sdk.importing.mapping import Mapping

_CHUNK = 1 << 20
_ZIP = b"PK\x03\x04"
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

    @property
    def is_json(self) -> bool:
        return self.path.suffix.lower() in _JSON_SUFFIXES


def inspect(path: Path, encoding: str = "auto") -> SourceFile:
    """Read the file through once; raises FileError `unreadable_file`, `not_text`, `empty_file`."""
    try:
        with path.open("rb") as file:
            return _inspect(path, file, encoding)
    except OSError as error:
        raise FileError("unreadable_file", f"{path.name}: {error.strerror}") from error


def _inspect(path: Path, file: BinaryIO, encoding: str) -> SourceFile:
    head = file.read(4)
    if not head:
        raise FileError("empty_file", f"{path.name} has no rows")
    if head == _ZIP:
        raise FileError(
            "not_text", f"{path.name} is a workbook: save the sheet as CSV (UTF-8) and import that"
        )
    file.seek(0)
    digest, utf8, size = hashlib.sha256(), _Utf8(), 0
    while chunk := file.read(_CHUNK):
        digest.update(chunk)
        utf8.feed(chunk)
        size += len(chunk)
    if encoding == "auto":
        encoding = _encoding(head, is_utf8=utf8.end())
    return SourceFile(path, size, digest.hexdigest(), encoding)


class _Utf8:
    """Whether bytes that come in pieces are UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")()
        self._good = True

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        try:
            if self._good:
                self._decoder.decode(chunk, final)
        except UnicodeDecodeError:
            self._good = False

    def end(self) -> bool:
        self.feed(b"", final=True)
        return self._good


def _encoding(head: bytes, *, is_utf8: bool) -> str:
    if head[:2] in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}:
        return "utf-16"
    # What Chinese Excel writes as plain CSV; it has a character for nearly every byte pair.
    return "utf-8-sig" if is_utf8 else "gb18030"


class Rows:
    """The rows of a file; `position` is how many bytes have been read, for a progress bar."""

    def __init__(self, source: SourceFile, mapping: Mapping) -> None:
        self._source = source
        self._mapping = mapping
        self._file: BinaryIO | None = None

    @property
    def position(self) -> int:
        return 0 if self._file is None or self._file.closed else self._file.tell()

    def __iter__(self) -> Iterator[RawRow]:
        """Raises FileError `missing_columns`, `bad_encoding` or `bad_csv`."""
        rows = self._json_rows if self._source.is_json else self._csv_rows
        with self._source.path.open("rb", buffering=_CHUNK) as self._file:
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


def _require(mapping: Mapping, columns: Collection[str]) -> None:
    missing = [name for name in mapping.columns() if plain(name) not in columns]
    if missing:
        raise FileError(
            "missing_columns",
            f"the mapping reads columns that the file lacks: {', '.join(missing)}",
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
