"""The connection pool: time-outs that keep a paused process from holding locks."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import asyncpg
import orjson

from storage.handles import Connection

#: A worker stopped in mid-transaction must not hold the fence's row for longer.
IDLE_IN_TRANSACTION_MS = 10_000
LOCK_TIMEOUT_MS = 30_000
#: The client's errors while PostgreSQL is away, starting, stopping or overloaded. The network's own
#: errors are caught beside these.
AWAY = (
    asyncpg.PostgresConnectionError,
    asyncpg.OperatorInterventionError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InterfaceError,
    asyncpg.QueryCanceledError,
)


#: For callers that find rows by their keys, a few at a time and many times a second. PostgreSQL
#: would plan such a query again for each list of keys, which takes longer than the answer. A plan
#: that it keeps, made while the tables are small, would read them whole. So there is one plan, by
#: the index.
BY_KEY = {
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "jit": "off",
}


def application_name(application: str) -> str:
    """The name of our sessions in the database."""
    return f"casebus-{application}"


class Plain(asyncpg.Connection):
    """A pooled session without a reset: a reset cost a round trip for each statement.

    Nobody changes the session beyond a transaction: no `set` but `set local`, no advisory lock but
    a transaction's, no listener. A caller that needs more has its own session.
    """

    def get_reset_query(self) -> str:
        return ""


async def open_pool(
    database_url: str,
    *,
    application: str,
    most: int = 8,
    planning: Mapping[str, str] = MappingProxyType({}),
) -> asyncpg.Pool[asyncpg.Record]:
    """A pool whose connections read and write jsonb as Python values.

    `planning` are settings of PostgreSQL's planner, such as `BY_KEY`.
    """
    return await asyncpg.create_pool(
        database_url,
        min_size=1,
        max_size=most,
        connection_class=Plain,
        init=_prepare,
        server_settings={
            "application_name": application_name(application),
            "idle_in_transaction_session_timeout": str(IDLE_IN_TRANSACTION_MS),
            "lock_timeout": str(LOCK_TIMEOUT_MS),
            "timezone": "UTC",
            **planning,
        },
    )


async def _prepare(connection: Connection) -> None:
    # Binary, because COPY knows no other format.
    await connection.set_type_codec(
        "jsonb", schema="pg_catalog", encoder=_to_jsonb, decoder=_from_jsonb, format="binary"
    )


def _to_jsonb(value: Any) -> bytes:
    """PostgreSQL's binary jsonb: a version byte, then the text; bytes are such a text already."""
    return b"\x01" + (value if type(value) is bytes else orjson.dumps(value, default=str))


def _from_jsonb(raw: bytes) -> Any:
    return orjson.loads(raw[1:])
