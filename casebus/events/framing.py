"""Headers as one byte string: name and value of each, after its length.

A journal holds few sorts of records, and all records of a sort have the same header names. The part
that depends on the names alone is computed once for each sort.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Generic, NamedTuple, Self, TypeVar

from casebus.events.envelope import Header

_LENGTH = struct.Struct(">I")
#: Lengths of values that are written down beforehand.
_USUAL = 4096
#: A framed header: before the length of its value, that length, before the value, the value.
_PARTS = 4
#: The number of remembered sorts of records, and the most letters in the names of one.
_MOST_SORTS = 1024
_MOST_LETTERS = 2048

T = TypeVar("T")


class _Lengths(dict[int, bytes]):
    def __missing__(self, length: int) -> bytes:
        return _LENGTH.pack(length)


_LENGTHS = _Lengths((length, _LENGTH.pack(length)) for length in range(_USUAL))


class Parted(NamedTuple):
    """Headers with their names apart; the lengths are those of the values, as four bytes each."""

    names: tuple[str, ...]
    values: Sequence[bytes]
    lengths: Sequence[bytes]

    @classmethod
    def of(cls, headers: Iterable[tuple[str, bytes | None]]) -> Self:
        """Kafka's headers; a header without a value gets an empty one."""
        names, values = tuple(zip(*headers, strict=True)) or ((), ())
        if None in values:
            values = tuple(value or b"" for value in values)
        return cls(names, values, [_LENGTHS[len(value)] for value in values])

    def items(self) -> list[Header]:
        return list(zip(self.names, self.values, strict=True))


Headers = Iterable[Header] | Parted


def parted(headers: Headers) -> Parted:
    return headers if isinstance(headers, Parted) else Parted.of(headers)


class Framing:
    """The headers at some places, in that order, for all records with these names."""

    __slots__ = ("_chosen", "_parts", "size")

    def __init__(self, places: Sequence[int], before: Callable[[int], tuple[bytes, bytes]]) -> None:
        """`before` gives the bytes before the length of a value, and those between both."""
        self.size = len(places)
        self._chosen = _chooser(places)
        self._parts: list[bytes] = []
        for place in places:
            first, second = before(place)
            self._parts += (first, b"", second, b"")

    def bytes_of(self, headers: Parted) -> bytes:
        parts = self._parts.copy()
        parts[1::_PARTS] = self._chosen(headers.lengths)
        parts[3::_PARTS] = self._chosen(headers.values)
        return b"".join(parts)


def _chooser(places: Sequence[int]) -> Callable[[Sequence[bytes]], Sequence[bytes]]:
    if len(places) > 1:
        chosen: Callable[[Sequence[bytes]], Sequence[bytes]] = itemgetter(*places)
        return chosen
    return lambda row: [row[place] for place in places]


class Sorts(dict[tuple[str, ...], T], Generic[T]):
    """The result of `make` for the names of headers. Names of strangers fill no memory."""

    def __init__(self, make: Callable[[tuple[str, ...]], T]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, names: tuple[str, ...]) -> T:
        made = self._make(names)
        if len(self) >= _MOST_SORTS:
            self.clear()
        if sum(map(len, names)) <= _MOST_LETTERS:
            self[names] = made
        return made
