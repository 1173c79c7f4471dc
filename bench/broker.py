"""The broker as the measurements see it: fill a topic, watch it, read its append times."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from confluent_kafka import Consumer, ConsumerGroupTopicPartitions, Producer, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic

from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from casebus.settings import Settings

PARTITIONS = 4
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 60.0


def client_options(settings: Settings) -> dict[str, Any]:
    """librdkafka's names for the values of Settings."""
    return {
        "bootstrap.servers": settings.kafka_bootstrap,
        "security.protocol": settings.kafka_security_protocol,
        "sasl.mechanism": settings.kafka_sasl_mechanism,
        "sasl.username": settings.kafka_username,
        "sasl.password": settings.kafka_password,
    }


class Broker:
    def __init__(self, settings: Settings) -> None:
        self._options = client_options(settings)
        self._admin = AdminClient(self._options)
        self._reader = Consumer(
            {**self._options, "group.id": "bench-reader", "enable.auto.commit": False}
        )

    def create(self, topic: str) -> None:
        config = {"message.timestamp.type": "LogAppendTime"}
        new = NewTopic(topic, PARTITIONS, 1, config=config)
        self._admin.create_topics([new])[topic].result()
        # The broker confirms before it knows the topic itself.
        if not self.until(lambda: topic in self._admin.list_topics(timeout=30).topics):
            raise TimeoutError(f"{topic} is not there")

    def fill(self, topic: str, records: Sequence[Record], times: int = 1) -> None:
        producer = Producer(
            {**self._options, "enable.idempotence": True, "linger.ms": 20, "batch.size": 500_000}
        )
        for record in (one for _ in range(times) for one in records):
            at = partition_for(record.key or b"", PARTITIONS)
            while True:
                try:
                    headers = list(record.headers)
                    producer.produce(topic, record.value, record.key, at, headers=headers)
                    break
                except BufferError:
                    producer.poll(0.1)
        if producer.flush(PATIENCE_SECONDS):
            raise TimeoutError(f"{topic} could not be filled")

    def size(self, topic: str) -> int:
        return sum(self._end(topic, partition) for partition in range(PARTITIONS))

    def until(self, holds: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> bool:
        """True if it held within the time."""
        deadline = time.monotonic() + seconds
        while not holds():
            if time.monotonic() > deadline:
                return False
            time.sleep(LOOK_SECONDS)
        return True

    def rate(self, topic: str, start: Sequence[int]) -> float:
        """Records a second appended from the offsets `start` on, by the broker's append times."""
        first, last, count = [], [], 0
        for partition, begin in enumerate(start):
            end = self._end(topic, partition)
            if end > begin:
                first.append(self._appended(topic, partition, begin))
                last.append(self._appended(topic, partition, end - 1))
                count += end - begin
        return count / max(max(last) - min(first), 0.001)

    def ends(self, topic: str) -> list[int]:
        return [self._end(topic, partition) for partition in range(PARTITIONS)]

    def rewind(self, group: str, topic: str) -> None:
        """Make a group that has no members read the topic from its beginning."""
        begin = [TopicPartition(topic, partition, 0) for partition in range(PARTITIONS)]
        asked = [ConsumerGroupTopicPartitions(group, begin)]

        def rewound() -> bool:
            answer = self._admin.alter_consumer_group_offsets(asked)[group].result()
            return all(place.error is None for place in answer.topic_partitions)

        if not self.until(rewound):
            raise TimeoutError(f"{group} still has members")

    def close(self) -> None:
        self._reader.close()

    def _end(self, topic: str, partition: int) -> int:
        place = TopicPartition(topic, partition)
        return int(self._reader.get_watermark_offsets(place, timeout=30, cached=False)[1])

    def _appended(self, topic: str, partition: int, offset: int) -> float:
        """Append time of one record, in seconds."""
        self._reader.assign([TopicPartition(topic, partition, offset)])
        [message] = self._reader.consume(1, timeout=30)
        self._reader.unassign()
        return float(message.timestamp()[1]) / 1000
