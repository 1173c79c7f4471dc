"""The gateway's two Kafka clients: one idempotent producer, one reader of the directory topic."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import ssl
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from casebus import telemetry
from casebus.errors import CasebusError
from casebus.events.envelope import Header, Record
from casebus.events.partition import partition_for
from casebus.settings import Settings
from casebus.trust.directory import Directory, DirectoryError

_log = logging.getLogger(__name__)
CLIENT_ID = "casebus-gateway"
#: An event of 1 MiB with its headers must fit into one request.
_MOST_REQUEST_BYTES = 2 * 1024 * 1024
#: Seconds until a send counts as failed; the caller is told 503 and may ask again.
_SEND_PATIENCE = 10.0
_RETRY_SECONDS = 1.0


def client_options(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "bootstrap_servers": settings.kafka_bootstrap.split(","),
        "security_protocol": settings.kafka_security_protocol,
        "client_id": CLIENT_ID,
    }
    if settings.kafka_security_protocol.startswith("SASL_"):
        options |= {
            "sasl_mechanism": settings.kafka_sasl_mechanism,
            "sasl_plain_username": settings.kafka_username,
            "sasl_plain_password": settings.kafka_password,
        }
    if settings.kafka_security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context()
    return options


class Producer:
    """Produces one record at a time and returns when every in-sync replica has it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    @property
    def connected(self) -> bool:
        return self._producer is not None

    async def send(
        self, topic: str, record: Record, *, message_id: str, headers: list[Header]
    ) -> None:
        """Deliver to the partition of the record's key; raises `bus_unavailable`."""
        try:
            async with asyncio.timeout(_SEND_PATIENCE):
                producer = await self.start()
                partitions = await producer.partitions_for(topic)
                with telemetry.sending(topic, message_id=message_id, client=CLIENT_ID):
                    await producer.send_and_wait(
                        topic,
                        record.value,
                        key=record.key,
                        headers=telemetry.hop(headers),
                        partition=partition_for(record.key or b"", len(partitions)),
                    )
        except (KafkaError, TimeoutError, OSError) as error:
            _log.warning("send failed", exc_info=error, extra={"topic": topic})
            raise CasebusError("bus_unavailable", "send the same request again") from error

    async def start(self) -> AIOKafkaProducer:
        """The running producer; raises KafkaError where no broker answers."""
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    acks="all",
                    enable_idempotence=True,
                    max_request_size=_MOST_REQUEST_BYTES,
                    **client_options(self._settings),
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
        return self._producer

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()


class DirectoryReader:
    """Follows the `directory` topic from its beginning; no group, every gateway reads all of it."""

    TOPIC = "directory"

    def __init__(self, settings: Settings, directory: Directory) -> None:
        self._settings = settings
        self.directory = directory
        self._caught_up = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    @property
    def caught_up(self) -> bool:
        """Whether everything that stood there at the start has been read."""
        return self._caught_up.is_set()

    def start(self) -> None:
        self._task = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._task

    def require(self) -> Directory:
        """The directory; raises `directory_unavailable` before it has been read once."""
        if not self.caught_up:
            raise CasebusError("directory_unavailable", "try again in a moment")
        return self.directory

    async def _follow(self) -> None:
        while True:
            try:
                await self._read()
            except (KafkaError, OSError) as error:
                _log.warning("directory is out of reach", exc_info=error)
            await asyncio.sleep(_RETRY_SECONDS)

    async def _read(self) -> None:
        place = TopicPartition(self.TOPIC, 0)
        consumer = AIOKafkaConsumer(
            **client_options(self._settings),
            enable_auto_commit=False,
            auto_offset_reset="earliest",
            isolation_level="read_committed",
        )
        try:
            await consumer.start()
            consumer.assign([place])
            consumer.seek(place, self.directory.position)
            end = (await consumer.end_offsets([place]))[place]
            while True:
                if self.directory.position >= end > 0:
                    self._caught_up.set()
                for record in (await consumer.getmany(place, timeout_ms=1000)).get(place, []):
                    self._apply(Record(record.key, record.value, tuple(record.headers)))
        finally:
            await consumer.stop()

    def _apply(self, record: Record) -> None:
        try:
            self.directory.apply(record)
        except DirectoryError as error:
            _log.exception("directory entry not believed", extra={"code": error.code})
            self.directory.skip()
