"""Reads a large JSON object piece by piece, and gives each item of its arrays at once."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterator
from typing import Any, BinaryIO

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.logs.entries import LARGEST_ENTRY, too_large

_CHUNK = 1 << 18
_SPACE = " \t\r\n"


class JsonStream:
    """The top level of one JSON object; raises FileError `bad_log` or `unsafe_file`."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._scan = json.JSONDecoder(parse_float=str, parse_int=str).raw_decode
        self._text = ""
        self._at = 0
        self._ended = False

    def items(self) -> Iterator[tuple[str, Any]]:
        """(name, item) for each item of each array, (name, value) for everything else."""
        self._take("{")
        if self._peek() == "}":
            return
        while True:
            name = str(self._value())
            self._take(":")
            if self._peek() == "[":
                yield from ((name, item) for item in self._array())
            else:
                yield name, self._value()
            if self._next(",}") == "}":
                return

    def _array(self) -> Iterator[Any]:
        self._take("[")
        if self._peek() == "]":
            self._take("]")
            return
        while True:
            yield self._value()
            if self._next(",]") == "]":
                return

    def _value(self) -> Any:
        self._peek()
        while True:
            scanned = self._try()
            # A number at the end of the text read so far may go on.
            if scanned and (scanned[1] < len(self._text) or self._ended):
                break
            if len(self._text) - self._at > LARGEST_ENTRY:
                raise too_large("an item")
            if not self._more():
                raise FileError("bad_log", f"no JSON near {self._text[self._at :][:40]!r}")
        found, self._at = scanned
        return found

    def _try(self) -> tuple[Any, int] | None:
        """The value that begins here and its end.

        None if the text read so far does not hold all of it.
        """
        try:
            return self._scan(self._text, self._at)
        except RecursionError:
            raise FileError("unsafe_file", "JSON nested without end") from None
        except ValueError:
            return None

    def _peek(self) -> str:
        while True:
            while self._at < len(self._text) and self._text[self._at] in _SPACE:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                raise FileError("bad_log", "the JSON ends too early")

    def _next(self, wanted: str) -> str:
        found = self._peek()
        if found not in wanted:
            raise FileError("bad_log", f"no JSON near {self._text[self._at :][:40]!r}")
        self._at += 1
        return found

    _take = _next

    def _more(self) -> bool:
        """Read on and drop the text before; True if there was more."""
        if self._ended:
            return False
        # The pieces grow, so that a large item is not scanned again too often.
        raw = self._file.read(max(_CHUNK, len(self._text) - self._at))
        self._ended = not raw
        try:
            self._text = self._text[self._at :] + self._decode(raw, self._ended)
        except UnicodeDecodeError as error:
            raise FileError("bad_encoding", "JSON that is not UTF-8") from error
        self._at = 0
        return True
