"""Brokers whose journal is lost: its records are written back unchanged, no place is given twice.

Topics keep the broker's time of appending. During the restore they take our times, which are those
of the first writing. Later records have the broker's times again.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Self

from aiokafka import AIOKafkaConsumer, TopicPartition
from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType

from casebus.errors import CasebusError
from casebus.events.doors import agency_of, sector_of
from casebus.events.topics import DIRECTORY, JOURNAL, Member, Topic, Topics, is_hosted_inbox
from casebus.settings import Settings
from operations.clients import open_admin
from operations.provision.kafka import provision_topics
from services.transport import Outgoing, Producer
from storage.restoring import Written

KEPT = (JOURNAL, DIRECTORY)
ROUTER = "router"
_REPLICAS = 3
_LOOK_SECONDS = 0.2
_AT_ONCE = 2_000
_FILLED_AT_ONCE = 50_000
_AS_GIVEN = {
    "message.timestamp.type": "CreateTime",
    "message.timestamp.after.max.ms": str(2**63 - 1),
}

Places = Mapping[str, Mapping[int, int]]
"""Topic → partition → offset."""


class Brokers:
    """Use as an async context manager."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._file = Topics.load(settings.schemas_dir)
        self._topics = {one.name: one for one in self._file.topics()}

    async def __aenter__(self) -> Self:
        self._admin: KafkaAdminClient = await asyncio.to_thread(open_admin, self._settings)
        self._producer = Producer(self._settings, client_id="restore")
        await self._producer.__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._producer.__aexit__()
        await asyncio.to_thread(self._admin.close)

    async def require_empty(self) -> None:
        """Raises CasebusError `journal_not_empty` if records would be written after others."""
        there = await asyncio.to_thread(self._admin.list_topics)
        for name in KEPT:
            if name in there and any((await self._ends(name)).values()):
                raise CasebusError("journal_not_empty", f"the brokers hold records of {name}")

    async def clear(self) -> None:
        """Delete the records that an unfinished run wrote into brokers that it had found empty."""
        there = await asyncio.to_thread(self._admin.list_topics)
        written = [name for name in KEPT if name in there]
        if written:
            await asyncio.to_thread(self._admin.delete_topics, written)
        while any(name in there for name in written):
            await asyncio.sleep(_LOOK_SECONDS)
            there = await asyncio.to_thread(self._admin.list_topics)

    async def open(self) -> None:
        """Make the topics to write back, for records with times of their own."""
        wanted = [self._topics[name] for name in KEPT]
        await asyncio.to_thread(self._create, wanted)
        await self._configure({one.name: {**one.config, **_AS_GIVEN} for one in wanted})

    async def close(self) -> None:
        """Let the broker's time of appending count again."""
        config = {name: self._topics[name].config for name in KEPT}
        after = {"message.timestamp.after.max.ms": ("DELETE", None)}
        await self._configure({name: {**each, **after} for name, each in config.items()})

    async def write(self, topic: str, partition: int, records: AsyncIterator[Written]) -> int:
        """Append to a partition, in order; returns the number.

        Raises CasebusError `journal_not_written`.
        """
        count, waiting = 0, list[Outgoing]()
        async for record in records:
            timestamp, key, value, headers = record
            waiting.append(Outgoing(topic, partition, key, value, list(headers), timestamp))
            count += 1
            if len(waiting) >= _AT_ONCE:
                await self._producer.send(waiting)
                waiting.clear()
        await self._producer.send(waiting)
        if (end := (await self._ends(topic)).get(partition)) != count:
            said = f"{topic} {partition} ends at {end} after {count} records"
            raise CasebusError("journal_not_written", said)
        return count

    async def begin_at(self, places: Places) -> None:
        """Let these empty topics go on at the next offsets, so that no offset is given twice."""
        await asyncio.to_thread(self._create, [self._topic(name) for name in places])
        reached: dict[TopicPartition, int] = {}
        for topic, each in places.items():
            ends = await self._ends(topic)
            for partition, offset in each.items():
                await self._fill(topic, partition, offset - ends.get(partition, 0))
                if offset:
                    reached[TopicPartition(topic, partition)] = offset
        if reached:
            await asyncio.to_thread(self._admin.delete_records, reached)

    async def route_again(self) -> None:
        """Let the router begin at the records that the inboxes, now empty, would still keep."""
        since = round(time.time() * 1000) - self._kept_ms()
        async with self._consumer(group_id=ROUTER) as consumer:
            ends = await self._ends(JOURNAL)
            places = [TopicPartition(JOURNAL, number) for number in ends]
            consumer.assign(places)
            found = await consumer.offsets_for_times(dict.fromkeys(places, since))
            await consumer.commit(
                {
                    place: found[place].offset if found.get(place) else ends[place.partition]
                    for place in places
                }
            )

    def _kept_ms(self) -> int:
        inboxes = (one for name, one in self._topics.items() if is_hosted_inbox(name))
        return max(int(one.config["retention.ms"]) for one in inboxes)

    def _topic(self, name: str) -> Topic:
        """A shared topic, or an agency's door, whose name gives its agency and sector."""
        if name in self._topics:
            return self._topics[name]
        own = self._file.topics([Member(agency_of(name), sector_of(name))])
        return next(one for one in own if one.name == name)

    async def _fill(self, topic: str, partition: int, count: int) -> None:
        empty = Outgoing(topic, partition, None, b"", [])
        for done in range(0, count, _FILLED_AT_ONCE):
            await self._producer.send([empty] * min(_FILLED_AT_ONCE, count - done))

    def _create(self, topics: Iterable[Topic]) -> None:
        brokers = len(self._admin.describe_cluster()["brokers"])
        partitions = self._settings.installation_partitions
        provision_topics(self._admin, topics, partitions, min(brokers, _REPLICAS))

    async def _configure(self, configs: Mapping[str, Mapping[str, object]]) -> None:
        resources = [
            ConfigResource(ConfigResourceType.TOPIC, name, configs=dict(config))
            for name, config in configs.items()
        ]
        await asyncio.to_thread(self._admin.alter_configs, resources)

    async def _ends(self, topic: str) -> dict[int, int]:
        count = await self._producer.partitions(topic)
        async with self._consumer() as consumer:
            places = [TopicPartition(topic, number) for number in range(count)]
            ends = await consumer.end_offsets(places)
        return {place.partition: end for place, end in ends.items()}

    @asynccontextmanager
    async def _consumer(self, group_id: str | None = None) -> AsyncIterator[AIOKafkaConsumer]:
        options = self._settings.kafka_client()
        consumer = AIOKafkaConsumer(group_id=group_id, enable_auto_commit=False, **options)
        await consumer.start()
        try:
            yield consumer
        finally:
            await consumer.stop()
