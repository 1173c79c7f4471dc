"""Rejected records sent again: by whom, how often, how fast, and byte for byte (ADR 60)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record
from onebox.testing import Stack
from services.scheduler.relay import Relay
from services.transport import Producer
from storage import redriving, rejects, sending
from storage.handles import Connection
from storage.rejects import RejectedPlace, RejectFilter
from tests.integration.casework import Casework, casework_on
from tests.integration.test_outbox_relay import DyingProducer, KilledError
from tests.world import with_headers

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
DOOR = "events.administrative"
ONE, OTHER = "operator/one", "operator/other"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def own(casework: Casework, **changes: Any) -> Record:
    given: dict[str, Any] = {"to": (PSB,), "legal": "2026-03-05", **changes}
    return casework.world.event("referral.sent", AMR, **given)


async def refused(casework: Casework, record: Record, reason: str = "unknown_key") -> RejectedPlace:
    await casework.reject(record, reason)
    return RejectedPlace(0, len(casework.refused) - 1)


async def obstacles(
    casework: Casework, *places: RejectedPlace, agency: str | None = None, even_so: bool = False
) -> list[str]:
    found = await redriving.plan(casework.pool, agency, places, even_so=even_so)
    return [one.obstacle for one in found]


async def asked(
    casework: Casework, *places: RejectedPlace, by: str = ONE, per_minute: int = 600
) -> tuple[int, int]:
    """A redrive's number, and how many records it has."""
    async with casework.pool.acquire() as connection, connection.transaction():
        await redriving.lock(connection)
        found = await redriving.plan(connection, None, places, even_so=False)
        sendable = [one for one in found if not one.obstacle]
        if not sendable:
            return 0, 0
        return await redriving.ask(connection, by, "why", per_minute, sendable), len(sendable)


async def decided(casework: Casework, number: int, by: str = OTHER, *, agreed: bool = True) -> None:
    async with casework.pool.acquire() as connection, connection.transaction():
        await redriving.decide(connection, number, by, agreed=agreed)


async def redriven(casework: Casework, *places: RejectedPlace) -> int:
    number, _ = await asked(casework, *places)
    await decided(casework, number)
    return number


@asynccontextmanager
async def door(brokers: Stack, casework: Casework) -> AsyncIterator[Any]:
    """The relay with the scheduler's rights, and what the door took since."""
    settings = brokers.settings("scheduler")
    connection = await asyncpg.connect(casework.url)
    consumer = AIOKafkaConsumer(**brokers.settings("admin").kafka_client())
    await consumer.start()
    try:
        async with Producer(settings, client_id="scheduler") as producer:
            count = await producer.partitions(DOOR)
            places = [TopicPartition(DOOR, one) for one in range(count)]
            before = await consumer.end_offsets(places)
            consumer.assign(places)

            async def took() -> list[Any]:
                ends, found = await consumer.end_offsets(places), []
                for place in places:
                    consumer.seek(place, before[place])
                    while await consumer.position(place) < ends[place]:
                        found += (await consumer.getmany(place, timeout_ms=500)).get(place, ())
                return found

            yield connection, producer, took
    finally:
        await consumer.stop()
        await connection.close()


async def drain(connection: Connection, producer: Any) -> None:
    relay = Relay(connection, producer)
    while await relay.send_waiting():
        pass


async def test_what_was_agreed_to_goes_to_its_door_byte_for_byte(
    brokers: Stack, casework: Casework
) -> None:
    record = with_headers(own(casework), **{"cb-verdict": b"of a stranger", "x-own": b"\xff"})
    place = await refused(casework, record)
    async with door(brokers, casework) as (connection, producer, took):
        number, count = await asked(casework, place)
        assert count == 1
        await drain(connection, producer)
        assert await took() == [], "nobody has agreed"
        await decided(casework, number)
        await drain(connection, producer)
        await drain(connection, producer)
        [sent] = await took()
    assert (sent.key, sent.value, sent.headers) == (record.key, record.value, record.headers)
    [row] = await redriving.redriven(casework.pool, number)
    assert row.sent_at is not None


async def test_a_relay_that_dies_before_it_could_say_so_sends_the_same_bytes_again(
    brokers: Stack, casework: Casework
) -> None:
    record = own(casework)
    await redriven(casework, await refused(casework, record))
    async with door(brokers, casework) as (connection, producer, took):
        # What goes back to its sender lies on another shelf.
        await connection.execute("update own.outbox set sent_at = now()")
        with pytest.raises(KilledError):
            await Relay(connection, DyingProducer(producer)).send_waiting()
        await drain(connection, producer)
        sent = await took()
    assert [(one.key, one.value, one.headers) for one in sent] == [
        (record.key, record.value, record.headers)
    ] * 2


async def test_what_stands_in_the_journal_when_its_turn_comes_is_not_sent(
    brokers: Stack, casework: Casework
) -> None:
    record = own(casework)
    number = await redriven(casework, await refused(casework, record))
    await casework(record)
    async with door(brokers, casework) as (connection, producer, took):
        await drain(connection, producer)
        assert await took() == []
    [row] = await redriving.redriven(casework.pool, number)
    assert (row.needless, row.journaled) == (True, True)
    assert await obstacles(casework, RejectedPlace(0, 0)) == ["journaled"]


async def test_another_body_under_the_same_identity_in_the_journal_is_no_reason_to_send(
    casework: Casework,
) -> None:
    stream, name = str(uuid4()), str(uuid4())
    place = await refused(casework, own(casework, stream=stream, id=name, data={"title": "one"}))
    await casework(own(casework, stream=stream, id=name, data={"title": "other"}))
    assert await obstacles(casework, place) == ["journaled"]


async def test_who_asks_does_not_agree_and_what_was_decided_stays_so(casework: Casework) -> None:
    number, _ = await asked(casework, await refused(casework, own(casework)))
    with pytest.raises(CasebusError, match="second_person"):
        await decided(casework, number, ONE)
    with pytest.raises(asyncpg.CheckViolationError):
        await casework.pool.execute(
            "update own.redrive set agreed = true, decided_by = asked_by where id = $1", number
        )
    await decided(casework, number, ONE, agreed=False)
    with pytest.raises(CasebusError, match="redrive_decided"):
        await decided(casework, number)
    with pytest.raises(CasebusError, match="not_found"):
        await decided(casework, number + 1)
    # What was declined stands in nobody's way; what nobody decided on in a week is void.
    again, count = await asked(casework, RejectedPlace(0, 0))
    assert count == 1
    await casework.pool.execute("update own.redrive set asked_at = now() - interval '8 days'")
    with pytest.raises(CasebusError, match="redrive_lapsed"):
        await decided(casework, again)
    assert await obstacles(casework, RejectedPlace(0, 0)) == [""]


async def test_the_same_bytes_are_sent_again_three_times_and_no_more(
    brokers: Stack, casework: Casework
) -> None:
    record = own(casework)
    place = await refused(casework, record)
    async with door(brokers, casework) as (connection, producer, took):
        for times in range(redriving.MOST_TIMES):
            assert await obstacles(casework, place) == [""], times
            await redriven(casework, place)
            await drain(connection, producer)
            # Rejected again: another place, and the same bytes.
            place = await refused(casework, record)
        assert len(await took()) == redriving.MOST_TIMES
    assert await obstacles(casework, place) == ["sent_too_often"]
    assert await obstacles(casework, place, even_so=True) == ["sent_too_often"]
    other = await refused(casework, own(casework))
    assert await obstacles(casework, other) == [""]


async def test_redrives_leave_at_their_rate_one_behind_the_other(casework: Casework) -> None:
    places = [await refused(casework, own(casework)) for _ in range(5)]
    for some in (places[:3], places[3:]):
        number, _ = await asked(casework, *some, per_minute=60)
        await decided(casework, number)
    rows = await casework.rows("select due_at from own.redriven order by number")
    due = [row["due_at"] for row in rows]
    apart = [(later - sooner).total_seconds() for sooner, later in pairwise(due)]
    assert apart == pytest.approx([1.0] * 4)
    assert len(await sending.unsent(casework.connection, sending.REDRIVEN, (), 9)) == 1


async def test_what_cannot_be_sent_says_why(casework: Casework) -> None:
    good = own(casework)
    record = own(casework)
    places = {
        "": await refused(casework, good),
        "same_bytes": await refused(casework, good),
        "not_kept": await refused(casework, Record(record.key, None, record.headers)),
        "no_event": await refused(casework, Record(b"x", record.value, record.headers)),
        "cannot_pass": await refused(casework, own(casework), "bad_signature"),
    }
    assert await obstacles(casework, *places.values()) == list(places)
    assert await obstacles(casework, places["cannot_pass"], even_so=True) == [""]
    _, count = await asked(casework, *places.values())
    assert count == 1
    assert await obstacles(casework, *places.values()) == [
        "waits_already",
        "waits_already",
        *list(places)[2:],
    ]


async def test_two_who_ask_at_once_do_not_both_take_a_record(casework: Casework) -> None:
    place = await refused(casework, own(casework))
    counts = await asyncio.gather(*(asked(casework, place, by=f"operator/{at}") for at in range(4)))
    assert sorted(count for _, count in counts) == [0, 0, 0, 1]


async def test_an_agency_sends_again_what_its_own_key_signed(casework: Casework) -> None:
    mine = await refused(casework, own(casework), "type_not_allowed")
    forged = with_headers(casework.world.event("referral.accepted", PSB), ce_source=AMR.encode())
    others = await refused(casework, forged, "signer_not_entitled")
    found = await redriving.plan(casework.pool, AMR, [mine, others], even_so=True)
    assert [one.place for one in found] == [mine]
    assert await redriving.plan(casework.pool, PSB, [mine, others], even_so=True) == []
    everything = RejectFilter(all=True)
    assert await redriving.places(casework.pool, AMR, everything, 9) == [mine]
    assert await redriving.places(casework.pool, None, everything, 9) == [mine, others]


async def test_nobody_is_accused_while_what_is_sent_again_is_on_its_way(casework: Casework) -> None:
    stream = uuid4()
    record = own(casework, stream=str(stream))

    async def awaited() -> set[UUID]:
        return await sending.awaited_among(casework.connection, {stream})

    number, _ = await asked(casework, await refused(casework, record, "type_not_allowed"))
    assert await awaited() == set(), "nobody has agreed"
    await decided(casework, number)
    assert await awaited() == {stream}
    ids = [row["number"] for row in await casework.rows("select number from own.redriven")]
    await sending.mark_sent(casework.pool, sending.REDRIVEN, ids)
    assert await awaited() == {stream}, "the old rejection is no answer to it"
    await refused(casework, record, "type_not_allowed")
    assert await awaited() == set()
    [row] = await redriving.redriven(casework.pool, number)
    assert row.rejected_again == "type_not_allowed"


async def test_what_is_mended_is_listed_with_all_only(casework: Casework) -> None:
    record = own(casework)
    await refused(casework, record, "unknown_key")
    open_, every = RejectFilter(), RejectFilter(all=True)

    async def counts(wanted: RejectFilter) -> tuple[int, int]:
        rows = await rejects.listed(casework.pool, None, wanted, after=None, limit=9)
        groups = await rejects.grouped(casework.pool, None, wanted)
        return len(rows), sum(one.count for one in groups)

    assert await counts(open_) == await counts(every) == (1, 1)
    assert await counts(RejectFilter(reason="unsigned")) == (0, 0)
    await casework(record)
    assert (await counts(open_), await counts(every)) == ((0, 0), (1, 1))
    event = Envelope.from_headers(record.headers).id
    assert await rejects.by_event(casework.pool, AMR, event) == RejectedPlace(0, 0)
    assert await rejects.by_event(casework.pool, PSB, event) is None
