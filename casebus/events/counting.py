"""How many array and map items a value holds, counted without building any of them.

A reader that builds them is at their mercy: a megabyte holds half a million empty texts, and more
without bound where an item takes no bytes at all. The count stops at the first item too many, so
it costs no more for the worst value than for the longest that is allowed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: Array and map items in one value, over all its arrays: a long annex has some hundreds.
MOST_ITEMS = 10_000

_FIXED_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_VARINTS = frozenset({"int", "long", "enum"})
_LENGTHS = frozenset({"string", "bytes"})
_MORE, _BITS, _LONGEST_VARINT = 0x80, 0x7F, 10

#: Gives the place after what begins at a place.
_Skip = Callable[["_Count", int], int]


class TooManyError(Exception):
    """More items than `most`."""


class _Count:
    """The bytes, and how many items may still come."""

    __slots__ = ("left", "value")

    def __init__(self, value: bytes, most: int) -> None:
        self.value, self.left = value, most

    def take(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise TooManyError

    def number(self, at: int) -> tuple[int, int]:
        """A zigzag number and the place after it; IndexError where the bytes end."""
        found = shift = 0
        for _ in range(_LONGEST_VARINT):
            byte = self.value[at]
            at += 1
            found |= (byte & _BITS) << shift
            if not byte & _MORE:
                return (found >> 1) ^ -(found & 1), at
            shift += 7
        raise ValueError("a number of too many bytes")


class Counter:
    """Counts by the schema that wrote the value, as fastavro parsed it."""

    def __init__(self, parsed: Any) -> None:
        self._named: dict[str, _Skip] = {}
        #: Bytes that an item takes at the least; 0 where one may take none.
        self._least = 1
        self._skip = self._of(parsed)

    def check(self, value: bytes, at: int, most: int = MOST_ITEMS) -> None:
        """Raise TooManyError where more than `most` items stand in the value from `at` on.

        The reader refuses a value that is cut off or does not fit the schema. A value too short to
        hold so many is not looked at.
        """
        if self._least and len(value) - at <= most:
            return
        try:
            self._skip(_Count(value, most), at)
        except (IndexError, ValueError, RecursionError):
            return

    def _of(self, schema: Any) -> _Skip:
        if isinstance(schema, str):
            return self._named_or_plain(schema)
        if isinstance(schema, list):
            return _union([self._of(one) for one in schema])
        kind = schema["type"]
        if kind == "record":
            return self._record(schema)
        if kind in {"array", "map"}:
            return self._blocks(schema)
        if kind not in {"enum", "fixed"}:
            return self._of(kind)
        skip = _number if kind == "enum" else _bytes(schema["size"])
        return self._named.setdefault(schema["name"], skip)

    def _named_or_plain(self, name: str) -> _Skip:
        if name in _FIXED_SIZES:
            return _bytes(_FIXED_SIZES[name])
        if name in _VARINTS:
            return _number
        if name in _LENGTHS:
            return _text

        def named(count: _Count, at: int) -> int:
            """Looked up when it is met: a record may hold itself."""
            return self._named[name](count, at)

        return named

    def _record(self, schema: Any) -> _Skip:
        fields: list[_Skip] = []

        def skip(count: _Count, at: int) -> int:
            for field in fields:
                at = field(count, at)
            return at

        self._named[schema["name"]] = skip
        fields += (self._of(field["type"]) for field in schema["fields"])
        return skip

    def _blocks(self, schema: Any) -> _Skip:
        """Items in blocks, each with its count; a negative one is followed by the block's bytes."""
        item = self._of(schema["items"] if schema["type"] == "array" else schema["values"])
        key = None if schema["type"] == "array" else _text
        if key is None and _takes_nothing(schema["items"]):
            self._least = 0

        def skip(count: _Count, at: int) -> int:
            while True:
                items, at = count.number(at)
                if items == 0:
                    return at
                if items < 0:
                    items, (_, at) = -items, count.number(at)
                count.take(items)
                for _ in range(items):
                    at = item(count, at if key is None else key(count, at))

        return skip


def _takes_nothing(schema: Any) -> bool:
    """Whether an item may take no byte; a name that is not looked into may."""
    if isinstance(schema, list):
        return False
    if isinstance(schema, dict):
        kind = schema["type"]
        if kind == "record":
            return all(_takes_nothing(field["type"]) for field in schema["fields"])
        return bool(kind == "fixed" and not schema["size"]) or _takes_nothing(kind)
    return schema not in _VARINTS | _LENGTHS | {"boolean", "float", "double", "array", "map"}


def _union(branches: list[_Skip]) -> _Skip:
    def skip(count: _Count, at: int) -> int:
        branch, at = count.number(at)
        if branch < 0:
            raise ValueError("no such branch")
        return branches[branch](count, at)

    return skip


def _bytes(size: int) -> _Skip:
    return lambda _, at: at + size


def _number(count: _Count, at: int) -> int:
    return count.number(at)[1]


def _text(count: _Count, at: int) -> int:
    length, at = count.number(at)
    if length < 0 or at + length > len(count.value):
        raise ValueError("a text that does not end")
    return at + length
