"""The directory's heartbeat, and the copies of its entries in the journal (design rule 9)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from casebus.errors import CasebusError
from casebus.events.doors import BUS_DOOR
from casebus.events.envelope import Envelope
from casebus.events.topics import DIRECTORY
from casebus.kafka.directory import HEARTBEAT_TOPIC
from casebus.settings import Settings
from services.scheduler.offsets import BrokerOffsets
from services.transport import Outgoing, Producer
from storage import scheduling
from storage.handles import Pool

log = logging.getLogger(__name__)

_PLACE = TopicPartition(DIRECTORY, 0)
BEAT_SECONDS = 1.0


class DirectoryHeartbeat:
    """Sends the directory's end each second, so that a reader knows if it lacks entries."""

    def __init__(self, offsets: BrokerOffsets, producer: Producer) -> None:
        self._offsets, self._producer = offsets, producer

    async def run(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(BEAT_SECONDS)

    async def beat(self) -> None:
        ends = await self._offsets.ends([_PLACE])
        value = str(ends.get(_PLACE, 0)).encode()
        await self._producer.send([Outgoing(HEARTBEAT_TOPIC, 0, None, value, [])])


class DirectoryReplicator:
    """Sends each new entry, unchanged, through the front door.

    Its identity makes a repeat harmless.
    """

    def __init__(self, settings: Settings, pool: Pool, producer: Producer) -> None:
        self._options = settings.kafka_client()
        self._pool, self._producer = pool, producer

    async def run(self) -> None:
        consumer = AIOKafkaConsumer(client_id="scheduler-directory", **self._options)
        await consumer.start()
        try:
            consumer.assign([_PLACE])
            consumer.seek(_PLACE, await scheduling.directory_copied(self._pool))
            while True:
                found = await consumer.getmany(_PLACE, timeout_ms=1000)
                if entries := found.get(_PLACE):
                    await self.copy(entries)
        finally:
            await consumer.stop()

    async def copy(self, entries: Sequence[ConsumerRecord]) -> None:
        """Send the entries, then remember the place after them."""
        sendable = [outgoing for entry in entries if (outgoing := _outgoing(entry)) is not None]
        await self._producer.send(sendable)
        await scheduling.note_directory_copy(self._pool, entries[-1].offset + 1)


def _outgoing(entry: ConsumerRecord) -> Outgoing | None:
    """The very record, under the key that the front door wants; None if it is no event."""
    headers = [(name, text or b"") for name, text in entry.headers]
    try:
        envelope = Envelope.from_headers(headers)
    except CasebusError as error:
        log.warning("directory entry is no event", extra={"code": error.code})
        return None
    return Outgoing(BUS_DOOR, None, envelope.subject.encode(), entry.value, headers)
