"""Rows are looked up by their keys, also by a plan that was made while the tables were empty.

PostgreSQL keeps a plan until it looks at the tables again, a minute or more. In the meantime a plan
that reads them whole takes longer with every event.
"""

from __future__ import annotations

import re

import pytest

from onebox.testing import Stack
from storage.pool import BY_KEY, open_pool
from storage.queries import load
from tests.integration.database import fresh_database

pytestmark = pytest.mark.connected

#: Each act, each receipt, and each look at an event that is not there asks these, in sessions of
#: every kind.
EVERYWHERE = [
    *(("outbox", "enqueue"), ("outbox", "enqueued")),
    *(("gateway", "store_at_once"), ("access", "streams_of")),
]
#: Each batch of casework asks these.
IN_A_BATCH = [
    *(("journal", name) for name in ("known_events", "widen_recipients")),
    *(("cases", name) for name in ("lock_cases", "standing_of", "among", "left_out", "said")),
    *(("cases", name) for name in ("events_of", "shown_cases", "renewing")),
]
_WHOLE = re.compile(r"Seq Scan on (event_\d|journal|case_state|outbox|submission|event_copy)\b")


async def read_whole(
    stack: Stack, asked: list[tuple[str, str]], planning: dict[str, str]
) -> dict[str, set[str]]:
    """The queries whose kept plan reads tables from end to end, and which tables."""
    found = {}
    async with (
        fresh_database(stack) as url,
        await open_pool(url, application="test", most=1, planning=planning) as pool,
        pool.acquire() as connection,
    ):
        await connection.execute("set plan_cache_mode = force_generic_plan")
        for file, name in asked:
            query = load(file)[name].rstrip(";")
            values = ", ".join(["null"] * max(map(int, re.findall(r"\$(\d+)", query))))
            await connection.execute(f"prepare {name} as {query}")
            plan = await connection.fetch(f"explain execute {name}({values})")
            found[name] = {one[1] for row in plan if (one := _WHOLE.search(row[0]))}
    return {name: tables for name, tables in found.items() if tables}


async def test_whether_an_event_is_known_is_looked_up_by_its_key(brokers: Stack) -> None:
    assert await read_whole(brokers, EVERYWHERE, {}) == {}


async def test_what_a_batch_asks_is_looked_up_by_key_in_the_sessions_of_casework(
    brokers: Stack,
) -> None:
    assert await read_whole(brokers, IN_A_BATCH, {}) != {}
    assert await read_whole(brokers, IN_A_BATCH, {**BY_KEY}) == {}
