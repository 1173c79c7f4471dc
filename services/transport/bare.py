"""Runs the same worker on bare aiokafka: the proof that handlers do not depend on Faust."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable

import uvloop
from aiokafka import AIOKafkaConsumer, ConsumerRebalanceListener, TopicPartition

from casebus import telemetry
from services.transport import reading
from services.transport.batch import Batch, Handler, start_offsets
from services.transport.producer import Producer
from services.transport.worker import Worker, WorkerSettings, client_id, instance_id, leaving


def run(worker: Worker) -> None:
    """Run until SIGTERM; leaves the process on any failure."""
    settings = WorkerSettings()
    telemetry.setup(worker.name)
    reading.install()
    uvloop.run(_run(worker, settings))


async def _run(worker: Worker, settings: WorkerSettings) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    with leaving("handler_failed"):
        async with (
            Producer(settings, client_id=client_id(worker, settings)) as producer,
            worker.open(settings, producer) as handler,
        ):
            await _consume(worker, settings, handler, stopping)


async def _consume(
    worker: Worker, settings: WorkerSettings, handler: Handler, stopping: asyncio.Event
) -> None:
    consumer = AIOKafkaConsumer(
        group_id=worker.name,
        client_id=client_id(worker, settings),
        group_instance_id=instance_id(worker, settings),
        session_timeout_ms=int(settings.session_seconds * 1000),
        heartbeat_interval_ms=int(settings.session_seconds * 250),
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        max_poll_records=settings.poll_records,
        **settings.kafka_client(),
    )
    seeking = _Seeking(consumer, handler)
    consumer.subscribe(list(worker.topics), listener=seeking)
    await consumer.start()
    try:
        while not stopping.is_set():
            if starts := seeking.taken():
                await consumer.commit(starts)
            fetched = await consumer.getmany(timeout_ms=200)
            for tp, records in fetched.items():
                await handler(Batch(tp.topic, tp.partition, records))
            if fetched:
                await consumer.commit({tp: rs[-1].offset + 1 for tp, rs in fetched.items()})
    finally:
        await consumer.stop()


class _Seeking(ConsumerRebalanceListener):  # type: ignore[misc]  # aiokafka is not typed for us
    def __init__(self, consumer: AIOKafkaConsumer, handler: Handler) -> None:
        self._consumer, self._handler = consumer, handler
        self._starts: dict[TopicPartition, int] = {}

    def taken(self) -> dict[TopicPartition, int]:
        """The starts that nobody has committed yet, once: no record may come that would."""
        starts, self._starts = self._starts, {}
        return starts

    async def on_partitions_revoked(self, revoked: Iterable[TopicPartition]) -> None:
        """Nothing to give back: batches are handled one by one, between fetches."""

    async def on_partitions_assigned(self, assigned: Iterable[TopicPartition]) -> None:
        self._starts = dict(await start_offsets(self._handler, list(assigned)))
        for partition, offset in self._starts.items():
            self._consumer.seek(partition, offset)
