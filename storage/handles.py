"""Typed handles of the database, asyncpg's own. Each function asks for the least it needs."""

from __future__ import annotations

from typing import Any, Protocol, TypeAlias

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Row: TypeAlias = asyncpg.Record
#: One session: its statements can share one transaction.
Connection: TypeAlias = "asyncpg.Connection[Row] | PoolConnectionProxy[Row]"
Pool: TypeAlias = "asyncpg.Pool[Row]"


class Handle(Protocol):
    """Anything that reads: a connection, a pool, or something that wraps one."""

    async def fetch(self, query: str, /, *args: Any) -> list[Any]: ...

    async def fetchrow(self, query: str, /, *args: Any) -> Any: ...

    async def fetchval(self, query: str, /, *args: Any) -> Any: ...
