"""Reads XES (IEEE 1849), gzipped or not, event by event, and keeps nothing of the file.

It drives Expat by hand: a tree takes three times as long, even if it is cleared.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from casebus.sdk.importing.issues import FileError, Issue, IssueCode, RowNumber
from casebus.sdk.importing.logs.entries import LARGEST_ENTRY, LogEntry, RawEntry, put, too_large
from casebus.sdk.importing.xml import XmlFeed, safe_parser

_CHUNK = 1 << 16
#: The cost of an attribute besides its text: an event has at most two thousand.
_ATTRIBUTE_ROOM = 2048
_DEEPEST = 32
_VALUED = frozenset({"string", "date", "int", "float", "boolean", "id"})
_NESTED = frozenset({"list", "container", "values"})


def xes_entries(file: BinaryIO) -> Iterator[RawEntry]:
    """Events in the order of the log; raises FileError `bad_log` or `unsafe_file`."""
    reader = _XesReader()
    while chunk := file.read(_CHUNK):
        yield from reader.feed(chunk)
    yield from reader.feed(b"")


class _XesReader:
    def __init__(self) -> None:
        self._parser = safe_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._feed = XmlFeed(self._parser)
        self._root = ""
        #: Open elements inside a `global`, whose attributes are examples and no data.
        self._ignored = 0
        self._event: dict[str, str] | None = None
        self._event_line = 0
        self._size = 0
        self._trace: dict[str, str] = {}
        self._in_trace = False
        #: Keys of the attributes that enclose the place reached.
        self._path: list[str] = []
        self._ready: list[RawEntry] = []

    def feed(self, chunk: bytes) -> list[RawEntry]:
        self._ready = []
        self._feed(chunk)
        return self._ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if not self._root:
            self._root = local
            if local != "log":
                raise FileError("bad_log", f"no XES: it begins with <{local}>")
        elif self._ignored or local == "global":
            self._ignored += 1
        elif local == "event":
            self._event, self._size = {}, 0
            self._event_line = self._parser.CurrentLineNumber
        elif local == "trace":
            self._trace, self._in_trace, self._size = {}, True, 0
        elif local in _VALUED or local in _NESTED:
            self._attribute(local, attributes)

    def _attribute(self, local: str, attributes: dict[str, str]) -> None:
        self._path.append(attributes.get("key", ""))
        into = self._event if self._event is not None else self._trace
        if local not in _VALUED or (self._event is None and not self._in_trace):
            return
        value = attributes.get("value", "")
        key = "/".join(filter(None, self._path))
        self._size += len(key) + len(value) + _ATTRIBUTE_ROOM
        if self._size > LARGEST_ENTRY or len(self._path) > _DEEPEST:
            raise too_large(f"what holds line {self._parser.CurrentLineNumber}")
        put(into, key if self._event is not None else f"case:{key}", value)

    def _end(self, name: str) -> None:
        local = name.rpartition(":")[2]
        if self._ignored:
            self._ignored -= 1
        elif local == "event":
            self._finish()
        elif local == "trace":
            self._in_trace = False
        elif local in _VALUED or local in _NESTED:
            self._path.pop()

    def _finish(self) -> None:
        place = RowNumber(self._event_line)
        if not self._in_trace:
            detail = "an event outside of any trace"
            self._ready.append(Issue(place, "", IssueCode.MISSING_VALUE, detail))
        else:
            self._ready.append(LogEntry(place, self._event or {}, self._trace))
        self._event = None
