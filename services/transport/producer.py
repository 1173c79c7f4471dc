"""The transport's own producer: idempotent, acks=all, whole batches (Faust's is neither)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.producer.message_accumulator import BatchBuilder

from casebus import telemetry
from casebus.events.partition import partition_for
from casebus.kafka.producing import started_producer
from casebus.settings import Settings
from casebus.telemetry.spans import tracer
from services.transport.batch import Outgoing

#: A topic just made is not known to every broker at once.
UNKNOWN_SECONDS = 10.0

_Place = tuple[str, int]


class Producer:
    """Sends lists of records; when `send` returns, every in-sync replica has them all."""

    def __init__(self, settings: Settings, *, client_id: str) -> None:
        self._client_id = client_id
        self._settings = settings
        self._counts: dict[str, int] = {}
        self._producer: AIOKafkaProducer

    async def __aenter__(self) -> Self:
        self._producer = await self._started()
        return self

    async def _started(self) -> AIOKafkaProducer:
        return await started_producer(self._settings, client_id=self._client_id)

    async def renew(self) -> None:
        """Go on with new numbers, after a refused record left a gap in those of this producer."""
        before, self._producer = self._producer, await self._started()
        await before.stop()

    async def __aexit__(self, *_: object) -> None:
        await self._producer.stop()

    async def partitions(self, topic: str) -> int:
        """How many partitions `topic` has; raises UnknownTopicOrPartitionError after a while."""
        count = self._counts.get(topic)
        if count is None:
            try:
                async with asyncio.timeout(UNKNOWN_SECONDS):
                    known = await self._producer.partitions_for(topic)
            except TimeoutError:
                raise UnknownTopicOrPartitionError(topic) from None
            count = self._counts[topic] = len(known)
        return count

    async def send(self, outgoing: Iterable[Outgoing]) -> None:
        """Deliver all, in order within a partition; raises the broker's error of any that failed.

        After an error it is unknown which records were written: the caller leaves the process.
        """
        records = outgoing if isinstance(outgoing, Sequence) else list(outgoing)
        if not records:
            return
        for topic in {record.topic for record in records}:
            await self.partitions(topic)
        placed = self._placed(records)
        await asyncio.gather(*(self._deliver(place, some) for place, some in placed.items()))

    def _placed(self, records: Sequence[Outgoing]) -> dict[_Place, list[Outgoing]]:
        counts, placed = self._counts, dict[_Place, list[Outgoing]]()
        for record in records:
            topic, partition, key = record[:3]
            if partition is None:
                partition = partition_for(key or b"", counts[topic])
            there = placed.get((topic, partition))
            if there is None:
                placed[topic, partition] = [record]
            else:
                there.append(record)
        return placed

    async def _deliver(self, place: _Place, records: Sequence[Outgoing]) -> None:
        topic, partition = place
        with telemetry.sending(topic, count=len(records), client=self._client_id):
            # Inside the span: it is this send that the records' `traceparent` must name.
            sent = [
                await self._producer.send_batch(batch, topic, partition=partition)
                for batch in self._fill(records)
            ]
            await asyncio.gather(*sent)

    def _fill(self, records: Sequence[Outgoing]) -> list[BatchBuilder]:
        create, traced = self._producer.create_batch, tracer() is not None
        batches = [create()]
        for _, _, key, value, given, timestamp_ms in records:
            headers = telemetry.hop(given) if traced else given
            if type(headers) is not list:  # all that aiokafka takes
                headers = list(headers)
            fields = {"timestamp": timestamp_ms, "key": key, "value": value, "headers": headers}
            if batches[-1].append(**fields) is None:
                batches.append(create())
                batches[-1].append(**fields)
        return batches
