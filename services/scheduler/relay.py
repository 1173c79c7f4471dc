"""The relay: the one way from stored signed records to Kafka.

Design rules 12, derived events, one relay, and 18, actions of officers.

Rows leave in row order and are marked after acks=all, so a relay killed between the two sends the
same bytes again. Row locks (the fence, the case row) serialise those who add rows of one (source,
stream) until commit. So a lower id never commits after a higher one of the same author there. The
relay asks for unsent rows, not for rows behind a cursor. So a late commit of another author is sent
late and not skipped.

Nothing leaves before the journal has been read to the end that it had when this relay began, and
nothing that stands there. After a restore of `own`, the rows here may be of an earlier day than the
journal (ADR 48).

The gateway sends what was handed in there. The relay sends what the gateway has not sent after a
grace, because it or the brokers went away. A record sent by both is a copy of itself.

A rejected record that is sent again leaves by the same way, as it came, at its own pace (ADR 60).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Protocol
from uuid import UUID

from aiokafka.errors import (
    KafkaError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
)

from casebus import telemetry
from casebus.events.doors import is_door
from casebus.events.limits import MOST_DOOR_RECORD_BYTES, MOST_RECORD_BYTES
from casebus.polling import until
from services.transport import Outgoing
from storage import retries, scheduling, sending
from storage.handles import Connection, Pool
from storage.sending import OUTBOX, SHELVES, SUBMISSIONS, Shelf, Unsent

log = logging.getLogger(__name__)

_ROWS = 1000
#: A wake-up can be missed only if the database drops the notification; then this is the delay.
_IDLE_SECONDS = 0.5
#: How long rows for an unwritable topic are left alone, so that others go on.
_HOLD_SECONDS = 10.0
#: After this they count as refused, and nobody waits for them.
_PATIENCE = timedelta(seconds=60)
TOO_LARGE, UNKNOWN, DENIED = "too_large", "topic_unknown", "topic_denied"
#: Answers of a broker that it would give to the record again.
_REFUSALS: dict[type[KafkaError], str] = {
    MessageSizeTooLargeError: TOO_LARGE,
    RecordListTooLargeError: TOO_LARGE,
    TopicAuthorizationFailedError: DENIED,
}
_LOOK_SECONDS = 0.1
#: Lengths and the batch's own header.
_FRAMING = 512


class Sends(Protocol):
    """The part of transport's producer that the relay needs."""

    async def partitions(self, topic: str) -> int: ...

    async def send(self, outgoing: list[Outgoing]) -> None: ...

    async def renew(self) -> None: ...


class Relay:
    """Sends by the leader's own session: if that is lost, so is the relay."""

    def __init__(
        self,
        connection: Connection,
        producer: Sends,
        has_heard: Callable[[UUID], bool] | None = None,
    ) -> None:
        """`has_heard`: True if the journal was read to its end in a stream's partition."""
        self._connection = connection
        self._producer = producer
        self._has_heard = has_heard or _always
        self._woken = asyncio.Event()
        self._held: dict[str, float] = {}

    async def run(self) -> None:
        await self._connection.add_listener(scheduling.OUTBOX_CHANNEL, self._wake)
        while True:
            self._woken.clear()
            if not await self.send_waiting():
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._woken.wait(), _IDLE_SECONDS)

    async def send_waiting(self) -> int:
        """Send the next rows of each shelf and mark them; returns the number of handled rows."""
        now = asyncio.get_running_loop().time()
        self._held = {topic: until for topic, until in self._held.items() if until > now}
        return sum([await self._empty(shelf) for shelf in SHELVES])

    async def _empty(self, shelf: Shelf) -> int:
        """Handle one page with work to do: rows that must not be sent yet hold up no other."""
        after, done = 0, 0
        while not done:
            rows = await sending.unsent(self._connection, shelf, self._held, _ROWS, after)
            if not rows:
                break
            after = rows[-1].id
            done = await self._take_care(shelf, rows)
        return done

    async def _take_care(self, shelf: Shelf, rows: Sequence[Unsent]) -> int:
        """Send the rows that the journal does not hold, as far as it was read."""
        ours = [row for row in rows if self._has_heard(row.stream)]
        settled = await self._settle(shelf, ours)
        return len(settled) + await self._take(shelf, [r for r in ours if r.id not in settled])

    async def _settle(self, shelf: Shelf, rows: Sequence[Unsent]) -> set[int]:
        """Mark the rows that the journal holds already; returns their ids."""
        if shelf is SUBMISSIONS:
            return await retries.settle(self._connection, rows)
        settle = sending.settle if shelf is OUTBOX else sending.settle_redriven
        return await settle(self._connection, [row.id for row in rows])

    async def _take(self, shelf: Shelf, rows: Sequence[Unsent]) -> int:
        refused = [row for row in rows if _too_large(row)]
        if refused:
            await self._refuse(shelf, refused, TOO_LARGE)
        fit = [row for row in rows if not _too_large(row)]
        sendable = [row for row in fit if await self._writable(shelf, row.topic)]
        if sendable:
            await self._send(shelf, sendable)
        return len(sendable) + len(refused)

    async def _send(self, shelf: Shelf, rows: Sequence[Unsent]) -> None:
        """Send all at once.

        If a broker refuses one, send one by one, so that only that one stays.
        """
        try:
            await self._producer.send([_outgoing(row) for row in rows])
        except tuple(_REFUSALS) as error:
            # The numbers of an idempotent producer have a gap now.
            await self._producer.renew()
            if len(rows) == 1:
                await self._refuse(shelf, rows, _REFUSALS[type(error)])
                return
            for row in rows:
                await self._send(shelf, [row])
            return
        await sending.mark_sent(self._connection, shelf, [row.id for row in rows])
        telemetry.count(f"casebus.{shelf.name}.sent.messages", len(rows))

    async def _writable(self, shelf: Shelf, topic: str) -> bool:
        if topic in self._held:
            return False
        try:
            await self._producer.partitions(topic)
        except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
            self._held[topic] = asyncio.get_running_loop().time() + _HOLD_SECONDS
            reason = _REFUSALS.get(type(error), UNKNOWN)
            log.warning("topic cannot be written", extra={"topic": topic, "reason": reason})
            await sending.give_up(self._connection, shelf, topic, reason, _PATIENCE)
            return False
        return True

    async def _refuse(self, shelf: Shelf, rows: Sequence[Unsent], reason: str) -> None:
        for row in rows:
            log.error("no broker takes a record", extra={"topic": row.topic, "reason": reason})
        await sending.mark_refused(self._connection, shelf, [row.id for row in rows], reason)

    def _wake(self, *_: object) -> None:
        self._woken.set()


async def until_sent(pool: Pool) -> None:
    """Return when everything stored here before the call has been sent, or was refused."""
    before = await sending.database_time(pool)

    async def is_sent() -> bool:
        return not await sending.anything_on_its_way(pool, before)

    await until(is_sent, _LOOK_SECONDS)


def _always(_: UUID) -> bool:
    return True


def _outgoing(row: Unsent) -> Outgoing:
    return Outgoing(row.topic, None, str(row.stream).encode(), row.value, row.headers)


def _too_large(row: Unsent) -> bool:
    size = len(row.value or b"") + sum(len(name) + len(text) + 10 for name, text in row.headers)
    most = MOST_DOOR_RECORD_BYTES if is_door(row.topic) else MOST_RECORD_BYTES
    return size + _FRAMING > most
