"""The scheduler as a process: one leads, its heart beats, the directory reaches the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from casebus.events.envelope import Envelope
from casebus.events.topics import JOURNAL, Topics
from onebox.testing import Stack
from services.scheduler.barrier import ADMISSION, Barrier
from services.scheduler.leader import leading
from services.scheduler.offsets import BrokerOffsets
from services.scheduler.standing import STALLED_SECONDS, GroupProgress
from services.transport import Outgoing, Producer
from storage import scheduling
from storage.handles import Connection
from tests.integration.database import fresh_database

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

DIRECTORY, HEARTBEAT, DOOR = "directory", "directory.heartbeat", "events.bus"


class Reader:
    """Reads topics as Kafka's admin."""

    def __init__(self, consumer: Any) -> None:
        self.consumer = consumer

    async def ends(self, topic: str, partitions: int) -> dict[TopicPartition, int]:
        places = [TopicPartition(topic, partition) for partition in range(partitions)]
        ends: dict[TopicPartition, int] = await self.consumer.end_offsets(places)
        return ends

    async def since(self, first: dict[TopicPartition, int]) -> list[Any]:
        """Everything from these offsets to the ends as they are now."""
        self.consumer.assign(list(first))
        for place, offset in first.items():
            self.consumer.seek(place, offset)
        found: list[Any] = []
        for place, end in (await self.consumer.end_offsets(list(first))).items():
            while await self.consumer.position(place) < end:
                found += (await self.consumer.getmany(place, timeout_ms=500)).get(place, ())
        return found


@pytest.fixture
async def reader(brokers: Stack) -> AsyncIterator[Reader]:
    consumer = AIOKafkaConsumer(**brokers.settings("admin").kafka_client())
    await consumer.start()
    yield Reader(consumer)
    await consumer.stop()


@pytest.fixture
async def database(brokers: Stack) -> AsyncIterator[str]:
    async with fresh_database(brokers) as url:
        yield url


async def until(holds: Callable[[], Awaitable[Any]]) -> Any:
    """What `holds` gives as soon as it is true."""
    async with asyncio.timeout(60):
        while True:
            if found := await holds():
                return found
            await asyncio.sleep(0.1)


async def leader_pid(url: str) -> int | None:
    connection: Connection = await asyncpg.connect(url)
    try:
        pid: int | None = await connection.fetchval(
            "select pid from pg_locks join pg_stat_activity using (pid) where granted"
            " and locktype = 'advisory' and application_name = 'casebus-scheduler-lead'"
            " and datname = current_database()"
        )
        return pid
    finally:
        await connection.close()


async def test_a_second_scheduler_waits_until_the_first_is_gone(
    brokers: Stack, database: str
) -> None:
    settings = brokers.settings("scheduler").model_copy(update={"database_url": database})
    async with AsyncExitStack() as first:
        await first.enter_async_context(leading(settings))
        second = AsyncExitStack()
        waiting = asyncio.create_task(second.enter_async_context(leading(settings)))
        done, _ = await asyncio.wait([waiting], timeout=1.0)
        assert not done
        await first.aclose()
        await waiting
        await second.aclose()


async def test_losing_the_session_ends_the_leader(brokers: Stack, database: str) -> None:
    settings = brokers.settings("scheduler").model_copy(update={"database_url": database})
    async with leading(settings) as leadership:
        watching = asyncio.create_task(leadership.watch())
        connection = await asyncpg.connect(database)
        await connection.execute("select pg_terminate_backend($1)", await leader_pid(database))
        with pytest.raises(Exception, match="lead_lost"):
            await asyncio.wait_for(watching, 20)
        await connection.close()


async def test_the_process_beats_copies_the_directory_and_is_followed_by_another(
    brokers: Stack, database: str, reader: Reader
) -> None:
    [entries] = (await reader.ends(DIRECTORY, 1)).values()
    beats, doors = await reader.ends(HEARTBEAT, 1), await reader.ends(DOOR, 4)
    assert entries > 0
    env = {"CASEBUS_DATABASE_URL": database}
    connection: Connection = await asyncpg.connect(database)
    with brokers.another("scheduler", env) as first:
        async with asyncio.timeout(60):
            lead = await until(lambda: leader_pid(database))
            await until(lambda: _beating(connection, "unsent"))
            beat = await until(lambda: reader.since(beats))
        assert beat[-1].value == str(entries).encode()
        await until(lambda: _copied(connection, entries))
        with brokers.another("scheduler", env):
            first.kill()
            first.wait()
            await until(lambda: _another_leads(database, lead))
    copies = await reader.since(doors)
    await connection.close()
    original = {one.value for one in await reader.since({TopicPartition(DIRECTORY, 0): 0})}
    directory = [
        one
        for one in copies
        if Envelope.from_headers(one.headers).type.startswith("casebus.directory.")
    ]
    assert {one.value for one in directory} == original
    # One process after the other copied each entry once: the place is remembered.
    assert len(directory) == entries
    assert all(one.key.decode() == Envelope.from_headers(one.headers).subject for one in directory)


async def _beating(connection: Connection, word: str) -> bool:
    detail = await connection.fetchval(
        "select detail::text from own.heartbeat where service = 'scheduler'"
    )
    return detail is not None and word in detail


async def _copied(connection: Connection, entries: int) -> bool:
    return await scheduling.directory_copied(connection) == entries


async def _another_leads(url: str, before: int) -> bool:
    return await leader_pid(url) not in (None, before)


async def test_the_barrier_sees_commits_and_ends_with_the_scheduler_s_own_rights(
    brokers: Stack, database: str
) -> None:
    settings = brokers.settings("scheduler")
    connection: Connection = await asyncpg.connect(database)
    await connection.execute(
        "insert into derived.journal_position (epoch, partition) values (1, 0)"
    )
    doors = Topics.load(settings.schemas_dir).followed(ADMISSION)
    own = "events.administrative.cn-330106-amr"
    async with (
        Producer(settings, client_id="scheduler") as producer,
        BrokerOffsets(settings, producer) as offsets,
        Producer(brokers.settings("admin"), client_id="test") as admin,
    ):
        await producer.send([Outgoing(own, 2, b"k", b"v", [])])
        await admin.send([Outgoing(JOURNAL, 0, b"k", b"v", [])])
        barrier = Barrier(offsets, lambda some: scheduling.journal_offsets(connection, some), doors)
        ends = await offsets.ends(await offsets.places(doors))
        assert TopicPartition(own, 2) in ends
        journal = await offsets.ends([TopicPartition(JOURNAL, 0)])
        passing = asyncio.create_task(barrier.passed([0]))
        assert await _waits(passing)
        await _commit(brokers, ends)
        assert await _waits(passing)
        await connection.execute(
            "update derived.journal_position set next_offset = $1",
            journal[TopicPartition(JOURNAL, 0)],
        )
        await asyncio.wait_for(passing, 20)
    await connection.close()


async def test_every_topic_that_a_worker_consumes_is_watched_with_the_scheduler_s_own_rights(
    brokers: Stack,
) -> None:
    """Nobody consumes here: where a record waits, its group stands still."""
    settings, seconds = brokers.settings("scheduler"), 0.0
    watched = Topics.load(settings.schemas_dir).watched("scheduler")
    async with (
        Producer(settings, client_id="scheduler") as producer,
        BrokerOffsets(settings, producer) as offsets,
        Producer(brokers.settings("admin"), client_id="test") as admin,
    ):
        standing = GroupProgress(offsets, watched, lambda: seconds)
        places = [
            (group, topic)
            for group, topics in watched.items()
            for topic in {place.topic for place in await offsets.places(topics)}
        ]
        await admin.send(
            [Outgoing(topic, 1, b"k", b"v", []) for topic in {topic for _, topic in places}]
        )
        await standing.look()
        seconds += STALLED_SECONDS
        await standing.look()
        assert {("casework", "rejected"), ("intake", "inbox.court")} <= set(places)
        assert ("admission", "events.administrative.cn-330106-amr") in places
        assert set(standing.stalled()) >= {f"{group} {topic}/1" for group, topic in places}


async def _waits(task: asyncio.Task[float]) -> bool:
    done, _ = await asyncio.wait([task], timeout=1.0)
    return not done


async def _commit(brokers: Stack, offsets: dict[TopicPartition, int]) -> None:
    """As admission does when it has judged everything."""
    consumer = AIOKafkaConsumer(
        group_id=ADMISSION,
        enable_auto_commit=False,
        **brokers.settings("admission").kafka_client(),
    )
    await consumer.start()
    consumer.assign(list(offsets))
    await consumer.commit(offsets)
    await consumer.stop()
