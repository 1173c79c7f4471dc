"""Reads whole topics, from their first record to the end they had when reading began."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiokafka import AIOKafkaConsumer, ConsumerRecord

from casebus.settings import Settings
from services.transport import reading

_POLL_MS = 1_000


async def read_topic(settings: Settings, topic: str) -> AsyncIterator[ConsumerRecord]:
    """Every record of a topic, in order within each partition; read as the workers read."""
    reading.install()
    consumer = AIOKafkaConsumer(topic, auto_offset_reset="earliest", **settings.kafka_client())
    await consumer.start()
    try:
        ends = await consumer.end_offsets(consumer.assignment())
        unread = set(ends)
        while unread := {place for place in unread if await consumer.position(place) < ends[place]}:
            fetched = await consumer.getmany(*unread, timeout_ms=_POLL_MS)
            for place, records in fetched.items():
                for record in records:
                    if record.offset < ends[place]:
                        yield record
    finally:
        await consumer.stop()
