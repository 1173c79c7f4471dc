"""The common part of questions across cases: possible news, and who may know of two cases."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from casebus.sql import composed
from storage.handles import Connection, Pool, Row
from storage.queries import load

_SQL = load("across")
_PAGE = 500
_FIRST = UUID(int=0)


@dataclass(frozen=True, slots=True)
class ChangeNotes:
    """A table of `derived` in which triggers note possible news, in these columns."""

    table: str
    columns: tuple[str, ...]

    async def is_any(self, db: Connection | Pool) -> bool:
        query = composed("select exists (select from derived.{table})", table=self.table)
        return bool(await db.fetchval(query))

    async def take(self, connection: Connection, limit: int) -> list[tuple[Any, ...]]:
        """Take the first `limit` notes, each thing once; the caller's transaction keeps it."""
        query = composed(
            """
            with taken as (
                delete from derived.{table}
                where id in (
                    select id from derived.{table} order by id limit $1 for update skip locked
                )
                returning {columns}
            )
            select distinct {columns} from taken order by {columns}
            """,
            table=self.table,
            columns=self.columns,
        )
        return [tuple(row) for row in await connection.fetch(query, limit)]


@dataclass(frozen=True, slots=True)
class Untold:
    """Two cases, of which one may not be told of the other, and the agencies that may know both."""

    #: The case in which they are asked, and the one that is not named there.
    stream: UUID
    other: UUID
    #: The agency to which the other case belongs.
    agency: str
    holders: tuple[str, ...]


async def untold(
    connection: Connection, pairs: str, *values: Any, kind: str, word: str, limit: int
) -> list[Untold]:
    """The `pairs` (a query with `values`) about which nobody was asked before.

    A question is known by its kind, the word and the other case.
    """
    query = _SQL["untold"].format(pairs=pairs)
    rows = await connection.fetch(query, kind, word, limit, *values)
    return [
        Untold(row["stream"], row["other"], row["agency"], tuple(row["holders"])) for row in rows
    ]


async def pages(connection: Connection, query: str, *values: Any) -> AsyncIterator[list[Row]]:
    """All rows of a query by their streams.

    Its last values are the place to start after, and the limit.
    """
    after = _FIRST
    while True:
        rows: list[Row] = await connection.fetch(query, *values, after, _PAGE)
        yield rows
        if len(rows) < _PAGE:
            return
        after = rows[-1]["stream"]
