"""Offsets as the brokers know them: ends of partitions, and the commits of a group."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import AsyncExitStack
from fnmatch import fnmatchcase
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from casebus.settings import Settings
from services.transport import Producer

Offsets = dict[TopicPartition, int]


class BrokerOffsets:
    """Asks the brokers; consumes nothing and commits nothing."""

    def __init__(self, settings: Settings, producer: Producer) -> None:
        self._options = settings.kafka_client()
        self._producer = producer
        self._stack = AsyncExitStack()
        self._seen: set[str] = set()

    async def __aenter__(self) -> Self:
        self._consumer = AIOKafkaConsumer(client_id="scheduler-offsets", **self._options)
        self._admin = AIOKafkaAdminClient(client_id="scheduler-offsets", **self._options)
        await self._consumer.start()
        self._stack.push_async_callback(self._consumer.stop)
        await self._admin.start()
        self._stack.push_async_callback(self._admin.close)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    async def places(self, topics: Iterable[str]) -> list[TopicPartition]:
        """The partitions of these topics, and of all present topics that match a glob in them."""
        wanted = set(topics)
        globs = {name for name in wanted if "*" in name}
        names = wanted - globs
        if globs:
            # A partition that the brokers do not name for a moment still counts. Otherwise the
            # caller would believe that nothing waits in it.
            self._seen |= await self._consumer.topics()
            names |= {name for name in self._seen for glob in globs if fnmatchcase(name, glob)}
        return [
            TopicPartition(topic, partition)
            for topic in sorted(names)
            for partition in range(await self._producer.partitions(topic))
        ]

    async def ends(self, places: Iterable[TopicPartition]) -> Offsets:
        """The offset after the last record of each partition; an empty partition is left out."""
        wanted = list(places)
        first = await self._consumer.beginning_offsets(wanted)
        last = await self._consumer.end_offsets(wanted)
        return {place: end for place, end in last.items() if end > first[place]}

    async def committed(self, group: str) -> Offsets:
        """The committed offsets of a group, without partitions that have no commit.

        Empty while its coordinator is not there, as before a cluster's first group.
        """
        try:
            found = await self._admin.list_consumer_group_offsets(group)
        except KafkaError as error:
            if not error.retriable:
                raise
            return {}
        return {place: it.offset for place, it in found.items() if it.offset >= 0}
