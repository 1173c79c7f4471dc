"""The database as one request reads it: it notes each case about which the request got rows.

So no route can forget its row in the access log. Every row that names a stream counts as a look at
it, unless the route says that it did not show the row.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import UUID

from casebus.rows import RowLike
from storage.handles import Connection, PoolHandle, Row


class Looking:
    """A pool, or a connection, whose rows are noted; writes go past it."""

    def __init__(self, database: PoolHandle) -> None:
        self._database = database
        self._told: dict[int, RowLike] = {}
        self._seen: set[UUID] = set()
        #: The grant under which an operator is shown the content of a case.
        self.break_glass: int | None = None

    async def fetch(self, query: str, /, *values: Any, timeout: float | None = None) -> list[Row]:
        rows = await self._database.fetch(query, *values, timeout=timeout)
        self.note(rows)
        return rows

    async def fetchrow(
        self, query: str, /, *values: Any, timeout: float | None = None
    ) -> Row | None:
        row = await self._database.fetchrow(query, *values, timeout=timeout)
        if row is not None:
            self.note([row])
        return row

    async def fetchval(self, query: str, /, *values: Any, timeout: float | None = None) -> Any:
        return await self._database.fetchval(query, *values, timeout=timeout)

    def acquire(self, *, timeout: float | None = None) -> AbstractAsyncContextManager[Connection]:
        """For figures, which name no case, and for queries with a plan of their own."""
        return self._database.acquire(timeout=timeout)

    def keep_back(self, rows: Iterable[RowLike]) -> None:
        """These rows were read but not shown, such as the row that only proves a next page."""
        for row in rows:
            self._told.pop(id(row), None)

    def look_at(self, stream: UUID | None) -> None:
        """A look at a case whose row holds only its own text."""
        if stream is not None:
            self._seen.add(stream)

    def look_under(self, grant: int, stream: UUID) -> None:
        """An operator reads this case, whatever rows come: the look names the grant."""
        self.break_glass = grant
        self._seen.add(stream)

    @property
    def streams(self) -> frozenset[UUID]:
        return frozenset(row["stream"] for row in self._told.values()) | self._seen

    def note(self, rows: Iterable[RowLike]) -> None:
        """These rows are shown: on an acquired connection, the route says so."""
        # The rows themselves are kept, so that no other row gets the id of one.
        told = (row for row in rows if isinstance(row.get("stream"), UUID))
        self._told.update((id(row), row) for row in told)
