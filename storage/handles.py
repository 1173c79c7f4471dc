"""Typed handles of the database, asyncpg's own. Each function asks for the least it needs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Protocol, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Row: TypeAlias = asyncpg.Record
#: One session: its statements can share one transaction.
Connection: TypeAlias = "asyncpg.Connection[Row] | PoolConnectionProxy[Row]"
Pool: TypeAlias = "asyncpg.Pool[Row]"


class Handle(Protocol):
    """Anything that reads: a connection, a pool, or something that wraps one."""

    async def fetch(self, query: str, /, *args: Any, timeout: float | None = None) -> list[Row]: ...

    async def fetchrow(
        self, query: str, /, *args: Any, timeout: float | None = None
    ) -> Row | None: ...

    async def fetchval(self, query: str, /, *args: Any, timeout: float | None = None) -> Any: ...


class WriteHandle(Handle, Protocol):
    """A connection or a pool: each statement stands alone or in the caller's transaction."""

    async def execute(self, query: str, /, *args: Any, timeout: float | None = None) -> str: ...

    async def executemany(
        self, query: str, args: Iterable[Sequence[Any]], /, *, timeout: float | None = None
    ) -> None: ...


class PoolHandle(Handle, Protocol):
    """A pool, or something that wraps one: it lends a session."""

    def acquire(
        self, *, timeout: float | None = None
    ) -> AbstractAsyncContextManager[Connection]: ...


def sole(row: Row | None) -> Row:
    """The row of a query that always gives one."""
    if row is None:
        raise LookupError("the query gave no row")
    return row
