"""Schema `derived` under another name, to build it again beside the one that is read.

SQL names `derived` literally. `Beside` is a connection on which that word means `NEXT`. It writes
nothing to `own`: nothing that is derived beside is sent to anybody.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from functools import lru_cache
from typing import Any, cast

import asyncpg
from asyncpg.transaction import Transaction

from casebus.errors import CasebusError
from storage import roles
from storage.handles import Connection, Pool, Row
from storage.migrate import ADVISORY_LOCK, migrations
from storage.queries import load
from storage.renewing import LOCK as RENEWALS

#: The live schema, the one that is built beside it, and the one before the last switch.
LIVE, NEXT, BEFORE = "derived", "derived_next", "derived_before"
#: The tables that migrations make in `own`; they are dropped at once.
_OWN = "own_next"
_NAMED = re.compile(r"\b(derived|own)(?=\.\w)|(?<=schema if not exists )(derived|own)\b")
_WRITES = re.compile(r"\b(?:insert\s+into|update|delete\s+from|truncate)\s+own\.", re.IGNORECASE)
_SQL = load("beside")
#: How long to wait for readers or writers.
PATIENCE_SECONDS = 30.0
_LOOK_SECONDS = 0.05


class Beside:
    """A connection, as far as storage uses one, that reads and writes `NEXT`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def transaction(self) -> Transaction:
        return self._connection.transaction()

    async def execute(self, query: str, *values: Any) -> str:
        return await self._connection.execute(moved(query), *values)

    async def executemany(self, query: str, rows: Iterable[Sequence[Any]]) -> None:
        await self._connection.executemany(moved(query), rows)

    async def fetch(self, query: str, *values: Any) -> list[Row]:
        return await self._connection.fetch(moved(query), *values)

    async def fetchrow(self, query: str, *values: Any) -> Row | None:
        return await self._connection.fetchrow(moved(query), *values)

    async def fetchval(self, query: str, *values: Any) -> Any:
        return await self._connection.fetchval(moved(query), *values)

    async def copy_records_to_table(self, table: str, *, schema_name: str, **given: Any) -> str:
        moved(f"insert into {schema_name}.{table}")
        schema = NEXT if schema_name == LIVE else schema_name
        return await self._connection.copy_records_to_table(table, schema_name=schema, **given)


class BesidePool:
    """A pool of such connections."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    @asynccontextmanager
    async def acquire(self) -> AsyncIterator[Connection]:
        async with self._pool.acquire() as connection:
            # It has of a connection what storage asks of one.
            yield cast("Connection", Beside(connection))


@lru_cache(maxsize=512)
def moved(query: str) -> str:
    """The query about `NEXT`; raises PermissionError if it would write to `own`."""
    if _WRITES.search(query):
        raise PermissionError(f"what is derived beside says nothing: {query}")
    return _NAMED.sub(lambda found: NEXT if found[0] == LIVE else found[0], query)


def moved_migration(text: str) -> str:
    """The migration about `NEXT`, and about an `own` that is dropped at once."""
    return _NAMED.sub(lambda found: NEXT if found[0] == LIVE else _OWN, text)


async def make(connection: Connection) -> None:
    """Make `NEXT`, empty; the remains of a killed run are dropped."""
    async with connection.transaction():
        await connection.execute(f"drop schema if exists {NEXT}, {_OWN} cascade")
        for text in migrations().values():
            await connection.execute(moved_migration(text))
        await connection.execute(f"drop schema {_OWN} cascade")


async def exists(connection: Connection, schema: str) -> bool:
    return bool(await connection.fetchval(_SQL["exists"], schema))


async def left(connection: Connection) -> list[str]:
    """The schemas that a rebuild keeps beside the live one, makes, or left when it was killed."""
    return [name for name in (BEFORE, NEXT) if await exists(connection, name)]


async def drop(connection: Connection, schema: str) -> bool:
    """Drop one of these schemas; True if it existed."""
    was_there = await exists(connection, schema)
    await connection.execute(f"drop schema if exists {schema} cascade")
    return was_there


async def analyze(connection: Connection) -> None:
    """Give the planner statistics of `NEXT` before everybody queries it."""
    tables = await connection.fetch(_SQL["tables"], NEXT)
    await connection.execute("analyze " + ", ".join(f"{NEXT}.{one['name']}" for one in tables))


async def require_this_release(connection: Connection) -> None:
    """Raises CasebusError `migrations_pending` or `release_is_older`."""
    applied = {row["name"] for row in await connection.fetch(_SQL["applied"])}
    if missing := migrations().keys() - applied:
        raise CasebusError(
            "migrations_pending", f"start this release: {', '.join(sorted(missing))}"
        )
    if newer := applied - migrations().keys():
        raise CasebusError("release_is_older", f"a newer one ran here: {', '.join(sorted(newer))}")


async def fence(connection: Connection) -> None:
    """Until the transaction ends, nobody writes to `derived` or migrates it; everybody reads on.

    Casework locks its fence first (design rule 6, the fence). So work that has begun ends before.
    Work that begins later waits here, and then finds the schema with the name of that time. Raises
    CasebusError `fence_held`.
    """
    await connection.execute(f"set local lock_timeout = '{PATIENCE_SECONDS:.0f}s'")
    try:
        await connection.execute("select pg_advisory_xact_lock($1)", ADVISORY_LOCK)
        await connection.execute("lock table derived.journal_position in exclusive mode")
        await connection.execute("select pg_advisory_xact_lock($1)", RENEWALS)
        for table in ("changed_organisation", "changed_right", "case_state"):
            await connection.execute(f"lock table derived.{table} in exclusive mode")
    except asyncpg.LockNotAvailableError as error:
        raise CasebusError("fence_held", "another session holds casework's tables") from error


async def switch(connection: Connection, *, differs: bool) -> None:
    """Let `NEXT` be `derived` from the end of the transaction on; the other one is `BEFORE`."""
    await connection.execute(_SQL["keep_versions"], int(differs))
    for notes in ("organisations", "rights"):
        if not differs:
            # Everything is as before, so only the questions that waited already need to be asked.
            await connection.execute(_SQL[f"forget_{notes}"])
        await connection.execute(_SQL[f"keep_{notes}"])
    await _wait_for_readers(connection)
    await connection.execute(f"alter schema {LIVE} rename to {BEFORE}")
    await connection.execute(f"alter schema {NEXT} rename to {LIVE}")
    # Bodies of functions are text.
    for row in await connection.fetch(_SQL["functions"], LIVE):
        await connection.execute(row["text"].replace(f"{NEXT}.", f"{LIVE}."))
    await roles.grant(connection)


async def _wait_for_readers(connection: Connection) -> None:
    """Wait until nobody reads: a snapshot from before the switch would find the new tables empty.

    It asks again and again and does not queue. A reader of several tables could block a session
    that takes them one after the other, and be blocked by it.
    """
    tables = await connection.fetch(_SQL["tables"], LIVE)
    names = ", ".join(f"{LIVE}.{row['name']}" for row in tables)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            async with connection.transaction():
                await connection.execute(f"lock table {names} in access exclusive mode nowait")
                return
        except asyncpg.LockNotAvailableError as error:
            if time.monotonic() > deadline:
                raise CasebusError("fence_held", "a long reading, as a dump, goes on") from error
        await asyncio.sleep(_LOOK_SECONDS)
