"""Schema `own`, table by table, as PostgreSQL's own text: out of one snapshot, and back."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from graphlib import TopologicalSorter
from typing import BinaryIO

import asyncpg

from casebus.sql import composed, quoted
from storage.handles import Connection
from storage.queries import load

OWN = "own"
_SQL = load("dumping")
_TABLES = load("beside")["tables"]


@dataclass(frozen=True, slots=True)
class OwnTable:
    """A table of `own`, and its columns in the order in which its rows are written."""

    name: str
    columns: tuple[str, ...]


@asynccontextmanager
async def snapshot(database_url: str) -> AsyncIterator[Connection]:
    """A connection that reads everything as of one moment."""
    connection: Connection = await asyncpg.connect(database_url)
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    finally:
        await connection.close()


async def tables(connection: Connection) -> list[OwnTable]:
    """All tables, each after the tables that its rows refer to."""
    rows = await connection.fetch(_TABLES, OWN)
    order = TopologicalSorter[str]({row["name"]: () for row in rows})
    for row in await connection.fetch(_SQL["leaning"]):
        order.add(row["table"], row["other"])
    columns = {row["name"]: tuple(row["columns"]) for row in rows}
    return [OwnTable(name, columns[name]) for name in order.static_order()]


async def applied(connection: Connection) -> dict[str, str]:
    """The digest of each migration that made the tables, by its name."""
    return {row["name"]: row["digest"] for row in await connection.fetch(_SQL["applied"])}


async def write(connection: Connection, table: OwnTable, output: BinaryIO) -> int:
    """Write all rows; returns their number."""
    said: str = await connection.copy_from_table(
        table.name, schema_name=OWN, columns=table.columns, output=output
    )
    return int(said.rpartition(" ")[2])


async def has_own(connection: Connection) -> bool:
    return bool(await connection.fetchval(_SQL["has_own"]))


async def empty(connection: Connection, names: Sequence[str]) -> None:
    """Delete the rows that the migrations put into these tables."""
    await connection.execute("truncate " + ", ".join(f"own.{quoted(name)}" for name in names))


async def read(connection: Connection, table: OwnTable, source: BinaryIO) -> None:
    """Read the rows as they were written, including the numbers that the database gave."""
    await connection.copy_to_table(
        table.name, schema_name=OWN, columns=table.columns, source=source
    )


async def go_on_counting(connection: Connection) -> None:
    """Set each table's counter, so that its next number is a new one."""
    for row in await connection.fetch(_SQL["identities"]):
        names = {"column": row["column"], "table": row["table"]}
        greatest = composed("select max({column}) from own.{table}", **names)
        if (last := await connection.fetchval(greatest)) is not None:
            await connection.execute("select setval($1::regclass, $2)", row["sequence"], last)
