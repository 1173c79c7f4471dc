"""How this room reaches the two backends: as Kafka's admin, as the database's owner."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import asyncpg

from casebus.errors import CasebusError
from casebus.settings import Settings
from onebox.postgres import DATABASE

if TYPE_CHECKING:
    from kafka import KafkaAdminClient

REQUEST_MS = 10_000


def open_admin(settings: Settings) -> KafkaAdminClient:
    """Raises a KafkaError where the brokers do not answer or refuse the password."""
    from kafka import KafkaAdminClient  # noqa: PLC0415  0.2 s, while the broker starts anyway

    from casebus.sdk.connection import client_settings  # noqa: PLC0415

    known = KafkaAdminClient.DEFAULT_CONFIG
    options = {name: value for name, value in client_settings(settings).items() if name in known}
    return KafkaAdminClient(**{**options, "request_timeout_ms": REQUEST_MS})


async def make_database(owner_url: str, name: str = DATABASE) -> None:
    """Create the database where it is missing; `owner_url` points at another one."""
    connection: Any = await asyncpg.connect(owner_url)
    try:
        if not await connection.fetchval("select 1 from pg_database where datname = $1", name):
            await connection.execute(f'create database "{name}"')
    finally:
        await connection.close()


async def answers(database_url: str) -> bool:
    """Whether a `select 1` succeeds now."""
    try:
        connection: Any = await asyncpg.connect(database_url, timeout=2)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
        return False
    try:
        return bool(await connection.fetchval("select 1") == 1)
    finally:
        await connection.close()


def unreachable(what: str, address: str) -> CasebusError:
    return CasebusError(f"{what}_unreachable", f"{address} does not answer")


_HELD = """
select 1 from pg_locks join pg_stat_activity using (pid)
where locktype = 'advisory' and granted and application_name = $1 limit 1
"""


async def holds_advisory_lock(database_url: str, application: str) -> bool:
    """Whether some connection of this application holds an advisory lock."""
    try:
        connection: Any = await asyncpg.connect(database_url, timeout=2)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    try:
        return bool(await connection.fetchval(_HELD, application))
    finally:
        await connection.close()
