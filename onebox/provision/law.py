"""The law of this checkout, adopted: kept in the database, and said once in each partition.

From a `law.adopted` on, casework derives that journal partition by its bundle (design rule 10).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from kafka import KafkaProducer

from casebus.events.envelope import Envelope, Record
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.law import bundle, loader
from casebus.sdk.connection import producer_settings
from casebus.settings import Settings
from casebus.trust.directory import BUS
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from storage import law

TYPE = "casebus.law.adopted.v1"
TOPIC = "events.bus"
_NAMESPACE = uuid.UUID("b0a6b7f4-2f0c-5a43-8a52-7f7f1f0a3c55")
_SEND_SECONDS = 20


def digest_of(policies: Path) -> str:
    return bundle.digest(loader.read(policies / "law"))


async def keep(database_url: str, policies: Path) -> None:
    """Store the bundle: whoever derives by its digest must find it."""
    files = loader.read(policies / "law")
    connection = await asyncpg.connect(database_url)
    try:
        await law.keep_bundle(connection, bundle.digest(files), bundle.pack(files))
    finally:
        await connection.close()


def adopt(settings: Settings, key: SigningKey, digest: str, previous: str) -> None:
    """Send one event a journal partition through the front door; the same ids every time."""
    schemas = Schemas.load(settings.schemas_dir)
    partitions = settings.installation_partitions
    drafts = [
        _draft(schemas, stream, {"digest": digest, "partition": number, "previous": previous})
        for number, stream in enumerate(streams(partitions))
    ]
    producer = KafkaProducer(**producer_settings(settings))
    try:
        for future in [_send(producer, one, partitions) for one in sign(drafts, key, schemas)]:
            future.get(timeout=_SEND_SECONDS)
    finally:
        producer.close()


def streams(partitions: int) -> Iterator[uuid.UUID]:
    """One stream a partition, in order: the first of a fixed series that falls into it."""
    for wanted in range(partitions):
        attempt = 0
        while True:
            stream = uuid.uuid5(_NAMESPACE, f"{partitions}/{wanted}/{attempt}")
            if partition_for(str(stream).encode(), partitions) == wanted:
                break
            attempt += 1
        yield stream


def _draft(schemas: Schemas, stream: uuid.UUID, data: dict[str, object]) -> Draft:
    envelope = Envelope(
        id=str(uuid.uuid5(stream, f"{data['digest']}/{data['previous']}")),
        type=TYPE,
        source=BUS,
        subject=str(stream),
        time=datetime.now(UTC),
        dataschema=schemas.latest(TYPE).uri,
    )
    return Draft(envelope, schemas.encode(TYPE, data))


def _send(producer: KafkaProducer, record: Record, partitions: int) -> Any:
    return producer.send(
        TOPIC,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        partition=partition_for(record.key or b"", partitions),
    )
