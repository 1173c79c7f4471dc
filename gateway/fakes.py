"""A gateway without Kafka and PostgreSQL, for fast tests of requests.

`MemoryProducer` replaces `kafka.SingleProducer`; the database is `storage.fakes`, the directory one
that was read (`casebus.sdk.fakes`).
"""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from aiokafka.errors import KafkaConnectionError

from casebus.cases.listed import PenaltyEntryRules
from casebus.cases.visibility import Access
from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.kafka.fakes import KnownDirectory
from casebus.now import Now
from casebus.settings import Settings
from casebus.trust.directory import Directory
from casebus.trust.witnessing import Witnessing
from gateway.runtime.context import Gateway
from storage.fakes import MemoryDatabase


class Produced(NamedTuple):
    topic: str
    record: Record
    message_id: str


class MemoryProducer:
    """Brokers that take every record, until `refuses` gives an error."""

    def __init__(self) -> None:
        self.taken: list[Produced] = []
        self.refuses: CasebusError | None = None

    @property
    def connected(self) -> bool:
        return bool(self.taken)

    async def send(self, topic: str, record: Record, *, message_id: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.taken.append(Produced(topic, record, message_id))

    async def start(self) -> NoReturn:
        """There is no broker to speak with."""
        raise KafkaConnectionError

    async def stop(self) -> None: ...


def memory_gateway(
    settings: Settings,
    *,
    schemas: Schemas,
    directory: Directory,
    now: Now,
    database: MemoryDatabase,
    producer: MemoryProducer,
) -> Gateway:
    """Keys and policies are read from the places in the settings."""
    return Gateway(
        settings=settings,
        schemas=schemas,
        now=now,
        producer=producer,
        reader=KnownDirectory(directory),
        access=Access.load(settings.policies_dir),
        asking=PenaltyEntryRules.load(settings.policies_dir),
        witnessing=Witnessing.load(settings.policies_dir),
        _pool=database.pool,
    )
