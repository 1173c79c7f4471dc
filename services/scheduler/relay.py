"""The outbox relay: the one way from the outbox to Kafka (design rule 12).

Rows leave in row order and are marked after acks=all, so a relay killed between the two sends the
same bytes again. Who adds rows of one (source, stream) is serialised by row locks (the fence, the
case row) until commit, so a lower id never commits after a higher one of the same author there;
and because the relay asks for what is unsent, not for what follows a cursor, a late commit of
another's is sent late, not skipped.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from typing import Any, Protocol

from aiokafka.errors import TopicAuthorizationFailedError, UnknownTopicOrPartitionError

from casebus import telemetry
from services.transport import Outgoing
from storage import scheduling
from storage.scheduling import Unsent

log = logging.getLogger(__name__)

_ROWS = 1000
#: A wake-up can be missed only if the database drops the notification; then this is the delay.
_IDLE_SECONDS = 0.5
#: How long rows for a topic that cannot be written are left alone, so that others go on.
_HOLD_SECONDS = 10.0
_DOOR = "events."
_MOST_AT_DOOR = (1 << 20) + (64 << 10)
_MOST_INSIDE = (2 << 20) + (128 << 10)
#: Lengths and the batch's own header.
_FRAMING = 512


class Sends(Protocol):
    """The part of transport's producer that the relay needs."""

    async def partitions(self, topic: str) -> int: ...

    async def send(self, outgoing: list[Outgoing]) -> None: ...


class Relay:
    """Sends the outbox by the leader's own session: when that is lost, so is the relay."""

    def __init__(self, connection: Any, producer: Sends) -> None:
        self._connection = connection
        self._producer = producer
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
        """Send the next rows and mark them; returns how many were taken care of."""
        now = asyncio.get_running_loop().time()
        self._held = {topic: until for topic, until in self._held.items() if until > now}
        rows = await scheduling.unsent(self._connection, self._held, _ROWS)
        refused = [row for row in rows if _too_large(row)]
        if refused:
            await self._refuse(refused)
        fit = [row for row in rows if not _too_large(row)]
        sendable = [row for row in fit if await self._writable(row.topic)]
        if sendable:
            await self._producer.send([_outgoing(row) for row in sendable])
            await scheduling.mark_sent(self._connection, [row.id for row in sendable])
            telemetry.count("casebus.outbox.sent.messages", len(sendable))
        return len(sendable) + len(refused)

    async def _writable(self, topic: str) -> bool:
        if topic in self._held:
            return False
        try:
            await self._producer.partitions(topic)
        except (UnknownTopicOrPartitionError, TopicAuthorizationFailedError) as error:
            self._held[topic] = asyncio.get_running_loop().time() + _HOLD_SECONDS
            reason = type(error).__name__
            log.warning("topic cannot be written", extra={"topic": topic, "reason": reason})
            return False
        return True

    async def _refuse(self, rows: list[Unsent]) -> None:
        for row in rows:
            log.error("record too large for its topic", extra={"topic": row.topic})
        await scheduling.mark_refused(self._connection, [row.id for row in rows], "too_large")

    def _wake(self, *_: object) -> None:
        self._woken.set()


def _outgoing(row: Unsent) -> Outgoing:
    return Outgoing(row.topic, None, str(row.stream).encode(), row.value, row.headers)


def _too_large(row: Unsent) -> bool:
    size = len(row.value or b"") + sum(len(name) + len(text) + 10 for name, text in row.headers)
    most = _MOST_AT_DOOR if row.topic.startswith(_DOOR) else _MOST_INSIDE
    return size + _FRAMING > most
