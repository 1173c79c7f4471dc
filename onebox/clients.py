"""The supervisor's questions to the database, as its owner."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import asyncpg

from onebox.postgres import DATABASE
from storage.handles import Connection


async def make_database(owner_url: str, name: str = DATABASE) -> None:
    """Create the database if it is missing; `owner_url` points at another one."""
    connection: Connection = await asyncpg.connect(owner_url)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()


async def answers(database_url: str) -> bool:
    """Whether a `select 1` succeeds now."""
    return bool(await _value(database_url, "select 1") == 1)


async def database_time(database_url: str) -> datetime:
    """The database's clock; the epoch if it does not answer."""
    now = await _value(database_url, "select now()")
    return now if isinstance(now, datetime) else datetime.fromtimestamp(0, UTC)


_LEADS = """
select 1 from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and granted
  and starts_with(application_name, $1) and backend_start >= $2
limit 1
"""


async def leads(database_url: str, application: str, since: datetime) -> bool:
    """True if a session of this application, opened since then, holds an advisory lock."""
    return bool(await _value(database_url, _LEADS, application, since) == 1)


async def _value(database_url: str, query: str, *arguments: object) -> Any:
    """One value; None if the database does not answer."""
    try:
        connection: Connection = await asyncpg.connect(database_url, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return None
    try:
        return await connection.fetchval(query, *arguments, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return None
    finally:
        connection.terminate()
