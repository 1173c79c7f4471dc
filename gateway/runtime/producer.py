"""The gateway's producer: idempotent, one record at a time."""

from __future__ import annotations

import asyncio
import logging
from typing import Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError, RecordListTooLargeError

from casebus import telemetry
from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from casebus.kafka.producing import started_producer
from casebus.rejections import Reason
from casebus.settings import Settings

_log = logging.getLogger(__name__)
CLIENT_ID = "casebus-gateway"
#: Seconds until a send counts as failed; the caller is told 503 and may ask again.
_SEND_PATIENCE = 10.0
_RETRY_SECONDS = 1.0


class EventProducer(Protocol):
    """The part of a producer that the gateway needs."""

    @property
    def connected(self) -> bool: ...

    async def send(self, topic: str, record: Record, *, message_id: str) -> None: ...

    async def start(self) -> AIOKafkaProducer: ...

    async def stop(self) -> None: ...


class SingleProducer:
    """Produces one record at a time and returns when every in-sync replica has it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()

    @property
    def connected(self) -> bool:
        return self._producer is not None

    async def send(self, topic: str, record: Record, *, message_id: str) -> None:
        """Deliver to the partition of the record's key; raises `bus_unavailable` or `too_large`."""
        producer = None
        try:
            async with asyncio.timeout(_SEND_PATIENCE):
                producer = await self.start()
                partitions = await producer.partitions_for(topic)
                with telemetry.sending(topic, message_id=message_id, client=CLIENT_ID):
                    await producer.send_and_wait(
                        topic,
                        record.value,
                        key=record.key,
                        headers=telemetry.hop(list(record.headers)),
                        partition=partition_for(record.key or b"", len(partitions)),
                    )
        except (MessageSizeTooLargeError, RecordListTooLargeError) as error:
            # Its number is now missing from the broker's count.
            await self._forget(producer)
            raise CasebusError(Reason.TOO_LARGE, "the brokers take no record so large") from error
        except (KafkaError, TimeoutError, OSError) as error:
            _log.warning("send failed", exc_info=error, extra={"topic": topic})
            raise CasebusError("bus_unavailable", "send the same request again") from error

    async def start(self) -> AIOKafkaProducer:
        """The running producer; raises KafkaError if no broker answers."""
        async with self._starting:
            if self._producer is None:
                self._producer = await started_producer(self._settings, client_id=CLIENT_ID)
        return self._producer

    async def _forget(self, producer: AIOKafkaProducer | None) -> None:
        """Let the next send start another producer; work under way here still ends."""
        async with self._starting:
            if self._producer is not producer:
                return
            self._producer = None
        if producer is not None:
            await producer.stop()

    async def stop(self) -> None:
        if self._producer is not None:
            await self._producer.stop()
