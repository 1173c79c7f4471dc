"""Reads the journal from Kafka, partition by partition, from any offset on."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from casebus.errors import AwayError, CasebusError
from casebus.events.topics import JOURNAL
from casebus.settings import Settings
from services.transport import reading

#: The number of records in one transaction.
AT_ONCE = 2_000
_POLL_MS = 1_000
#: Everything in the journal is there. A fetch at a partition's end waits for more. It would hold up
#: the question for the ends, the next partition, and casework behind the fence.
_FETCH_WAIT_MS = 20
_PATIENCE_SECONDS = 30.0


class RecordedUntil(NamedTuple):
    """The end of one partition of the journal in the live tables."""

    partition: int
    next_index: int
    next_offset: int


class JournalReader:
    """Use as an async context manager. It joins no group and commits nothing."""

    def __init__(self, settings: Settings, topic: str = JOURNAL) -> None:
        self._topic = topic
        self._options = settings.kafka_client()

    async def __aenter__(self) -> Self:
        reading.install()
        self._consumer = AIOKafkaConsumer(
            max_poll_records=AT_ONCE,
            max_partition_fetch_bytes=8_000_000,
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            enable_auto_commit=False,
            auto_offset_reset="none",
            **self._options,
        )
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def bounds(self, partitions: int) -> dict[int, tuple[int, int]]:
        """The first offset of each partition, and the one after its last record, as of now."""
        topics = [TopicPartition(self._topic, number) for number in range(partitions)]
        first = await self._consumer.beginning_offsets(topics)
        ends = await self._consumer.end_offsets(topics)
        return {at.partition: (first[at], ends[at]) for at in topics}

    async def first_offsets(self, places: Collection[RecordedUntil]) -> dict[int, int]:
        """The beginning of each partition.

        Raises CasebusError `journal_shorter` than the tables.
        """
        topics = {TopicPartition(self._topic, one.partition): one for one in places}
        first = await self._consumer.beginning_offsets(list(topics))
        ends = await self._consumer.end_offsets(list(topics))
        for at, one in topics.items():
            if first[at] > one.next_offset - one.next_index or ends[at] < one.next_offset:
                said = f"partition {one.partition} has {first[at]} to {ends[at]}, tables have {one}"
                raise CasebusError("journal_shorter", said)
        return {at.partition: offset for at, offset in first.items()}

    async def read(self, partition: int, offset: int, until: int) -> Sequence[ConsumerRecord]:
        """Some of the records from `offset` on, at least one; none at `until` or after it."""
        at = TopicPartition(self._topic, partition)
        if self._consumer.assignment() != {at}:
            self._consumer.assign([at])
            self._consumer.seek(at, offset)
        elif await self._consumer.position(at) != offset:
            self._consumer.seek(at, offset)
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < deadline:
            fetched = await self._consumer.getmany(at, timeout_ms=_POLL_MS, max_records=AT_ONCE)
            if records := fetched.get(at):
                return [one for one in records if one.offset < until]
        raise AwayError("journal_unread", f"Kafka gave nothing of partition {partition}")
