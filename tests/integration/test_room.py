"""A fat stream on real tables: its room is the same live, after a restart and in a rebuild."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.cases.room import Rooms
from casebus.events.envelope import Record
from onebox.testing import Stack
from storage import rejects
from storage.handles import Connection
from tests.integration.casework import Casework, casework_on

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
STRANGER = "cn-330100-amr"
FLOOD = 40


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        casework.rooms = Rooms.parse("rooms: [{from: '2000-01-01T00:00:00+08:00', room: 12}]")
        casework.restart()
        yield casework


def noted(casework: Casework, stream: str, source: str, count: int = 1) -> list[Record]:
    return [
        casework.world.event("case.noted", source, stream=stream, legal="2026-03-05")
        for _ in range(count)
    ]


def sent(casework: Casework, stream: str) -> Record:
    return casework.world.event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-05")


async def everything(casework: Casework) -> list[Any]:
    left = await casework.rows("select * from derived.left_out order by stream, source, id")
    cases = await casework.rows("select stream, digest, status from derived.case_state")
    found = await casework.rows("select key, kind from derived.finding order by key")
    return [*map(tuple, left), *map(tuple, cases), *map(tuple, found)]


async def test_a_flood_is_recorded_and_not_folded_and_its_author_is_told_once(casework):
    stream = str(uuid4())
    await casework(sent(casework, stream))
    for _ in range(4):
        await casework(*noted(casework, stream, STRANGER, FLOOD // 4))
    [recorded] = await casework.rows("select count(*) from derived.event")
    assert recorded["count"] == FLOOD + 1
    left = await casework.rows("select told from derived.left_out")
    assert sorted(row["told"] for row in left) == [False] * (FLOOD - 13) + [True]
    told = [
        one
        for one in await casework.sent_by_the_bus("finding.raised")
        if b"no_room" in (one.value or b"")
    ]
    assert [dict(one.headers)["ce_to"] for one in told] == [STRANGER.encode()]
    # Operators are told whose room it is, and that author; nobody else is.
    [row] = await rejects.left_out(casework.pool, None, 9)
    assert (str(row.stream), row.author, row.events) == (stream, STRANGER, FLOOD - 12)
    assert await rejects.left_out(casework.pool, STRANGER, 9) == [row]
    assert await rejects.left_out(casework.pool, PSB, 9) == []


async def test_the_flood_of_one_leaves_the_others_their_room(casework):
    stream = str(uuid4())
    await casework(sent(casework, stream), *noted(casework, stream, STRANGER, FLOOD))
    filed = casework.world.event(
        "referral.filed", PSB, stream=stream, to=(AMR,), legal="2026-03-05T12:00:00+08:00"
    )
    await casework(filed)
    assert (await casework.case(stream))["status"] == "filed"


async def test_live_restarted_and_rebuilt_leave_out_the_same(casework):
    stream = str(uuid4())
    await casework(sent(casework, stream))
    for at in range(FLOOD // 4):
        await casework(*noted(casework, stream, STRANGER, 2), *noted(casework, stream, AMR, 2))
        if at % 3 == 0:
            casework.restart()
    live = await everything(casework)
    await casework.rebuild()
    assert await everything(casework) == live
    await casework.rebuild(at_once=True)
    assert await everything(casework) == live


async def test_streams_are_restored_before_the_transaction_and_not_in_it(casework, monkeypatch):
    stream = str(uuid4())
    await casework(sent(casework, stream), *noted(casework, stream, AMR, 5))
    casework.restart()
    restored: list[bool] = []
    async with casework.pool.acquire() as connection:
        streams = casework.context.streams
        real = streams._restored

        async def watched(connection: Connection, rows: Any) -> Any:
            restored.append(connection.is_in_transaction())
            return await real(connection, rows)

        monkeypatch.setattr(streams, "_restored", watched)
        await streams.warm(connection, {UUID(stream)})
        assert streams.size(UUID(stream)) == 6
        async with connection.transaction():
            loaded = await streams.load(connection, {UUID(stream)})
    assert len(loaded[UUID(stream)].events) == 6
    assert restored == [False]
