"""A database of a test's own, beside the stack's, migrated and empty."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import uuid4

import asyncpg

from onebox.testing import Stack
from storage.migrate import migrate


@asynccontextmanager
async def fresh_database(stack: Stack) -> AsyncIterator[str]:
    """Its URL; dropped at the end, whoever is still connected."""
    name = f"test_{uuid4().hex}"
    owner = await asyncpg.connect(stack.database_url)
    try:
        await owner.execute(f'create database "{name}"')
        url = stack.database_url.rpartition("/")[0] + f"/{name}"
        await migrate(url)
        yield url
    finally:
        await owner.execute(f'drop database if exists "{name}" with (force)')
        await owner.close()
