"""The relay sends what is stored, in order, and what cannot be sent holds up nobody else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from aiokafka.errors import MessageSizeTooLargeError, TopicAuthorizationFailedError

from casebus.events.doors import BUS_DOOR
from casebus.events.envelope import Envelope
from services.scheduler.fakes import MemoryBrokers
from services.scheduler.relay import Relay
from storage import outbox, submissions
from storage.fakes import MemoryDatabase
from storage.outbox import OutboxRow
from storage.submissions import Finished
from tests.integration.casework import Casework
from tests.world import World

AMR, WORLD = "cn-330106-amr", World()


class Post:
    """A relay between a database and brokers in memory."""

    def __init__(self, has_heard: Callable[[UUID], bool] | None = None) -> None:
        self.database, self.brokers = MemoryDatabase(), MemoryBrokers()
        self.now = datetime(2026, 3, 5, tzinfo=UTC)
        self.database.tables.now = lambda: self.now
        self.relay = Relay(self.database.connection, self.brokers, has_heard)

    async def owe(self, *rows: OutboxRow) -> None:
        await outbox.enqueue(self.database.connection, rows)

    def sent(self) -> list[bytes | None]:
        return [one.value for one in self.brokers.taken]

    def refused(self) -> list[str | None]:
        """Why each row of the outbox is still here; None of one that only waits."""
        rows = self.database.tables.where("own.outbox", sent_at=None)
        return [row["refused"] for row in rows]


def row(note: str = "", stream: UUID | None = None, topic: str = BUS_DOOR) -> OutboxRow:
    record = WORLD.event("case.noted", "bus", stream=str(stream or uuid4()), data={"note": note})
    return OutboxRow.of(record, topic)


def handed_in(**changes: Any) -> Finished:
    record = WORLD.event("case.noted", AMR)
    envelope = Envelope.from_headers(record.headers)
    made = Finished.of(
        record, envelope, agency=AMR, digest=b"d" * 32, topic="events.administrative"
    )
    return replace(made, **changes)


@pytest.fixture
def post() -> Post:
    return Post()


async def test_rows_leave_in_their_order_and_once(post: Post) -> None:
    rows = [row(str(at)) for at in range(3)]
    await post.owe(*rows)
    assert await post.relay.send_waiting() == 3
    assert post.sent() == [one.value for one in rows]
    assert post.brokers.taken[0].key == str(rows[0].stream).encode()
    assert await post.relay.send_waiting() == 0
    assert len(post.sent()) == 3


async def test_what_the_gateway_did_not_send_in_its_time_is_sent(post: Post) -> None:
    finished = handed_in()
    await submissions.store(post.database.pool, finished)
    post.now += timedelta(seconds=11)
    assert await post.relay.send_waiting() == 0
    post.now += timedelta(seconds=2)
    assert await post.relay.send_waiting() == 1
    assert post.sent() == [finished.record.value]


async def test_a_record_that_no_broker_takes_holds_up_none_of_those_sent_with_it(
    post: Post,
) -> None:
    good, bad, last = row("1"), row("2"), row("3")
    post.brokers.refused[bad.value or b""] = MessageSizeTooLargeError()
    await post.owe(good, bad, last)
    await post.relay.send_waiting()
    assert post.sent() == [good.value, last.value]
    assert post.refused() == ["too_large"]
    # An idempotent producer's numbers have a gap: it is started anew each time.
    assert post.brokers.renewals == 2


async def test_a_record_that_was_refused_is_tried_again_after_a_while(post: Post) -> None:
    one = row()
    post.brokers.refused[one.value or b""] = TopicAuthorizationFailedError()
    await post.owe(one)
    await post.relay.send_waiting()
    assert post.refused() == ["topic_denied"]
    post.brokers.refused.clear()
    post.now += timedelta(minutes=9)
    assert await post.relay.send_waiting() == 0
    post.now += timedelta(minutes=2)
    assert await post.relay.send_waiting() == 1
    assert (post.sent(), post.refused()) == ([one.value], [])


async def test_a_topic_that_cannot_be_written_holds_up_only_its_own_rows(post: Post) -> None:
    there, elsewhere = row("1"), row("2", topic="agency.nobody.inbox")
    post.brokers.unknown.add("agency.nobody.inbox")
    await post.owe(elsewhere, there)
    await post.relay.send_waiting()
    assert post.sent() == [there.value]
    assert post.refused() == [None]


async def test_what_waited_too_long_for_its_topic_is_given_up(post: Post) -> None:
    post.brokers.unknown.add("agency.nobody.inbox")
    await post.owe(row(topic="agency.nobody.inbox"))
    post.now += timedelta(minutes=1)
    await post.relay.send_waiting()
    assert post.refused() == ["topic_unknown"]


async def test_a_row_too_large_for_its_door_is_kept_with_the_reason(post: Post) -> None:
    large = replace(row(), value=b"x" * ((1 << 20) + (64 << 10)))
    fits = replace(row(), value=b"x" * (1 << 20))
    # Inside the bus more is taken.
    inside = replace(large, topic="agency.nobody.inbox", event_id="inside")
    await post.owe(large, fits, inside)
    await post.relay.send_waiting()
    assert post.sent() == [fits.value, inside.value]
    assert post.refused() == ["too_large"]


async def test_what_the_journal_holds_already_is_not_sent(post: Post) -> None:
    casework = Casework(post.database.pool)
    record = casework.world.event("case.noted", AMR)
    await post.owe(OutboxRow.of(record, "events.administrative"))
    await casework(record)
    assert await post.relay.send_waiting() == 1
    assert (post.sent(), post.refused()) == ([], [])


async def test_nothing_leaves_where_the_journal_was_not_read_to_its_end() -> None:
    heard, unheard = uuid4(), uuid4()
    post = Post(has_heard=lambda stream: stream == heard)
    first, second = row("1", unheard), row("2", heard)
    await post.owe(first, second)
    assert await post.relay.send_waiting() == 1
    assert post.sent() == [second.value]
    assert post.refused() == [None]
