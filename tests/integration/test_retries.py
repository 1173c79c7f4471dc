"""A retry of what `own` has forgotten is known from the journal, recorded or still unread."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from casebus.events.partition import partition_for
from gateway.entry import submission
from gateway.runtime.context import Gateway
from gateway.runtime.heartbeat import HeartbeatAsker
from onebox.testing import Stack
from services.scheduler.fakes import MemoryBrokers
from services.scheduler.relay import Relay
from storage import submissions
from storage.submissions import Finished
from tests.beats import beat
from tests.integration import older
from tests.integration.casework import Casework, casework_on
from tests.integration.test_older_own import doubled
from tests.world import NOW

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR = "cn-330106-amr"
#: Four partitions, as the stack has.
COUNT = 4


class Desk:
    """Casework's tables, and a gateway's ways of keeping and sending what is handed in."""

    def __init__(self, casework: Casework, stack: Stack) -> None:
        self.casework, self.pool = casework, casework.pool
        self.gateway = Gateway.of(stack.settings("gateway"))
        self.gateway._pool = casework.pool

    def request(self, stream: str, note: str = "备注", later: int = 0) -> Finished:
        """The same request, finished so many seconds later."""
        record = self.casework.world.event(
            "case.noted",
            AMR,
            stream=stream,
            id="2026-1",
            time=NOW + timedelta(seconds=later),
            legal="2026-03-02",
            data={"note": note},
        )
        return Finished(
            source=AMR,
            event_id="2026-1",
            stream=UUID(stream),
            agency=AMR,
            digest=note.encode(),
            topic="events.administrative",
            record=record,
        )

    async def journal(self, finished: Finished) -> None:
        await self.casework(finished.record)

    async def relay(self) -> list[Any]:
        """What leaves once nobody else's sender is waited for."""
        await self.pool.execute(
            "update own.submission set created_at = now() - interval '1 minute'"
        )
        return await self.relayed_now()

    async def relayed_now(self) -> list[Any]:
        door = MemoryBrokers()
        async with self.pool.acquire() as connection:
            while await Relay(connection, door).send_waiting():
                pass
        return door.taken


@pytest.fixture
async def desk(brokers: Stack) -> AsyncIterator[Desk]:
    async with casework_on(brokers) as casework:
        desk = Desk(casework, brokers)
        yield desk
        await desk.gateway.producer.stop()


@pytest.mark.long
async def test_an_honest_retry_that_the_database_forgot_is_the_event_that_stands(
    desk: Desk,
) -> None:
    stream = str(uuid4())
    await older.keep(desk.pool)
    first = await submission.keep(desk.gateway, desk.request(stream))
    await desk.journal(first)
    await older.restore(desk.pool)
    retried = await submission.keep(desk.gateway, desk.request(stream, later=90))
    assert retried.sent_at is not None
    assert (await submission.send(desk.gateway, retried)).record == first.record
    assert not desk.gateway.producer.connected
    assert await desk.relay() == []
    # It is remembered again, and knows another body by its digest.
    [row] = await desk.casework.rows("select * from own.submission")
    assert (row["digest"], row["sent_at"] is not None) == (first.digest, True)


@pytest.mark.long
async def test_another_body_under_an_identity_of_the_journal_is_refused_and_not_kept(
    desk: Desk,
) -> None:
    stream = str(uuid4())
    await desk.journal(desk.request(stream))
    with pytest.raises(CasebusError, match="id_conflict"):
        await submission.keep(desk.gateway, desk.request(stream, note="另一"))
    assert await desk.casework.rows("select * from own.submission") == []


async def test_until_the_journal_was_read_what_is_handed_in_is_left_to_the_relay(
    desk: Desk,
) -> None:
    stream = str(uuid4())
    # What the database remembers of another life says nothing of this one.
    await beat(desk.pool, COUNT, [0, 1, 2, 3])
    desk.gateway.hearing = HeartbeatAsker()
    kept = await submission.keep(desk.gateway, desk.request(stream, later=90))
    await submission.send(desk.gateway, kept)
    await beat(desk.pool, COUNT, [])
    await submission.send(desk.gateway, kept)
    assert not desk.gateway.producer.connected
    # The first time was in the part of the journal that was not recorded yet.
    first = desk.request(stream)
    await desk.journal(first)
    assert await desk.relay() == []
    await desk.journal(first)
    assert await doubled(desk.casework) == []
    [row] = await desk.casework.rows("select * from own.submission")
    assert row["sent_at"] is not None
    assert Envelope.from_headers(first.record.headers).signature.encode() in row["headers"]  # type: ignore[union-attr]


async def test_what_was_heard_since_the_gateway_began_counts_at_its_first_question(
    desk: Desk,
) -> None:
    await beat(desk.pool, COUNT, [0, 1, 2, 3])
    assert await desk.gateway.hearing.has_heard(desk.pool, uuid4())


async def test_what_the_gateway_left_to_the_relay_leaves_at_once(desk: Desk) -> None:
    await beat(desk.pool, COUNT, [])
    left = desk.request(str(uuid4()))
    await submission.send(desk.gateway, await submission.keep(desk.gateway, left))
    # Another one's sender may be on its way still.
    await submission.keep(desk.gateway, desk.request(str(uuid4())))
    [sent] = await desk.relayed_now()
    assert sent.value == left.record.value


async def test_once_it_was_read_the_gateway_sends_and_what_says_another_thing_leaves(
    desk: Desk,
) -> None:
    stream, other = str(uuid4()), str(uuid4())
    assert await desk.gateway.hearing.has_heard(desk.pool, UUID(other))
    heard = [partition_for(stream.encode(), COUNT)]
    await beat(desk.pool, COUNT, heard)
    assert not await Gateway.of(desk.gateway.settings).hearing.has_heard(desk.pool, UUID(stream))
    await beat(desk.pool, COUNT, heard)
    assert await desk.gateway.hearing.has_heard(desk.pool, UUID(stream))
    await desk.journal(desk.request(stream))
    conflicting = desk.request(stream, note="另一")
    await submissions.store(desk.pool, conflicting)
    # That is for the fold to find, and for its author to hear.
    [sent] = await desk.relay()
    assert sent.value == conflicting.record.value
