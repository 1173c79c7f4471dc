"""The journal beyond a partition's present place: its end, and the adoptions that it voids."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.events.types import LAW_ADOPTION_VOIDED
from casebus.settings import Settings

_POLL_MS = 500
_SECONDS = 20.0


class ReadAhead:
    """Reads on in a partition, without a group: nothing is committed and nothing is handled."""

    def __init__(self, settings: Settings, schemas: Schemas, topic: str) -> None:
        self._settings, self._schemas, self._topic = settings, schemas, topic
        self._read: dict[int, int] = {}

    async def ends(self, partitions: Iterable[int]) -> dict[int, int]:
        """Per partition, the offset after the journal's last record."""
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        consumer = AIOKafkaConsumer(**self._settings.kafka_client(), enable_auto_commit=False)
        await consumer.start()
        try:
            found = await consumer.end_offsets(places)
        finally:
            await consumer.stop()
        return {place.partition: end for place, end in found.items()}

    async def voided(self, partition: int, offset: int) -> set[str]:
        """Ids of the adoptions voided from `offset` on, in the part that no earlier call read."""
        place = TopicPartition(self._topic, partition)
        consumer = AIOKafkaConsumer(**self._settings.kafka_client(), enable_auto_commit=False)
        found: set[str] = set()
        await consumer.start()
        try:
            consumer.assign([place])
            at = max(offset, self._read.get(partition, 0))
            end = (await consumer.end_offsets([place]))[place]
            consumer.seek(place, at)
            async with asyncio.timeout(_SECONDS):
                while at < end:
                    records = (await consumer.getmany(place, timeout_ms=_POLL_MS)).get(place, [])
                    found.update(self._voids(records))
                    at = self._read[partition] = await consumer.position(place)
        except TimeoutError:
            # The rest is read by the next call.
            return found
        finally:
            await consumer.stop()
        return found

    def _voids(self, records: Sequence[ConsumerRecord]) -> Iterator[str]:
        for one in records:
            if dict(one.headers).get("ce_type") != LAW_ADOPTION_VOIDED.encode():
                continue
            if Envelope.from_headers(one.headers).agency == BUS:
                yield self._schemas.decode(one.value)[1]["adoption"]
