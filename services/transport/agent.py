"""Runs a worker on Faust: one agent, one message a batch, acks after effects only."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from functools import partial
from typing import Any

import faust
import mode.loop
from aiokafka import TopicPartition
from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from casebus import telemetry
from services.transport import commits, fetching, reading
from services.transport.batch import Batch, Handler, start_offsets
from services.transport.batching import WAITING_BATCHES, BatchingTransport, FetchedBatch
from services.transport.lanes import Lanes
from services.transport.probe import Probe, topics_there
from services.transport.producer import Producer
from services.transport.worker import (
    Worker,
    WorkerSettings,
    client_id,
    end_process,
    instance_id,
    leaving,
    spare_the_collector,
)


def run(worker: Worker) -> None:
    """Run until SIGTERM; leaves the process on any failure."""
    settings = WorkerSettings()
    telemetry.setup(worker.name)
    logging.getLogger("faust").setLevel(logging.WARNING)
    # kafka-python warns that it cannot read Faust's own data about a member, which we do not use.
    logging.getLogger("kafka.admin").setLevel(logging.ERROR)
    mode.loop.use("uvloop")
    reading.install()
    fetching.install()
    commits.install()
    worker = _with_topics(worker, settings)
    app = BatchApp.of(worker, settings)
    Probe(worker, settings).start()
    service = faust.Worker(app, override_logging=False, quiet=True, redirect_stdouts=False)
    service.spinner = None
    service.execute_from_commandline()


def _with_topics(worker: Worker, settings: WorkerSettings) -> Worker:
    if not worker.also:
        return worker
    try:
        admin = KafkaAdminClient(client_id=client_id(worker, settings), **settings.kafka_client())
        found = topics_there(admin, worker)
        admin.close()
    except KafkaError as error:
        end_process("topics_unread", error)
    return replace(worker, topics=found)


class BatchApp(faust.App):  # type: ignore[misc]  # Faust is not typed for us
    """A Faust app of one agent whose handler is a plain function of a batch."""

    logger = logging.getLogger("faust.app")

    worker: Worker
    settings: WorkerSettings
    handler: Handler

    @classmethod
    def of(cls, worker: Worker, settings: WorkerSettings) -> BatchApp:
        (settings.home / "faust").mkdir(parents=True, exist_ok=True)
        app = cls(worker.name, **_configuration(worker, settings))
        app.worker, app.settings = worker, settings
        app.resources = AsyncExitStack()
        app.transport = BatchingTransport(app.conf.broker_consumer, app)
        topic = app.topic(*worker.topics, key_serializer="raw", value_serializer="raw")
        app.agent(topic, name=worker.name)(app.consume)
        return app

    @property
    def batched_topics(self) -> tuple[str, ...]:
        return self.worker.topics

    async def on_first_start(self) -> None:
        """Open the handler before the consumer may be assigned anything."""
        with leaving("handler_not_opened"):
            producer = Producer(self.settings, client_id=client_id(self.worker, self.settings))
            await self.resources.enter_async_context(producer)
            opened = self.worker.open(self.settings, producer)
            self.handler = await self.resources.enter_async_context(opened)
        await super().on_first_start()
        spare_the_collector()

    async def on_shutdown(self) -> None:
        await super().on_shutdown()
        await self.resources.aclose()

    async def assigned(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        return await start_offsets(self.handler, partitions)

    async def consume(self, stream: faust.StreamT) -> None:
        """Handle batch after batch of each partition; ack each when its handler has returned.

        Each topic has lanes of its own: a flood of one holds up nothing of the other.
        """
        batches = stream.noack()
        finish = partial(self._finish, batches)
        lanes = {topic: Lanes(self.worker.lanes, finish) for topic in self.worker.topics}
        try:
            async for event in batches.events():
                place = event.message.tp
                lanes[place.topic].put(place, event)
        finally:
            # Stopping: what is unfinished is not acked and comes again.
            for one in lanes.values():
                one.stop()

    async def _finish(self, batches: faust.StreamT, event: faust.EventT) -> None:
        batch: FetchedBatch = event.message.value
        with leaving("handler_failed"):
            await self._handle(event.message.tp, batch)
            batch.end.handled = True
            await batches.ack(event)

    async def _handle(self, tp: Any, batch: FetchedBatch) -> None:
        if batch.after is not None and not batch.after.handled:
            # A batch between was dropped on its way: acking this one would lose it.
            end_process("batch_missing")
        first = batch.records[0].offset
        with telemetry.processing(
            tp.topic,
            group=self.worker.name,
            partition=tp.partition,
            offset=first,
            count=len(batch.records),
            sources=(record.headers for record in batch.records),
        ):
            await self.handler(Batch(tp.topic, tp.partition, batch.records))

    def _crash(self, reason: BaseException) -> None:
        # A crashed service of Faust's can leave the others waiting for ever.
        end_process("faust_crashed", reason)


def _configuration(worker: Worker, settings: WorkerSettings) -> dict[str, Any]:
    return {
        "broker": ";".join(f"kafka://{host}" for host in settings.kafka_bootstrap.split(",")),
        "broker_credentials": _credentials(settings),
        "broker_client_id": client_id(worker, settings),
        "broker_session_timeout": settings.session_seconds,
        "broker_heartbeat_interval": settings.session_seconds / 4,
        "broker_max_poll_records": settings.poll_records,
        "broker_commit_interval": settings.commit_seconds,
        "consumer_group_instance_id": instance_id(worker, settings),
        "consumer_auto_offset_reset": "earliest",
        # Never reached: the batching consumer stops fetching long before.
        "stream_buffer_maxsize": 64 * WAITING_BATCHES,
        "stream_wait_empty": True,
        "stream_recovery_delay": 0.0,
        "store": "memory://",
        "datadir": settings.home / "faust" / client_id(worker, settings),
        "web_enabled": False,
        "topic_disable_leader": True,
        "topic_allow_declare": False,
    }


def _credentials(settings: WorkerSettings) -> Any:
    protocol = settings.kafka_security_protocol
    context = settings.tls_context() if protocol.endswith("SSL") else None
    if not protocol.startswith("SASL_"):
        return context
    return faust.SASLCredentials(
        username=settings.kafka_username,
        password=settings.kafka_password,
        mechanism=settings.kafka_sasl_mechanism,
        ssl_context=context,
    )
