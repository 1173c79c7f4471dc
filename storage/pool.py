"""The connection pool: time-outs that keep a paused process from holding locks."""

from __future__ import annotations

from typing import Any

import asyncpg
import orjson

#: A worker stopped in mid-transaction must not hold the fence's row for longer.
IDLE_IN_TRANSACTION_MS = 10_000
LOCK_TIMEOUT_MS = 30_000
#: What the client raises where PostgreSQL is away, starting, stopping or overloaded; beside these
#: the network's own errors.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.QueryCanceledError,
)


def application_name(application: str) -> str:
    """What the database calls our sessions."""
    return f"casebus-{application}"


async def open_pool(
    database_url: str, *, application: str, most: int = 8
) -> asyncpg.Pool[asyncpg.Record]:
    """A pool whose connections read and write jsonb as Python values."""
    return await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=most,
        init=_prepare,
        server_settings={
            "application_name": application_name(application),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "timezone": "UTC",
        },
    )


async def _prepare(connection: Any) -> None:
    # Binary, because COPY knows no other format.
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )


def _to_jsonb(value: Any) -> bytes:
    """PostgreSQL's binary jsonb: a version byte, then the text; bytes are such a text already."""
    return b"\x01" + (value if type(value) is bytes else orjson.dumps(value, default=str))


def _from_jsonb(raw: bytes) -> Any:
    return orjson.loads(raw[1:])
