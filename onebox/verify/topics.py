"""Reads whole topics, from their first record to the end they had when reading began."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from kafka import KafkaConsumer, TopicPartition

from casebus.sdk.connection import consumer_settings
from casebus.settings import Settings

_POLL_MS = 1_000


def read_topic(settings: Settings, topic: str) -> Iterator[Any]:
    """Every record of a topic, in order within each partition, one partition after the other."""
    options = consumer_settings(settings, None) | {"max_poll_records": 5_000}
    consumer = KafkaConsumer(**options)
    try:
        for partition in sorted(consumer.partitions_for_topic(topic) or ()):
            yield from _read_partition(consumer, TopicPartition(topic, partition))
    finally:
        consumer.close()


def _read_partition(consumer: KafkaConsumer, place: TopicPartition) -> Iterator[Any]:
    end = consumer.end_offsets([place])[place]
    consumer.assign([place])
    consumer.seek_to_beginning(place)
    while consumer.position(place) < end:
        for records in consumer.poll(timeout_ms=_POLL_MS).values():
            yield from (record for record in records if record.offset < end)
