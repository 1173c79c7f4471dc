"""Applies storage/migrations/*.sql in name order, each once: `python -m storage.migrate`."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Collection
from pathlib import Path

import asyncpg

from casebus.errors import CasebusError
from casebus.settings import Settings
from storage import roles
from storage.handles import Connection

_FOLDER = Path(__file__).parent / "migrations"
#: Any constant: two migrating processes take turns on it.
ADVISORY_LOCK = 0x636173656275
_TABLE = """
create table if not exists public.casebus_migration (
    name text primary key, digest text not null, applied_at timestamptz not null default now())
"""


def migrations() -> dict[str, str]:
    """Every migration's SQL text by file name, in order."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(_FOLDER.glob("*.sql"))}


async def pending(connection: Connection) -> list[str]:
    """Names not applied yet; raises CasebusError `migration_changed` for an edited one."""
    await connection.execute(_TABLE)
    rows = await connection.fetch("select name, digest from public.casebus_migration")
    applied = {row["name"]: row["digest"] for row in rows}
    known = migrations()
    for name, text in known.items():
        if applied.get(name, _digest(text)) != _digest(text):
            raise CasebusError("migration_changed", f"{name} was edited after it was applied")
    return [name for name in known if name not in applied]


async def migrate(database_url: str, only: Collection[str] | None = None) -> list[str]:
    """Bring tables and the services' rights up to date; returns the names applied now.

    `only` stops at the tables of an earlier release, which these migrations make.
    """
    connection = await asyncpg.connect(database_url)
    try:
        await connection.execute("select pg_advisory_lock($1)", ADVISORY_LOCK)
        names = [name for name in await pending(connection) if only is None or name in only]
        texts = migrations()
        # Each is a transaction. Only the last waits for the disk, for all before it.
        await connection.execute("set synchronous_commit = off")
        for name in names:
            if name == names[-1]:
                await connection.execute("reset synchronous_commit")
            await _apply(connection, name, texts[name])
        await connection.execute("reset synchronous_commit")
        async with connection.transaction():
            await roles.grant(connection)
        return names
    finally:
        await connection.close()


async def _apply(connection: asyncpg.Connection[asyncpg.Record], name: str, text: str) -> None:
    async with connection.transaction():
        await connection.execute(text)
        await connection.execute(
            "insert into public.casebus_migration (name, digest) values ($1, $2)",
            name,
            _digest(text),
        )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


if __name__ == "__main__":
    asyncio.run(migrate(Settings().database_url))
