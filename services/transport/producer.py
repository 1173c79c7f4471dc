"""The transport's own producer: idempotent, acks=all, whole batches (Faust's is neither)."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any, Self

from aiokafka import AIOKafkaProducer
from aiokafka.errors import UnknownTopicOrPartitionError
from aiokafka.producer.message_accumulator import BatchBuilder

from casebus import telemetry
from casebus.events.partition import partition_for
from casebus.settings import Settings
from casebus.telemetry.spans import tracer
from services.transport.batch import Outgoing

#: Below every topic's limit (1 MiB and 64 KiB at the door). A larger record gets a batch of its
#: own: a builder always takes its first record.
BATCH_BYTES = 512 * 1024
#: A topic just made is not known to every broker at once.
UNKNOWN_SECONDS = 10.0

_Place = tuple[str, int]


class Producer:
    """Sends lists of records; when `send` returns, every in-sync replica has them all."""

    def __init__(self, settings: Settings, *, client_id: str) -> None:
        self._client_id = client_id
        self._options: dict[str, Any] = settings.kafka_client()
        self._counts: dict[str, int] = {}
        self._producer: AIOKafkaProducer

    async def __aenter__(self) -> Self:
        self._producer = AIOKafkaProducer(
            client_id=self._client_id,
            acks="all",
            enable_idempotence=True,
            max_batch_size=BATCH_BYTES,
            **self._options,
        )
        await self._producer.start()
        return self

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
        filled = self._fill(records)
        await asyncio.gather(*(self._deliver(place, it) for place, it in filled.items()))

    def _fill(self, records: Sequence[Outgoing]) -> dict[_Place, list[BatchBuilder]]:
        counts, create = self._counts, self._producer.create_batch
        traced = tracer() is not None
        filled: dict[_Place, list[BatchBuilder]] = {}
        for topic, partition, key, value, headers, timestamp_ms in records:
            if partition is None:
                partition = partition_for(key or b"", counts[topic])  # noqa: PLW2901
            if traced:
                headers = telemetry.hop(headers)  # noqa: PLW2901
            if type(headers) is not list:  # all that aiokafka takes
                headers = list(headers)  # noqa: PLW2901
            batches = filled.get((topic, partition))
            if batches is None:
                batches = filled[topic, partition] = [create()]
            fields = {"timestamp": timestamp_ms, "key": key, "value": value, "headers": headers}
            if batches[-1].append(**fields) is None:
                batches.append(create())
                batches[-1].append(**fields)
        return filled

    async def _deliver(self, place: _Place, batches: list[BatchBuilder]) -> None:
        topic, partition = place
        count = sum(batch.record_count() for batch in batches)
        with telemetry.sending(topic, count=count, client=self._client_id):
            sent = [
                await self._producer.send_batch(batch, topic, partition=partition)
                for batch in batches
            ]
            await asyncio.gather(*sent)
