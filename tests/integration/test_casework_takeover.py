"""Who is given a partition does not wait for a worker that lost it in mid-transaction."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from casebus.events.doors import BUS
from casebus.events.topics import JOURNAL
from onebox.testing import Stack
from services.casework.ahead import ReadAhead
from services.casework.context import CaseworkContext
from services.casework.law_cache import LawCache
from services.casework.streams import Streams
from services.casework.worker import Casework
from services.transport import TopicPartition
from storage.pool import open_pool
from tests.case_events import LAW
from tests.integration.casework import Casework as Table
from tests.integration.database import fresh_database
from tests.world import NOW, SCHEMAS, World

pytestmark = [pytest.mark.connected]

PLACE = TopicPartition(JOURNAL, 0)
HOLD = "select from derived.journal_position where partition = 0 for update"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[tuple[Casework, str]]:
    world = World()
    context = CaseworkContext(
        schemas=SCHEMAS,
        laws=LawCache(LAW),
        directory=world.directory,
        key=world.keys[BUS],
        now=lambda: NOW,
        streams=Streams(SCHEMAS, Table.rooms),
        epoch=1,
    )
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="casework")
        ahead = ReadAhead(brokers.settings("casework"), SCHEMAS, JOURNAL)
        yield Casework(pool, context, ahead), url
        pool.terminate()


async def holding(url: str, application: str) -> Any:
    """A session of that name that holds the fence in an open transaction."""
    session = await asyncpg.connect(url, server_settings={"application_name": application})
    await session.execute("begin")
    await session.execute(HOLD)
    return session


async def sessions(url: str, pid: int) -> int:
    connection = await asyncpg.connect(url)
    try:
        query = "select count(*) from pg_stat_activity where pid = $1"
        return int(await connection.fetchval(query, pid))
    finally:
        await connection.close()


async def test_the_session_of_another_casework_that_holds_the_fence_is_ended(
    casework: tuple[Casework, str],
) -> None:
    worker, url = casework
    assert await worker.on_assigned([PLACE]) == {PLACE: 0}
    stuck = await holding(url, "casebus-casework")
    pid = stuck.get_server_pid()
    assert await worker.on_assigned([PLACE]) == {PLACE: 0}
    assert await sessions(url, pid) == 0


async def test_a_session_of_anybody_else_is_waited_for(casework: tuple[Casework, str]) -> None:
    worker, url = casework
    assert await worker.on_assigned([PLACE]) == {PLACE: 0}
    stranger = await holding(url, "psql")
    taking = asyncio.create_task(worker.on_assigned([PLACE]))
    await asyncio.wait({taking}, timeout=5)
    assert not taking.done()
    await stranger.execute("commit")
    assert await taking == {PLACE: 0}
    await stranger.close()
