"""What was handed in and stored is sent by the relay: on real Kafka and PostgreSQL."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from casebus.events.envelope import Record
from onebox.testing import Stack
from services.scheduler.relay import Relay, until_sent
from services.transport import Producer
from storage import sending, submissions
from storage.handles import Connection
from storage.submissions import PendingAction
from tests.integration.database import fresh_database
from tests.integration.handed_in import LONG_AGO, hand_in
from tests.world import World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, DOOR = "cn-330106-amr", "events.administrative"
#: The scheduler may write it, and it takes no record over a kilobyte.
NARROW = "directory.heartbeat"


class Desk:
    def __init__(self, stack: Stack, url: str, connection: Connection, producer: Producer) -> None:
        self.stack, self.connection, self.producer = stack, connection, producer
        self.url = url
        self.world = World()
        self.relay = Relay(connection, producer)

    def event(self, stream: str, note: str = "") -> Record:
        return self.world.event("case.noted", AMR, stream=stream, data={"note": note})

    async def relay_all(self) -> None:
        while await self.relay.send_waiting():
            pass

    async def row(self, event_id: str) -> Any:
        return await self.connection.fetchrow(
            "select * from own.submission where event_id = $1", event_id
        )

    async def at_the_door(self, stream: str) -> list[tuple[bytes, Any]]:
        """Value and headers of each record of the stream, in order."""
        consumer = AIOKafkaConsumer(**self.stack.settings("admin").kafka_client())
        await consumer.start()
        try:
            places = [TopicPartition(DOOR, one) for one in range(4)]
            consumer.assign(places)
            await consumer.seek_to_beginning()
            found: list[Any] = []
            for place, end in (await consumer.end_offsets(places)).items():
                while await consumer.position(place) < end:
                    found += (await consumer.getmany(place, timeout_ms=500)).get(place, ())
            mine = [one for one in found if one.key == stream.encode()]
            return [(one.value, tuple(one.headers)) for one in mine]
        finally:
            await consumer.stop()


@pytest.fixture
async def desk(brokers: Stack) -> AsyncIterator[Desk]:
    async with (
        fresh_database(brokers) as url,
        Producer(brokers.settings("scheduler"), client_id="scheduler") as producer,
    ):
        connection: Connection = await asyncpg.connect(url)
        yield Desk(brokers, url, connection, producer)
        await connection.close()


async def test_what_was_handed_in_is_sent_as_it_was_stored_in_order_and_once(desk: Desk) -> None:
    stream = str(uuid4())
    records = [desk.event(stream, str(number)) for number in range(20)]
    for record in records:
        await hand_in(desk.connection, record, DOOR, age=LONG_AGO)
    await desk.relay_all()
    await desk.relay_all()
    assert await desk.at_the_door(stream) == [(one.value, one.headers) for one in records]
    assert (await sending.waiting(desk.connection)).submissions_unsent == 0


async def test_the_gateway_has_its_time_to_send_first(desk: Desk) -> None:
    stream = str(uuid4())
    await hand_in(desk.connection, desk.event(stream), DOOR)
    await desk.relay_all()
    assert await desk.at_the_door(stream) == []
    assert (await sending.waiting(desk.connection)).submissions_unsent == 1


async def test_a_relay_and_a_gateway_that_both_send_leave_one_event_marked_once(
    desk: Desk,
) -> None:
    stream = str(uuid4())
    finished = await hand_in(desk.connection, desk.event(stream), DOOR, age=LONG_AGO)
    await desk.relay_all()
    before = (await desk.row(finished.event_id))["sent_at"]
    await submissions.mark_sent(desk.connection, finished)
    assert (await desk.row(finished.event_id))["sent_at"] == before


async def test_what_the_broker_calls_too_large_stays_behind_alone(desk: Desk) -> None:
    stream, other = str(uuid4()), str(uuid4())
    large = await hand_in(desk.connection, desk.event(stream, "x" * 5000), NARROW, age=LONG_AGO)
    small = [desk.event(other, str(number)) for number in range(3)]
    for record in small:
        await hand_in(desk.connection, record, DOOR, age=LONG_AGO)
    await desk.relay_all()
    assert (await desk.row(large.event_id))["refused"] == "too_large"
    assert {value for value, _ in await desk.at_the_door(other)} == {one.value for one in small}
    waiting = await sending.waiting(desk.connection)
    assert (waiting.submissions_unsent, waiting.records_refused) == (0, 1)
    assert waiting.is_overdue
    # What comes after it goes out by the same relay.
    later = desk.event(other, "later")
    await hand_in(desk.connection, later, DOOR, age=LONG_AGO)
    await desk.relay_all()
    assert (await desk.at_the_door(other))[-1][0] == later.value


async def test_a_topic_that_is_missing_for_a_minute_counts_as_refused_until_it_is_there(
    desk: Desk,
) -> None:
    old = await hand_in(desk.connection, desk.event(str(uuid4())), "events.nobody", age=LONG_AGO)
    young = await hand_in(
        desk.connection, desk.event(str(uuid4())), "events.nobody", age=timedelta(seconds=20)
    )
    await desk.relay_all()
    assert (await desk.row(old.event_id))["refused"] in {"topic_unknown", "topic_denied"}
    assert (await desk.row(young.event_id))["refused"] is None
    await desk.connection.execute(
        "update own.submission set topic = $1, tried_at = now() - interval '1 hour'", DOOR
    )
    await Relay(desk.connection, desk.producer).send_waiting()
    row = await desk.row(old.event_id)
    assert row["sent_at"] is not None
    assert row["refused"] is None


async def test_a_row_of_the_outbox_that_a_broker_refuses_does_not_stop_the_relay(
    desk: Desk,
) -> None:
    stream = str(uuid4())
    row = "insert into own.outbox (aggregatetype, aggregateid, type, source, event_id, topic,"
    row += " value, headers) values ('event', $1, 't', 'bus', $2, $3, $4, $5)"
    headers = b""
    await desk.connection.execute(row, uuid4(), "large", NARROW, b"x" * 5000, headers)
    record = desk.event(stream)
    await hand_in(desk.connection, record, DOOR, age=LONG_AGO)
    await desk.relay_all()
    refused = await desk.connection.fetchval("select refused from own.outbox")
    assert refused == "too_large"
    assert len(await desk.at_the_door(stream)) == 1


async def test_a_place_on_a_work_item_stays_its_holder_s_while_the_record_is_here(
    desk: Desk,
) -> None:
    stream, lifetime = str(uuid4()), timedelta(seconds=60)
    finished = await hand_in(desk.connection, desk.event(stream), DOOR, age=LONG_AGO)
    first = PendingAction("item", 1, b"a" * 32, AMR, finished.event_id)
    other = PendingAction("item", 1, b"b" * 32, AMR, str(uuid4()))
    await submissions.reserve(desk.connection, first, lifetime)
    await desk.connection.execute(
        "update own.pending_action set expires_at = now() - interval '2 days'"
    )
    await submissions.forget_actions(desk.connection)
    assert await submissions.reserve(desk.connection, other, lifetime) == first
    await submissions.mark_refused(desk.connection, finished, "too_large")
    assert await submissions.reserve(desk.connection, other, lifetime) == other


async def test_a_question_about_all_cases_waits_for_what_was_stored_before_it_alone(
    desk: Desk,
) -> None:
    finished = await hand_in(desk.connection, desk.event(str(uuid4())), DOOR, age=LONG_AGO)
    other: Any = await asyncpg.connect(desk.url)
    waiting = asyncio.create_task(until_sent(other))
    done, _ = await asyncio.wait([waiting], timeout=0.5)
    assert not done
    # What comes later does not hold it up, nor does what no broker takes.
    await hand_in(desk.connection, desk.event(str(uuid4())), DOOR)
    await submissions.mark_sent(desk.connection, finished)
    await asyncio.wait_for(waiting, 20)
    refused = await hand_in(desk.connection, desk.event(str(uuid4())), DOOR, age=LONG_AGO)
    await submissions.mark_refused(desk.connection, refused, "too_large")
    await desk.connection.execute("update own.submission set sent_at = now() where refused is null")
    await asyncio.wait_for(until_sent(other), 20)
    await other.close()
