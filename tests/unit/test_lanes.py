"""Partitions take turns: what waits behind one holds up no other."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

from aiokafka import TopicPartition

from casebus.polling import until
from services.casework.worker import open_casework
from services.transport import Worker
from services.transport.agent import BatchApp
from services.transport.lanes import Lanes


async def until_done(done: list[str], count: int) -> None:
    await until(lambda: len(done) >= count, 0)


async def test_a_flooded_place_makes_the_others_wait_for_one_of_its_items():
    done: list[str] = []

    async def handle(item: str) -> None:
        await asyncio.sleep(0)
        done.append(item)

    lanes = Lanes(1, handle)
    for at in range(20):
        lanes.put("flooded", f"garbage {at}")
    for place in ("police", "court"):
        lanes.put(place, place)
    await until_done(done, 22)
    assert done[:3] == ["garbage 0", "police", "court"]
    assert done[3:] == [f"garbage {at}" for at in range(1, 20)]


async def test_a_place_is_handled_in_order_and_never_twice_at_once():
    done: list[str] = []
    under_way = most = 0

    async def handle(item: str) -> None:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        done.append(item)

    lanes = Lanes(4, handle)
    for at in range(9):
        lanes.put("one", str(at))
    await until_done(done, 9)
    assert (done, most) == ([str(at) for at in range(9)], 1)


async def test_as_many_places_as_there_are_lanes_are_handled_at_once():
    gate, started = asyncio.Event(), list[str]()

    async def handle(item: str) -> None:
        started.append(item)
        await gate.wait()

    lanes = Lanes(2, handle)
    for place in "abc":
        lanes.put(place, place)
    for _ in range(5):
        await asyncio.sleep(0)
    assert started == ["a", "b"]
    gate.set()
    await until_done(started, 3)
    lanes.stop()


async def test_a_flooded_topic_keeps_no_lane_from_another():
    done: list[str] = []

    async def finish(_: Any, event: Any) -> None:
        if event.message.tp.topic == "rejected":
            await asyncio.Event().wait()
        done.append(event.message.tp.topic)

    worker = Worker("casework", ("case.journal", "rejected"), open_casework, lanes=1)
    app: Any = SimpleNamespace(worker=worker, _finish=finish)
    handling = asyncio.create_task(BatchApp.consume(app, Stream("rejected", "case.journal")))
    await until_done(done, 1)
    handling.cancel()
    assert done == ["case.journal"]


class Stream:
    """What an agent reads: an event of each topic, and no end."""

    def __init__(self, *topics: str) -> None:
        self._topics = topics

    def noack(self) -> Stream:
        return self

    async def events(self) -> AsyncIterator[Any]:
        for topic in self._topics:
            yield SimpleNamespace(message=SimpleNamespace(tp=TopicPartition(topic, 0)))
        await asyncio.Event().wait()
