"""The typed values: the posted pairs of name and value, by path.

A row exists if any of it was posted. Its marker (`goods.2`) counts too, even if all of the row is
blank; it holds the values with which the row was opened.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import accumulate

#: The most rows of one table, and the most items of one list.
MOST_ROWS = 500
#: The most pairs that a page takes from one form.
MOST_VALUES = 10_000
_ROW = re.compile(r"\.([0-9]{1,6})(?=\.|$)", re.ASCII)

Pair = tuple[str, str]


class Typed:
    """A view on posted pairs."""

    def __init__(self, posted: Iterable[Pair] = ()) -> None:
        self.pairs = tuple(posted)
        self._values: dict[str, list[str]] = defaultdict(list)
        rows: dict[str, set[int]] = defaultdict(set)
        for name, value in self.pairs:
            self._values[name].append(value)
            for found in _ROW.finditer(name):
                rows[name[: found.start()]].add(int(found[1]))
        self._rows = {path: tuple(sorted(found)) for path, found in rows.items()}
        self._said = {
            above
            for name, value in self.pairs
            if value.strip()
            for above in accumulate(name.split("."), "{}.{}".format)
        }

    def one(self, path: str, default: str = "") -> str:
        """The last of them, as a browser posts it; the default if nothing was posted."""
        found = self._values.get(path)
        return found[-1] if found else default

    def all(self, path: str) -> tuple[str, ...]:
        return tuple(self._values.get(path, ()))

    def rows(self, path: str) -> tuple[int, ...]:
        """The numbers of the existing rows; they may have gaps."""
        return self._rows.get(path, ())

    def is_said(self, path: str) -> bool:
        """True if anything but a blank is at or below a path."""
        return path in self._said


def opened_with(marker: str) -> dict[str, str]:
    """The first values of a row, by its marker: path below -> value."""
    return dict(part.split("=", 1) for part in marker.split("&") if "=" in part)


def marker_of(chosen: Iterable[Pair]) -> str:
    return "&".join(f"{name}={value}" for name, value in chosen)
