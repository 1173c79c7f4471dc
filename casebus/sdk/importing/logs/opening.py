"""Opens a log of any form. It is checked once before anything is sent, then read in order."""

from __future__ import annotations

import gzip
import hashlib
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from casebus.sdk.importing import files
from casebus.sdk.importing.files import FileRows, SourceFile
from casebus.sdk.importing.issues import CellError, FileError
from casebus.sdk.importing.logs.entries import Entries, LogEntry, attribute_name
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.ocel import ocel_entries
from casebus.sdk.importing.logs.spool import LAST, LogSpool
from casebus.sdk.importing.logs.tables import LogTable, table_entries
from casebus.sdk.importing.logs.times import read_time
from casebus.sdk.importing.logs.xes import xes_entries
from casebus.sdk.importing.report import LineCounts
from casebus.sdk.importing.xml import XmlFeed, is_xml, safe_parser
from casebus.words import in_words

_GZIP = b"\x1f\x8b"
_CHUNK = 1 << 20


def inspect_log(path: Path, mapping: LogMapping) -> SourceFile:
    """Read the file through once, unpacked: a log that is cut off sends nothing.

    Raises FileError `unreadable_file`, `empty_file`, `bad_log`, `bad_encoding` or `unsafe_file`.
    """
    if mapping.log.form == "table":
        return files.inspect(path, mapping.log.encoding)
    try:
        with path.open("rb") as file:
            digest, size = hashlib.sha256(), 0
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                size += len(chunk)
            if not size:
                raise FileError("empty_file", f"{path.name} has no bytes")
            with _unpacked(file) as plain:
                _look_through(plain)
    except OSError as error:
        raise FileError("unreadable_file", f"{path.name}: {in_words(error)}") from error
    return SourceFile(path, size, digest.hexdigest(), "")


def _look_through(file: BinaryIO) -> None:
    """Unpack everything. XML is also parsed; the rest is read for its checksums."""
    head = file.read(_CHUNK)
    looks_xml = is_xml(head)
    feed = XmlFeed(safe_parser()) if looks_xml else None
    chunk = head
    while chunk:
        if feed:
            feed(chunk)
        chunk = file.read(_CHUNK)
    if feed:
        feed(b"")


@contextmanager
def _unpacked(file: BinaryIO) -> Iterator[BinaryIO]:
    file.seek(0)
    is_packed = file.read(2) == _GZIP
    file.seek(0)
    try:
        if is_packed:
            with gzip.open(file) as unpacked:
                yield io.BufferedReader(unpacked, _CHUNK)
        else:
            yield file
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise FileError("bad_log", "the gzip archive is cut off or damaged") from error


class LogFile:
    """The entries of a log, in the order that the mapping asks for."""

    def __init__(self, source: SourceFile, mapping: LogMapping) -> None:
        self._source = source
        self._mapping = mapping
        self._file: BinaryIO | None = None
        is_table = mapping.log.form == "table"
        self._rows = FileRows(source, LogTable(mapping)) if is_table else None

    @property
    def position(self) -> int:
        """Bytes of the file read so far, for a progress bar."""
        if self._rows is not None:
            return self._rows.position
        return 0 if self._file is None or self._file.closed else self._file.tell()

    @property
    def lines(self) -> LineCounts | None:
        """The fate of a table's lines."""
        return self._rows.lines if self._rows is not None else None

    def __iter__(self) -> Entries:
        with self._source.path.open("rb") as self._file, LogSpool() as spool:
            yield from self._entries(self._file, spool)

    def _entries(self, file: BinaryIO, spool: LogSpool) -> Entries:
        log = self._mapping.log
        if log.form == "ocel":
            moment = self._moment if log.is_ordered_by_time else None
            with _unpacked(file) as plain:
                yield from ocel_entries(self._source.path, plain, log.object, spool, moment)
            return
        with _unpacked(file) as plain:
            own = xes_entries(plain) if self._rows is None else table_entries(self._rows)
            yield from spool.by_time(own, self._moment_of) if log.is_ordered_by_time else own

    def _moment_of(self, entry: LogEntry) -> float:
        return self._moment(entry.attributes.get(attribute_name(self._mapping.event.time), ""))

    def _moment(self, text: str) -> float:
        with suppress(CellError):
            return read_time(text, self._mapping.log).moment().timestamp()
        return LAST
