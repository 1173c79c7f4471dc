from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest
from aiokafka import TopicPartition

from casebus.events.topics import JOURNAL
from services.scheduler.barrier import ADMISSION, Barrier
from services.scheduler.fakes import MemoryOffsets

DOOR = TopicPartition("events.police", 0)
OTHER_DOOR = TopicPartition("events.court", 1)
DOORS = ("events.court", "events.police")


def journal(partition: int) -> TopicPartition:
    return TopicPartition(JOURNAL, partition)


class Broker(MemoryOffsets):
    """Offsets, and how far casework has recorded."""

    def __init__(self) -> None:
        super().__init__()
        self.recorded: dict[int, int] = {}

    async def casework(self, partitions: Iterable[int]) -> dict[int, int]:
        wanted = set(partitions)
        return {partition: at for partition, at in self.recorded.items() if partition in wanted}

    def barrier(self) -> Barrier:
        return Barrier(self, self.casework, ["events.police", "events.court"])


async def still_waits(task: asyncio.Task[float]) -> bool:
    done, _ = await asyncio.wait([task], timeout=0.3)
    return not done


@pytest.mark.slow
async def test_it_waits_for_every_door_then_for_the_case_s_partition_of_the_journal() -> None:
    broker = Broker()
    broker.end = {DOOR: 5, OTHER_DOOR: 2, journal(3): 9, journal(0): 100}
    broker.done[ADMISSION] = {DOOR: 5, OTHER_DOOR: 1}
    task = asyncio.create_task(broker.barrier().passed([3]))
    assert await still_waits(task)
    assert broker.asked == [DOORS]

    broker.done[ADMISSION][OTHER_DOOR] = 2
    broker.recorded = {3: 8}
    assert await still_waits(task)
    assert broker.asked == [DOORS, (JOURNAL,)]

    broker.recorded = {3: 9}
    await task


async def test_what_arrives_after_it_began_does_not_hold_it_up() -> None:
    broker = Broker()
    broker.end = {DOOR: 5}
    broker.done[ADMISSION] = {DOOR: 4}
    task = asyncio.create_task(broker.barrier().passed([0]))
    assert await still_waits(task)
    broker.end = {DOOR: 50}
    broker.done[ADMISSION] = {DOOR: 5}
    await task


async def test_a_door_that_nobody_ever_used_holds_nobody_up() -> None:
    broker = Broker()
    assert await broker.barrier().passed([0]) >= 0


async def test_a_partition_without_a_commit_holds_everybody_up() -> None:
    broker = Broker()
    broker.end = {DOOR: 1}
    task = asyncio.create_task(broker.barrier().passed([0]))
    assert await still_waits(task)
    task.cancel()


@pytest.mark.slow
async def test_for_all_cases_it_waits_until_what_was_stored_is_sent_and_only_then_reads_ends() -> (
    None
):
    broker, sent = Broker(), asyncio.Event()
    broker.end, broker.done[ADMISSION] = {DOOR: 5}, {DOOR: 5}

    async def until_sent() -> None:
        await sent.wait()

    barrier = Barrier(broker, broker.casework, ["events.police", "events.court"], until_sent)
    task = asyncio.create_task(barrier.passed([0]))
    assert await still_waits(task)
    assert broker.asked == []
    # What was sent meanwhile stands at the door now, and is waited for.
    broker.end = {DOOR: 6}
    sent.set()
    assert await still_waits(task)
    broker.done[ADMISSION] = {DOOR: 6}
    await task
