"""Adopts the law of this checkout: keeps it in the database, and announces it in each partition.

From a `law.adopted` on, casework derives that journal partition by its bundle (design rule 10, law
bundles).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
from kafka import KafkaProducer

from casebus.events.doors import BUS, BUS_DOOR
from casebus.events.envelope import Envelope, Record
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.events.types import LAW_ADOPTED
from casebus.kafka.connection import open_producer
from casebus.law import LawError, bundle, checking, loader
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from storage import law

_NAMESPACE = uuid.UUID("b0a6b7f4-2f0c-5a43-8a52-7f7f1f0a3c55")
_SEND_SECONDS = 20


def digest_of(policies: Path) -> str:
    return bundle.digest(loader.read(policies / "law"))


def check(settings: Settings) -> None:
    """Raises LawError if the files of this checkout cannot be used; then nothing changes."""
    refuse_errors(loader.read(settings.policies_dir / "law"), settings)


def refuse_errors(files: Mapping[str, bytes], settings: Settings) -> None:
    """Raises LawError with file, line and reason of every error."""
    problems = checking.check(files, Schemas.load(settings.schemas_dir))
    errors = [f"{one.file}: line {one.line}: {one.text}" for one in problems if one.is_error]
    if errors:
        raise LawError("law_refused", "; ".join(errors))


async def keep(database_url: str, policies: Path) -> None:
    """Store the bundle: everyone who derives by its digest must find it."""
    await keep_files(database_url, loader.read(policies / "law"))


async def keep_files(database_url: str, files: Mapping[str, bytes]) -> None:
    connection = await asyncpg.connect(database_url)
    try:
        await law.keep_bundle(connection, bundle.digest(files), bundle.pack(files))
    finally:
        await connection.close()


@dataclass(frozen=True, slots=True)
class Adoption:
    """One decision that a law is in force from here on.

    Without a person if the installation made it.
    """

    digest: str
    previous: str
    author: str = ""
    reasons: str = ""
    #: The number of earlier ones: a law that comes back is adopted by an event of its own.
    before: int = 0

    def event_id(self, stream: uuid.UUID) -> str:
        words = [self.digest, self.previous, *([str(self.before)] if self.before else [])]
        return str(uuid.uuid5(stream, "/".join(words)))


def adopt(settings: Settings, key: SigningKey, adoption: Adoption) -> None:
    """Send one event for each journal partition through the front door; the same ids every time."""
    schemas = Schemas.load(settings.schemas_dir)
    drafts = [
        _draft(schemas, stream, adoption, number)
        for number, stream in enumerate(streams(settings.installation_partitions))
    ]
    say(settings, key, schemas, drafts)


def say(settings: Settings, key: SigningKey, schemas: Schemas, drafts: list[Draft]) -> None:
    """Sign as the bus and hand in at its door; returns when the brokers have it."""
    partitions = settings.installation_partitions
    producer = open_producer(settings)
    try:
        for future in [_send(producer, one, partitions) for one in sign(drafts, key, schemas)]:
            future.get(timeout=_SEND_SECONDS)
    finally:
        producer.close()


def streams(partitions: int) -> Iterator[uuid.UUID]:
    """One stream for each partition, in order: the first of a fixed series that falls into it."""
    for wanted in range(partitions):
        attempt = 0
        while True:
            stream = uuid.uuid5(_NAMESPACE, f"{partitions}/{wanted}/{attempt}")
            if partition_for(str(stream).encode(), partitions) == wanted:
                break
            attempt += 1
        yield stream


def _draft(schemas: Schemas, stream: uuid.UUID, adoption: Adoption, partition: int) -> Draft:
    envelope = Envelope(
        id=adoption.event_id(stream),
        type=LAW_ADOPTED,
        source=BUS,
        subject=str(stream),
        time=datetime.now(UTC),
        dataschema=schemas.latest(LAW_ADOPTED).uri,
    )
    data = {
        "digest": adoption.digest,
        "previous": adoption.previous,
        "partition": partition,
        "author": adoption.author,
        "reasons": adoption.reasons,
    }
    return Draft(envelope, schemas.encode(LAW_ADOPTED, data))


def _send(producer: KafkaProducer, record: Record, partitions: int) -> Any:
    return producer.send(
        BUS_DOOR,
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        partition=partition_for(record.key or b"", partitions),
    )
