"""Takes the place of a pool or a connection, in memory."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

from storage.fakes.tables import ANSWERS, Tables
from storage.handles import Connection, Pool


class MemoryRow:
    """A row as asyncpg gives it: by name, by place, or its values one by one."""

    def __init__(self, columns: Mapping[str, Any]) -> None:
        self._columns = dict(columns)

    def __getitem__(self, which: str | int) -> Any:
        return self._columns[which] if isinstance(which, str) else [*self._columns.values()][which]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._columns.values())

    def __len__(self) -> int:
        return len(self._columns)

    def __contains__(self, name: object) -> bool:
        return name in self._columns

    def keys(self) -> Iterable[str]:
        return self._columns.keys()

    def values(self) -> Iterable[Any]:
        return self._columns.values()

    def items(self) -> Iterable[tuple[str, Any]]:
        return self._columns.items()

    def get(self, name: str, default: Any = None) -> Any:
        return self._columns.get(name, default)


class MemoryDatabase:
    """Pool and connection in one."""

    def __init__(self) -> None:
        self.tables = Tables()

    @property
    def pool(self) -> Pool:
        return cast("Pool", self)

    @property
    def connection(self) -> Connection:
        return cast("Connection", self)

    async def fetch(self, query: str, /, *args: Any, **_: Any) -> list[Any]:
        return [MemoryRow(line) for line in self._answered(query, args)]

    async def fetchrow(self, query: str, /, *args: Any, **_: Any) -> Any:
        return next(iter(await self.fetch(query, *args)), None)

    async def fetchval(self, query: str, /, *args: Any, **_: Any) -> Any:
        row = await self.fetchrow(query, *args)
        return None if row is None else row[0]

    async def execute(self, query: str, /, *args: Any, **_: Any) -> str:
        self._answered(query, args)
        return ""

    async def executemany(self, query: str, args: Iterable[Sequence[Any]], **_: Any) -> None:
        for one in args:
            self._answered(query, one)

    async def copy_records_to_table(
        self,
        table: str,
        *,
        schema_name: str,
        columns: Sequence[str],
        records: Iterable[Sequence[Any]],
        **_: Any,
    ) -> str:
        for record in records:
            row = dict(zip(columns, record, strict=True))
            self.tables.copy_in(f"{schema_name}.{table}", row)
        return ""

    async def add_listener(self, channel: str, callback: Any) -> None:
        """Does nothing: a listener looks again after a while anyway."""

    @asynccontextmanager
    async def acquire(self, **_: Any) -> AsyncIterator[MemoryDatabase]:
        yield self

    @asynccontextmanager
    async def transaction(self, **_: Any) -> AsyncIterator[None]:
        """If it fails inside, nothing stays."""
        saved = self.tables.saved()
        try:
            yield
        except BaseException:
            self.tables.restore(saved)
            raise

    async def close(self) -> None: ...

    def _answered(self, query: str, args: Sequence[Any]) -> list[Mapping[str, Any]]:
        answer = ANSWERS.get(query)
        if answer is None:
            raise NotImplementedError(f"storage.fakes does not answer: {query[:80]}")
        return list(answer(self.tables, *args) or ())
