"""The rows of the tables in memory, and the functions that answer named queries by them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any, TypeVar

import asyncpg
import orjson

from storage.queries import load

#: One row: column -> value.
Line = dict[str, Any]
Answer = Callable[..., Iterable[Mapping[str, Any]] | None]
_A = TypeVar("_A", bound=Answer)
#: Text of a query -> the function that answers it.
ANSWERS: dict[str, Answer] = {}
#: Columns of jsonb in every table that has one.
_JSON = frozenset({"view"})
#: Tables into which rows are copied; a second row with the same key is refused.
KEYS: dict[str, tuple[str, ...]] = {
    "derived.journal": ("epoch", "partition", "log_index"),
    "derived.event": ("stream", "source", "id"),
    "derived.event_copy": ("epoch", "partition", "log_index"),
    "derived.work_item": ("key",),
    "derived.fact": ("stream", "source", "id", "revision"),
}


def answers(file: str, *names: str) -> Callable[[_A], _A]:
    """Marks the functions that answer queries of one file below storage/sql."""

    def mark(answer: _A) -> _A:
        ANSWERS.update({load(file)[name]: answer for name in names})
        return answer

    return mark


class Tables:
    """All rows; `now` is the database's clock."""

    def __init__(self) -> None:
        self._rows: dict[str, list[Line]] = {}
        self._numbers = count(1)
        self.now: Callable[[], datetime] = lambda: datetime.now(UTC)
        # The tables that the migrations leave.
        self.add("own.installation", epoch=1, fold_version=3)

    def __getitem__(self, table: str) -> list[Line]:
        return self._rows.setdefault(table, [])

    def __iter__(self) -> Iterator[str]:
        return iter([name for name, rows in self._rows.items() if rows])

    def where(self, table: str, **same: Any) -> list[Line]:
        """The rows with these values."""
        asked = same.items()
        return [row for row in self[table] if all(row.get(name) == value for name, value in asked)]

    def among(self, table: str, column: str, values: Collection[Any]) -> list[Line]:
        wanted = set(values)
        return [row for row in self[table] if row[column] in wanted]

    def add(self, table: str, key: Collection[str] = (), /, **row: Any) -> bool:
        """Add a row, unless one with the same values in the columns of `key` is there."""
        if key and self.where(table, **{name: row[name] for name in key}):
            return False
        self[table].append({name: _kept(name, value) for name, value in row.items()})
        return True

    def put(self, table: str, key: Collection[str], /, **row: Any) -> None:
        """Add a row in the place of the one with the same key."""
        self.drop(table, **{name: row[name] for name in key})
        self.add(table, **row)

    def copy_in(self, table: str, row: Line) -> None:
        key = KEYS.get(table, ("stream", "key") if "key" in row else ())
        if not self.add(table, key, **row):
            raise asyncpg.UniqueViolationError(f"{table}: {[row[name] for name in key]} twice")

    def drop(self, table: str, **same: Any) -> None:
        gone = self.where(table, **same)
        self._rows[table] = [row for row in self[table] if row not in gone]

    def number(self) -> int:
        """The next of an identity column."""
        return next(self._numbers)

    @property
    def epoch(self) -> int:
        return int(self["own.installation"][0]["epoch"])

    def saved(self) -> dict[str, list[Line]]:
        """The rows at this moment, for `restore`."""
        return {table: [dict(row) for row in rows] for table, rows in self._rows.items()}

    def restore(self, saved: dict[str, list[Line]]) -> None:
        self._rows = saved


def lines(names: str, *columns: Collection[Any]) -> list[Line]:
    """Rows given column by column, as a query takes them."""
    return [dict(zip(names.split(), values, strict=True)) for values in zip(*columns, strict=True)]


def _kept(name: str, value: Any) -> Any:
    """In the form in which the database returns it."""
    if name in _JSON and value is not None:
        return orjson.loads(value if isinstance(value, bytes) else orjson.dumps(value, default=str))
    return copy.copy(list(value)) if isinstance(value, tuple) else value
