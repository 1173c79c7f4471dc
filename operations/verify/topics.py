"""Topics as Kafka holds them: the content of each partition, in batches of records."""

from __future__ import annotations

import fnmatch
import time
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from typing import NamedTuple, Self

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from casebus.errors import AwayError
from casebus.patience import STILL_SECONDS
from casebus.settings import Settings
from services.transport import reading

_POLL_MS = 1_000
#: The number of records handed over at once.
AT_ONCE = 2_000
_FETCH_BYTES = 8 << 20
#: Everything in a topic is there, so there is nothing to wait for.
_FETCH_WAIT_MS = 20


class Span(NamedTuple):
    """Offsets of one partition: the first that is kept, and the one after the last."""

    first: int
    end: int


Spans = dict[TopicPartition, Span]


class TopicReader:
    """Use as an async context manager, as admin. It joins no group and commits nothing."""

    def __init__(self, settings: Settings) -> None:
        self._options = settings.kafka_client()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        # Reads the doors, where anybody may write, in the way of the workers.
        reading.install()
        self._reader = await self._started()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def _started(self) -> AIOKafkaConsumer:
        consumer = AIOKafkaConsumer(
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            fetch_max_wait_ms=_FETCH_WAIT_MS,
            max_partition_fetch_bytes=_FETCH_BYTES,
            **self._options,
        )
        await consumer.start()
        self._stack.push_async_callback(consumer.stop)
        return consumer

    async def read(
        self, spans: Mapping[TopicPartition, Span]
    ) -> AsyncIterator[tuple[TopicPartition, Sequence[ConsumerRecord]]]:
        """Every record of the spans, in order within each partition, some at once."""
        unread = {place for place, span in spans.items() if span.end > span.first}
        if not unread:
            return
        self._reader.assign(unread)
        for place in unread:
            self._reader.seek(place, spans[place].first)
        came_at = time.monotonic()
        while unread:
            if time.monotonic() - came_at > STILL_SECONDS:
                place = min(unread)
                says = f"Kafka gave nothing of {place.topic}, partition {place.partition}"
                raise AwayError("kafka_unreachable", says)
            fetched = await self._reader.getmany(*unread, timeout_ms=_POLL_MS, max_records=AT_ONCE)
            for place, records in fetched.items():
                end = spans[place].end
                yield place, [one for one in records if one.offset < end]
            if fetched:
                came_at = time.monotonic()
            unread = {
                place for place in unread if await self._reader.position(place) < spans[place].end
            }


class TopicEnds(TopicReader):
    """Also knows the ends of topics, and the progress of a group."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings)
        self._partitions: dict[str, list[TopicPartition]] = {}

    async def __aenter__(self) -> Self:
        await super().__aenter__()
        self._asker = await self._started()
        self._admin = AIOKafkaAdminClient(**self._options)
        await self._admin.start()
        self._stack.push_async_callback(self._admin.close)
        for topic in await self._admin.describe_topics():
            name = topic["topic"]
            self._partitions[name] = [
                TopicPartition(name, one["partition"]) for one in topic["partitions"]
            ]
        everything = [place for places in self._partitions.values() for place in places]
        # It fetches nothing, so it learns all leaders by one question instead of one for each
        # topic.
        self._asker.assign(everything)
        self._asker.pause(*everything)
        return self

    def named(self, pattern: str) -> list[str]:
        """The existing topics with such a name."""
        return sorted(fnmatch.filter(self._partitions, pattern))

    async def spans(self, topics: Iterable[str]) -> Spans:
        """The present ends of the topics. A missing topic has no partitions."""
        places = [place for topic in topics for place in self._partitions.get(topic, ())]
        if not places:
            return {}
        first = await self._asker.beginning_offsets(places)
        ends = await self._asker.end_offsets(places)
        return {place: Span(first[place], ends[place]) for place in places}

    async def passed(self, group: str, spans: Mapping[TopicPartition, Span]) -> bool:
        """True if the group's commits have reached the ends."""
        try:
            found = await self._admin.list_consumer_group_offsets(group)
        except KafkaError as error:
            if not error.retriable:
                raise
            return False
        return all(
            place in found and found[place].offset >= span.end
            for place, span in spans.items()
            if span.end > span.first
        )
