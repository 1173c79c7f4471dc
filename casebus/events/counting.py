"""Counts the array and map items of a value without building any of them.

A reader that builds them is at their mercy. A megabyte holds half a million empty texts, and more
without bound if an item takes no bytes at all. The count stops at the first item too many. So it
costs no more for the worst value than for the longest allowed one.
"""

from __future__ import annotations

from collections.abc import Callable

from casebus.events.avro_types import (
    NULL,
    ArrayType,
    AvroType,
    EnumType,
    FixedType,
    MapType,
    PlainType,
    RecordType,
    UnionType,
)

#: The most array and map items in one value, over all its arrays: a long annex has some hundreds.
MOST_ITEMS = 10_000

_FIXED_SIZES = {"null": 0, "boolean": 1, "float": 4, "double": 8}
_VARINTS = frozenset({"int", "long", "enum"})
_MORE, _BITS, _LONGEST_VARINT = 0x80, 0x7F, 10

#: Returns the place after the value that begins at a place.
_Skip = Callable[["_Count", int], int]


class TooManyError(Exception):
    """More items than `most`."""


class _Count:
    """The bytes, and the number of items that may still come."""

    __slots__ = ("left", "value")

    def __init__(self, value: bytes, most: int) -> None:
        self.value, self.left = value, most

    def take(self, items: int) -> None:
        self.left -= items
        if self.left < 0:
            raise TooManyError

    def number(self, at: int) -> tuple[int, int]:
        """A zigzag number and the place after it; IndexError if the bytes end."""
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
    """Counts by the schema that wrote the value."""

    def __init__(self, schema: AvroType) -> None:
        self._records: dict[RecordType, _Skip] = {}
        #: The fewest bytes of an item; 0 if it may take none.
        self._least = 1
        self._skip = self._of(schema)

    def check(self, value: bytes, at: int, most: int = MOST_ITEMS) -> None:
        """Raise TooManyError if the value from `at` on has more than `most` items.

        The reader refuses a value that is cut off or does not fit the schema. A value too short to
        hold so many is skipped.
        """
        if self._least and len(value) - at <= most:
            return
        try:
            self._skip(_Count(value, most), at)
        except (IndexError, ValueError, RecursionError):
            return

    def _of(self, kind: AvroType) -> _Skip:
        match kind:
            case RecordType():
                return self._records.get(kind) or self._record(kind)
            case ArrayType():
                if _takes_nothing(kind.items):
                    self._least = 0
                return _blocks(self._of(kind.items), None)
            case MapType():
                return _blocks(self._of(kind.values), _text)
            case UnionType():
                return _union([self._of(one) for one in kind.written])
        return _of_no_parts(kind)

    def _record(self, record: RecordType) -> _Skip:
        fields: list[_Skip] = []

        def skip(count: _Count, at: int) -> int:
            for field in fields:
                at = field(count, at)
            return at

        # Before its fields: a record may hold itself.
        self._records[record] = skip
        fields += (self._of(field.type) for field in record.fields.values())
        return skip


def _of_no_parts(kind: PlainType | FixedType | EnumType) -> _Skip:
    if isinstance(kind, FixedType):
        return _bytes(kind.size)
    if kind.kind in _FIXED_SIZES:
        return _bytes(_FIXED_SIZES[kind.kind])
    return _number if kind.kind in _VARINTS else _text


def _blocks(item: _Skip, key: _Skip | None) -> _Skip:
    """Items in blocks, each with its count; a negative one is followed by the block's bytes."""

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


def _takes_nothing(kind: AvroType, within: tuple[RecordType, ...] = ()) -> bool:
    """Whether an item may take no byte."""
    match kind:
        case RecordType():
            inner = (*within, kind)
            types = (field.type for field in kind.fields.values())
            return kind in within or all(_takes_nothing(one, inner) for one in types)
        case FixedType():
            return kind.size == 0
    return kind is NULL


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
