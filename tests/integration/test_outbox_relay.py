"""The outbox relay on real Kafka and PostgreSQL: order, kills, late commits, bad rows."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from casebus.trust.signing import sign
from onebox.testing import Stack
from services.scheduler.relay import Relay
from services.transport import Outgoing, Producer
from storage import outbox
from storage.handles import Connection
from storage.outbox import OutboxRow
from tests.integration.database import fresh_database
from tests.world import SCHEMAS, World, draft

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

DOOR = "events.bus"
TYPE = "finding.raised"
Sent = tuple[str, str, bytes]
"""(stream, event id, value)"""


class KilledError(Exception):
    """What stands for a SIGKILL at the worst moment."""


class DyingProducer:
    """Delivers, and then the process is gone before it could say so."""

    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def partitions(self, topic: str) -> int:
        return await self._producer.partitions(topic)

    async def send(self, outgoing: list[Outgoing]) -> None:
        await self._producer.send(outgoing)
        raise KilledError

    async def renew(self) -> None:
        await self._producer.renew()


class Desk:
    """One database, one producer with the scheduler's rights, one reader of the door."""

    def __init__(self, stack: Stack, url: str, producer: Producer) -> None:
        self.stack, self.url, self.producer = stack, url, producer
        self.world = World()
        self.first: dict[TopicPartition, int] = {}

    async def connect(self) -> Any:
        return await asyncpg.connect(self.url)

    def rows(self, stream: UUID, count: int, topic: str = DOOR, note: str = "") -> list[OutboxRow]:
        drafts = [draft(TYPE, "bus", stream=str(stream), data={"note": note}) for _ in range(count)]
        return [OutboxRow.of(r, topic) for r in sign(drafts, self.world.keys["bus"], SCHEMAS)]

    async def sent(self) -> list[Sent]:
        """What the door took since the test began, partition by partition, in order."""
        consumer = AIOKafkaConsumer(**self.stack.settings("admin").kafka_client())
        await consumer.start()
        try:
            ends = await consumer.end_offsets(list(self.first))
            consumer.assign(list(self.first))
            for place, offset in self.first.items():
                consumer.seek(place, offset)
            found: list[Sent] = []
            for place, end in ends.items():
                while await consumer.position(place) < end:
                    for record in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                        event_id = dict(record.headers)["ce_id"].decode()
                        found.append((record.key.decode(), event_id, record.value))
            return found
        finally:
            await consumer.stop()

    async def note_ends(self) -> None:
        consumer = AIOKafkaConsumer(**self.stack.settings("admin").kafka_client())
        await consumer.start()
        try:
            count = await self.producer.partitions(DOOR)
            self.first = await consumer.end_offsets(
                [TopicPartition(DOOR, partition) for partition in range(count)]
            )
        finally:
            await consumer.stop()


@pytest.fixture
async def desk(brokers: Stack) -> AsyncIterator[Desk]:
    settings = brokers.settings("scheduler")
    async with (
        fresh_database(brokers) as url,
        Producer(settings, client_id="scheduler") as producer,
    ):
        desk = Desk(brokers, url, producer)
        await desk.note_ends()
        yield desk


def first_seen(sent: list[Sent], stream: UUID) -> list[str]:
    return list(dict.fromkeys(event_id for key, event_id, _ in sent if key == str(stream)))


async def drain(relay: Relay) -> None:
    while await relay.send_waiting():
        pass


async def unsent(connection: Connection) -> int:
    return int(await connection.fetchval("select count(*) from own.outbox where sent_at is null"))


async def test_rows_leave_in_row_order_of_each_stream(desk: Desk) -> None:
    streams = [uuid4() for _ in range(5)]
    per_stream = {stream: desk.rows(stream, 300) for stream in streams}
    mixed = [row for turn in zip(*per_stream.values(), strict=True) for row in turn]
    connection = await desk.connect()
    await outbox.enqueue(connection, mixed)

    await drain(Relay(connection, desk.producer))

    sent = await desk.sent()
    for stream, rows in per_stream.items():
        assert [event_id for key, event_id, _ in sent if key == str(stream)] == [
            row.event_id for row in rows
        ]
    assert await unsent(connection) == 0
    await connection.close()


async def test_killed_between_sending_and_marking_it_sends_the_same_bytes_and_marks_once(
    desk: Desk,
) -> None:
    stream = uuid4()
    rows = desk.rows(stream, 50)
    connection = await desk.connect()
    await outbox.enqueue(connection, rows)
    with pytest.raises(KilledError):
        await Relay(connection, DyingProducer(desk.producer)).send_waiting()
    await connection.close()

    again = await desk.connect()
    assert await unsent(again) == 50
    await drain(Relay(again, desk.producer))

    sent = await desk.sent()
    assert first_seen(sent, stream) == [row.event_id for row in rows]
    assert len(sent) == 100
    assert {(event_id, value) for _, event_id, value in sent} == {
        (row.event_id, row.value) for row in rows
    }
    assert await unsent(again) == 0
    await again.close()


async def test_a_lower_row_that_commits_late_is_sent_late_and_not_skipped(desk: Desk) -> None:
    early, late = uuid4(), uuid4()
    slow, quick, relaying = [await desk.connect() for _ in range(3)]
    relay = Relay(relaying, desk.producer)
    held = slow.transaction()
    await held.start()
    await outbox.enqueue(slow, desk.rows(late, 1))
    await outbox.enqueue(quick, desk.rows(early, 1))
    await drain(relay)
    assert first_seen(await desk.sent(), early)

    await held.commit()
    await drain(relay)

    assert first_seen(await desk.sent(), late)
    assert await unsent(relaying) == 0
    for connection in (slow, quick, relaying):
        await connection.close()


async def test_a_row_of_a_transaction_that_is_rolled_back_is_never_sent(desk: Desk) -> None:
    stream = uuid4()
    connection, relaying = await desk.connect(), await desk.connect()
    held = connection.transaction()
    await held.start()
    await outbox.enqueue(connection, desk.rows(stream, 1))
    await drain(Relay(relaying, desk.producer))
    await held.rollback()
    await drain(Relay(relaying, desk.producer))
    assert await desk.sent() == []
    await connection.close()
    await relaying.close()


async def test_a_topic_that_cannot_be_written_holds_up_only_its_own_rows(desk: Desk) -> None:
    stuck, free = uuid4(), uuid4()
    connection = await desk.connect()
    await outbox.enqueue(connection, desk.rows(stuck, 1, topic="agency.nobody.receipts"))
    await outbox.enqueue(connection, desk.rows(free, 3))

    await drain(Relay(connection, desk.producer))

    assert len(first_seen(await desk.sent(), free)) == 3
    waiting = await connection.fetch("select topic from own.outbox where sent_at is null")
    assert [row["topic"] for row in waiting] == ["agency.nobody.receipts"]
    await connection.close()


async def test_a_row_too_large_for_its_topic_is_kept_with_the_reason(desk: Desk) -> None:
    large, small = uuid4(), uuid4()
    connection = await desk.connect()
    await outbox.enqueue(connection, desk.rows(large, 1, note="x" * (1 << 21)))
    await outbox.enqueue(connection, desk.rows(small, 1))

    await drain(Relay(connection, desk.producer))

    assert len(first_seen(await desk.sent(), small)) == 1
    [row] = await connection.fetch("select * from own.outbox where sent_at is null")
    assert (row["aggregateid"], row["refused"]) == (large, "too_large")
    await connection.close()


async def test_the_commit_wakes_the_relay(desk: Desk) -> None:
    connection = await desk.connect()
    heard: list[str] = []
    await connection.add_listener("casebus_outbox", lambda *call: heard.append(call[2]))
    writer = await desk.connect()
    await outbox.enqueue(writer, desk.rows(uuid4(), 3))
    await connection.execute("select 1")
    assert heard == ["casebus_outbox"]
    await writer.close()
    await connection.close()
