"""The development directory: a root of our own making, and the agencies of an installation.

The directory is a topic (design rule 9, the directory). Its content is read first, and only missing
entries are appended, signed by the root key, which no service holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Protocol

from kafka import KafkaConsumer, TopicPartition

from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY
from casebus.kafka.connection import consumer_settings, open_producer
from casebus.settings import Settings
from casebus.trust.directory import ROOT, Agency, Directory
from casebus.trust.entries import entry_of
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import Draft, sign
from operations.speakers import SPEAKERS

#: Development keys are valid from here on: scenarios on their own time sign with them too.
VALID_FROM = datetime(2020, 1, 1, tzinfo=UTC)
_SEND_SECONDS = 20
_POLL_MS = 500


class PrivateKeys(Protocol):
    """The agencies whose keys the installation holds itself. A missing key is made."""

    def of(self, agency: str) -> SigningKey: ...

    def of_speaker(self, process: str) -> SigningKey: ...

    def has(self, agency: str) -> bool: ...


def provision_directory(
    settings: Settings, schemas: Schemas, agencies: list[Agency], keys: PrivateKeys, known_root: str
) -> str:
    """Bring the topic up to these agencies; returns the root digest to pin.

    A directory whose root key is not here is another's: it is checked and left unchanged. Raises
    DirectoryError if it does not begin with the pinned root.
    """
    records = _read(settings)
    if not records:
        first = _root_entry(schemas, keys)
        records = [first]
        _append(settings, records)
        known_root = _leaf(schemas, first)
    directory = Directory(schemas, known_root)
    for record in records:
        directory.apply(record)
    if not keys.has(ROOT):
        return known_root
    drafts = [draft for one in agencies for draft in _missing(schemas, directory, one, keys)]
    if drafts:
        _append(settings, sign(drafts, keys.of(ROOT), schemas))
    return known_root


def _missing(
    schemas: Schemas, directory: Directory, agency: Agency, keys: PrivateKeys
) -> Iterable[Draft]:
    if directory.agency(agency.id) != agency:
        yield _draft(schemas, "agency_registered", agency.id, _registration(agency))
    own = map(keys.of_speaker, SPEAKERS) if agency.id == BUS else [keys.of(agency.id)]
    for key in own:
        if directory.key(key.keyid) is None:
            yield _draft(schemas, "key_added", agency.id, {"agency": agency.id, **_public(key)})


def _registration(agency: Agency) -> dict[str, Any]:
    return {
        "agency": agency.id,
        "name": agency.name,
        "sector": agency.sector,
        "level": agency.level,
        "division": agency.division,
        "superior": agency.superior or "",
        "delivery": agency.delivery,
        "hosted": agency.delivery == "hosted",
    }


def _root_entry(schemas: Schemas, keys: PrivateKeys) -> Record:
    key = keys.of(ROOT)
    draft = _draft(schemas, "root_established", ROOT, {"keys": [_public(key)]})
    return sign([draft], key, schemas)[0]


def _public(key: SigningKey) -> dict[str, Any]:
    return {
        "keyid": key.keyid,
        "algorithm": key.algorithm,
        "public": key.public,
        "valid_from": VALID_FROM,
    }


def _draft(schemas: Schemas, event: str, about: str, data: dict[str, Any]) -> Draft:
    return entry_of(schemas, event, about, data, at=datetime.now(UTC))


def _leaf(schemas: Schemas, record: Record) -> str:
    value = record.value or b""
    return event_leaf(schemas.schema_of(value).digest, record.headers, value).hex()


def _read(settings: Settings) -> list[Record]:
    """All present entries."""
    consumer = KafkaConsumer(**consumer_settings(settings, None))
    place = TopicPartition(DIRECTORY, 0)
    records: list[Record] = []
    try:
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for found in consumer.poll(timeout_ms=_POLL_MS).get(place, ()):
                headers = tuple((name, text or b"") for name, text in found.headers)
                records.append(Record(found.key, found.value, headers))
    finally:
        consumer.close()
    return records


def _append(settings: Settings, records: list[Record]) -> None:
    producer = open_producer(settings)
    try:
        sent = [
            producer.send(DIRECTORY, key=one.key, value=one.value, headers=list(one.headers))
            for one in records
        ]
        for future in sent:
            future.get(timeout=_SEND_SECONDS)
    finally:
        producer.close()
