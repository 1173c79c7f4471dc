"""What a Kafka account is allowed to see, and the directory as it stands, read once."""

from __future__ import annotations

import time

from kafka import KafkaConsumer, TopicPartition

from casebus.errors import AwayError, CasebusError
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY
from casebus.sdk.connection import clear_errors, consumer_settings, open_consumer
from casebus.sdk.doors import DoorOf, SectorOf, door_among, one_door, visible_door
from casebus.sdk.patience import STILL_SECONDS
from casebus.settings import Settings
from casebus.trust.directory import Directory, DirectoryError

_POLL_MS = 1_000


def visible_topics(settings: Settings) -> set[str]:
    """Names of the topics that this account may use in any way."""
    with clear_errors(settings):
        consumer = KafkaConsumer(**consumer_settings(settings, None))
        try:
            return set(consumer.topics())
        finally:
            consumer.close(autocommit=False)


def door_finder(settings: Settings, schemas: Schemas) -> DoorOf:
    """The one door that an agency's account sees, or every agency's sector's by the directory."""
    topics = visible_topics(settings)
    if DIRECTORY not in topics:
        return one_door(visible_door(topics))
    directory = read_directory(settings, schemas)

    def door_of(agency: str) -> str:
        known = directory.agency(agency)
        door = known and door_among(topics, known.sector)
        if not door:
            raise CasebusError("sector_unknown", f"the directory has no agency {agency}")
        return door

    return door_of


def doors_seen(settings: Settings, sector_of: SectorOf) -> DoorOf:
    """Refuse a sector of which this account sees no door, before anything is kept for it."""
    seen: set[str] = set()

    def door_of(agency: str) -> str:
        sector = sector_of(agency)
        if not seen:
            seen.update(visible_topics(settings))
        door = door_among(seen, sector)
        if door is None:
            detail = (
                f"user {settings.kafka_username} may not write for {agency} ({sector}):"
                " use an account that may write for every sector named"
            )
            raise CasebusError("topic_denied", detail)
        return door

    return door_of


def read_directory(settings: Settings, schemas: Schemas) -> Directory:
    """Every entry up to now, checked from the pinned root on.

    Raises CasebusError `no_root_digest` where none is pinned, `topic_denied` where this account
    may not read the directory, `directory_root_mismatch` where entry 0 is another root.
    """
    if not settings.root_digest:
        raise CasebusError("no_root_digest", "set CASEBUS_ROOT_DIGEST: whom to trust")
    directory = Directory(schemas, settings.root_digest)
    consumer = open_consumer(settings, DIRECTORY, None)
    try:
        with clear_errors(settings, DIRECTORY):
            _read(consumer, directory, settings)
    finally:
        consumer.close(autocommit=False)
    return directory


def _read(consumer: KafkaConsumer, directory: Directory, settings: Settings) -> None:
    place = TopicPartition(DIRECTORY, 0)
    consumer.assign([place])
    end = consumer.end_offsets([place])[place]
    came_at = time.monotonic()
    while directory.position < end:
        if time.monotonic() - came_at > STILL_SECONDS:
            says = f"{settings.kafka_bootstrap} stopped in the midst of the directory"
            raise AwayError("kafka_unreachable", says)
        for record in consumer.poll(timeout_ms=_POLL_MS).get(place, ()):
            came_at = time.monotonic()
            headers = tuple((name, value or b"") for name, value in record.headers)
            _apply(directory, Record(record.key, record.value, headers))


def _apply(directory: Directory, record: Record) -> None:
    try:
        directory.apply(record)
    except DirectoryError:
        if directory.position == 0:
            raise
        # Readers go on past an entry that they must not believe, as every worker does.
        directory.skip()
