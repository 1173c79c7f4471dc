"""Schema `own` as it was: kept beside, and put back while the journal and its tables went on."""

from __future__ import annotations

from storage.handles import WriteHandle

_KEPT = "kept"
_TABLES = "select tablename from pg_tables where schemaname = 'own' order by tablename"
_COUNTERS = """
select table_name, column_name from information_schema.columns
where table_schema = 'own' and is_identity = 'YES' order by table_name
"""


async def keep(db: WriteHandle) -> None:
    """A backup of `own`, as of one moment."""
    names = [row["tablename"] for row in await db.fetch(_TABLES)]
    copies = "".join(f"create table {_KEPT}.{one} as table own.{one};" for one in names)
    await db.execute(
        f"begin isolation level repeatable read; drop schema if exists {_KEPT} cascade;"
        f"create schema {_KEPT}; {copies} commit"
    )


async def restore(db: WriteHandle) -> None:
    """Restore the former content of `own`, including counters."""
    for row in await db.fetch(_TABLES):
        name = row["tablename"]
        await db.execute(f"truncate own.{name} restart identity cascade")
        await db.execute(f"insert into own.{name} overriding system value table {_KEPT}.{name}")
    for row in await db.fetch(_COUNTERS):
        table, column = row["table_name"], row["column_name"]
        await db.execute(
            f"select setval(pg_get_serial_sequence('own.{table}', '{column}'),"
            f" (select coalesce(max({column}), 0) + 1 from own.{table}), false)"
        )


async def forget_what_is_derived(db: WriteHandle) -> None:
    """`derived` is empty, as after a restore of `own` alone."""
    rows = await db.fetch("select tablename from pg_tables where schemaname = 'derived'")
    names = ", ".join(f"derived.{row['tablename']}" for row in rows)
    await db.execute(f"truncate {names}")
