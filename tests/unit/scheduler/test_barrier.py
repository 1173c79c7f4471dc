from __future__ import annotations

import asyncio
from collections.abc import Iterable

from aiokafka import TopicPartition

from casebus.events.topics import JOURNAL
from services.scheduler.barrier import ADMISSION, Barrier

DOOR = TopicPartition("events.police", 0)
OTHER_DOOR = TopicPartition("events.court", 1)


def journal(partition: int) -> TopicPartition:
    return TopicPartition(JOURNAL, partition)


class Broker:
    """Offsets that the test moves; remembers what it was asked, in order."""

    def __init__(self) -> None:
        self.end: dict[TopicPartition, int] = {}
        self.commits: dict[TopicPartition, int] = {}
        self.recorded: dict[int, int] = {}
        self.asked: list[str] = []

    async def places(self, topics: Iterable[str]) -> list[TopicPartition]:
        assert list(topics) == ["events.police", "events.court"]
        return [DOOR, OTHER_DOOR]

    async def ends(self, places: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        wanted = set(places)
        self.asked.append("journal" if any(it.topic == JOURNAL for it in wanted) else "doors")
        return {place: end for place, end in self.end.items() if place in wanted}

    async def committed(self, group: str) -> dict[TopicPartition, int]:
        assert group == ADMISSION
        return dict(self.commits)

    async def casework(self, partitions: Iterable[int]) -> dict[int, int]:
        wanted = set(partitions)
        return {partition: at for partition, at in self.recorded.items() if partition in wanted}

    def barrier(self) -> Barrier:
        return Barrier(self, self.casework, ["events.police", "events.court"])


async def still_waits(task: asyncio.Task[float]) -> bool:
    done, _ = await asyncio.wait([task], timeout=0.3)
    return not done


async def test_it_waits_for_every_door_then_for_the_case_s_partition_of_the_journal() -> None:
    broker = Broker()
    broker.end = {DOOR: 5, OTHER_DOOR: 2, journal(3): 9, journal(0): 100}
    broker.commits = {DOOR: 5, OTHER_DOOR: 1}
    task = asyncio.create_task(broker.barrier().passed([3]))
    assert await still_waits(task)
    assert broker.asked == ["doors"]

    broker.commits[OTHER_DOOR] = 2
    broker.recorded = {3: 8}
    assert await still_waits(task)
    assert broker.asked == ["doors", "journal"]

    broker.recorded = {3: 9}
    await task


async def test_what_arrives_after_it_began_does_not_hold_it_up() -> None:
    broker = Broker()
    broker.end = {DOOR: 5}
    broker.commits = {DOOR: 4}
    task = asyncio.create_task(broker.barrier().passed([0]))
    assert await still_waits(task)
    broker.end = {DOOR: 50}
    broker.commits = {DOOR: 5}
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


async def test_for_all_cases_it_waits_until_what_was_stored_is_sent_and_only_then_reads_ends() -> (
    None
):
    broker, sent = Broker(), asyncio.Event()
    broker.end, broker.commits = {DOOR: 5}, {DOOR: 5}

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
    broker.commits = {DOOR: 6}
    await task
