"""The one producer of the services and the gateway: idempotent, from every in-sync replica.

An agency's install has no aiokafka: it is loaded where a producer is made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from casebus.events.limits import MOST_RECORD_BYTES
from casebus.later import later
from casebus.settings import Settings

if TYPE_CHECKING:
    import aiokafka
else:
    aiokafka = later("aiokafka")

#: Below every topic's limit (1 MiB and 64 KiB at the door). A larger record gets a batch of its
#: own: a builder always takes its first record.
_BATCH_BYTES = 512 * 1024


async def started_producer(settings: Settings, *, client_id: str) -> aiokafka.AIOKafkaProducer:
    """A producer that runs; raises KafkaError where no broker answers, and leaves nothing open."""
    producer = aiokafka.AIOKafkaProducer(
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        max_batch_size=_BATCH_BYTES,
        max_request_size=MOST_RECORD_BYTES,
        **settings.kafka_client(),
    )
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer
