"""Reads OCEL 2.0 XML item by item."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO, Literal

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.logs.entries import LARGEST_ENTRY, OcelItem, too_large
from casebus.sdk.importing.xml import XmlFeed, safe_parser

_CHUNK = 1 << 16
#: The depth of `log`, `events` and `event`.
_DEPTH_OF_AN_ENTRY = 3


def read_xml(file: BinaryIO) -> Iterator[OcelItem]:
    """Objects and events as they come; raises FileError `bad_log` or `unsafe_file`."""
    reader = _Reader()
    while chunk := file.read(_CHUNK):
        yield from reader.feed(chunk)
    yield from reader.feed(b"")


class _Reader:
    def __init__(self) -> None:
        self._parser = safe_parser()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._ready: list[OcelItem] = []
        self._path: list[str] = []
        #: The open item: its id and type, and its attributes with the time at which each was set.
        self._own = ("", "")
        self._set: dict[str, tuple[str, str]] = {}
        self._links: list[tuple[str, str]] = []
        self._name = ("", "")
        self._text: list[str] = []
        self._feed = XmlFeed(self._parser)
        self._begun = 0

    def feed(self, chunk: bytes) -> list[OcelItem]:
        self._ready = []
        self._feed(chunk)
        if self._feed.fed - self._begun > LARGEST_ENTRY:
            raise too_large(f"what is in line {self._parser.CurrentLineNumber}")
        return self._ready

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._path.append(name)
        self._begun = self._begun if self._is_inside() else self._parser.CurrentByteIndex
        match self._path[1:]:
            case ["objects", "object"] | ["events", "event"]:
                self._own = (attributes.get("id", ""), attributes.get("type", ""))
                self._links = []
                time = attributes.get("time")
                self._set = {} if time is None else {"ocel:timestamp": ("", time)}
            case ["objects" | "events", _, "attributes", "attribute"]:
                self._name = (attributes.get("name", ""), attributes.get("time", ""))
                self._text = []
                self._parser.CharacterDataHandler = self._text.append
            case ["events", _, "objects", "relationship" | "object"]:
                link = (attributes.get("object-id", ""), attributes.get("qualifier", ""))
                self._links.append(link)
        if self._path[0] != "log":
            raise FileError("bad_log", f"no OCEL 2.0: it begins with <{self._path[0]}>")

    def _is_inside(self) -> bool:
        return len(self._path) > _DEPTH_OF_AN_ENTRY

    def _end(self, _: str) -> None:
        match self._path[1:]:
            case ["objects" | "events", _, "attributes", "attribute"]:
                self._parser.CharacterDataHandler = None
                name, time = self._name
                if time >= self._set.get(name, ("", ""))[0]:
                    self._set[name] = (time, "".join(self._text))
            case ["objects", "object"] | ["events", "event"]:
                said = {name: value for name, (_, value) in self._set.items()}
                kind: Literal["object", "event"] = (
                    "object" if self._path[1] == "objects" else "event"
                )
                self._ready.append(OcelItem(kind, *self._own, said, tuple(self._links)))
        self._path.pop()
