"""The connection pool: time-outs that keep a paused process from holding locks."""

from __future__ import annotations

import json
from typing import Any

import asyncpg

#: A worker stopped in mid-transaction must not hold the fence's row for longer.
IDLE_IN_TRANSACTION_MS = 5_000
LOCK_TIMEOUT_MS = 30_000


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
            "application_name": f"casebus-{application}",
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "timezone": "UTC",
        },
    )


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_json, decoder=json.loads
    )


def _to_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
