"""A database of a test's own, beside the stack's, migrated and empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import asyncpg

from onebox.testing import Stack
from storage.migrate import migrate

#: Migrated once a server, under a name that the copied one has only when it is whole.
_MODEL, _BEGUN = "test_model", "test_model_begun"


@asynccontextmanager
async def fresh_database(stack: Stack) -> AsyncIterator[str]:
    """The URL of a new database. It is dropped at the end, even if somebody is still connected."""
    name = f"test_{uuid4().hex}"
    owner = await asyncpg.connect(stack.database_url)
    try:
        await _make_model(owner, stack)
        await owner.execute(f'create database "{name}" template {_MODEL}')
        yield _url(stack, name)
    finally:
        await owner.execute(f'drop database if exists "{name}" with (force)')
        await owner.close()


async def _make_model(owner: Any, stack: Stack) -> None:
    if await owner.fetchval("select 1 from pg_database where datname = $1", _MODEL):
        return
    await owner.execute(f"drop database if exists {_BEGUN} with (force)")
    await owner.execute(f"create database {_BEGUN}")
    await migrate(_url(stack, _BEGUN))
    await owner.execute(f"alter database {_BEGUN} rename to {_MODEL}")


def _url(stack: Stack, name: str) -> str:
    return f"{stack.database_url.rpartition('/')[0]}/{name}"
