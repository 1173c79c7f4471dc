"""What a Kafka account is allowed to see, and the door that its events go to."""

from __future__ import annotations

from kafka import KafkaConsumer

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY
from casebus.kafka.connection import clear_errors, consumer_settings
from casebus.kafka.directory import read_directory
from casebus.sdk.doors import DoorOf, SectorOf, door_among, one_door, visible_door
from casebus.settings import Settings


def visible_topics(settings: Settings) -> set[str]:
    """Names of the topics that this account may use in any way."""
    with clear_errors(settings):
        consumer = KafkaConsumer(**consumer_settings(settings, None))
        try:
            return set(consumer.topics())
        finally:
            consumer.close(autocommit=False)


def door_finder(settings: Settings, schemas: Schemas) -> DoorOf:
    """Finds the one door that an agency's account sees, or each agency's door by the directory."""
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
    """Refuse a sector if this account sees no door of it, before anything is kept for it."""
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
