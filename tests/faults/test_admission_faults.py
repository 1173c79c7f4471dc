"""50,000 events through the front door while its processes are killed, regrouped and hindered."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    ResourcePatternType,
    ResourceType,
)
from kafka import KafkaProducer

from casebus.events.doors import door_of
from casebus.events.envelope import Record
from casebus.events.topics import JOURNAL, REJECTED
from casebus.kafka.connection import producer_settings
from onebox import state
from services.transport.worker import EXIT_FAILED
from tests.faults.bus import COUNT, DOOR_TOPICS, Bus
from tests.faults.harness import Fleet, Kafka, Marks, events, judge
from tests.foreign import Name

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

#: Small batches make the run long enough to hit it in the middle of many.
SLOWLY = {"CASEBUS_POLL_RECORDS": "100", "CASEBUS_SESSION_SECONDS": "6"}
STALE_SECONDS = 6.0
CODECS = ("none", "gzip", "snappy", "lz4", "zstd")


@pytest.fixture
def fleet(bus: Bus) -> Iterator[Fleet]:
    with Fleet(bus.stack, "admission", env=SLOWLY) as fleet:
        yield fleet


def test_admission_ended_in_mid_flight_loses_and_reorders_nothing(bus: Bus, fleet: Fleet) -> None:
    marks = bus.kafka.marks(JOURNAL)
    sent = bus.send("ended")
    for number, share in [(signal.SIGKILL, 0.1), (signal.SIGTERM, 0.3), (signal.SIGKILL, 0.5)]:
        worker = fleet.start()
        bus.kafka.until_grown(JOURNAL, marks, int(COUNT * share))
        fleet.signal(worker, number)
        assert bus.kafka.lag("admission", *DOOR_TOPICS) > 0, "all was done before the fault"
    fleet.start()
    all_journaled(bus, fleet, sent, marks)


@pytest.mark.long
def test_doors_that_move_to_a_second_admission_and_back_lose_and_reorder_nothing(
    bus: Bus, fleet: Fleet
) -> None:
    marks = bus.kafka.marks(JOURNAL)
    sent = bus.send("regrouped")
    fleet.start("first")
    bus.kafka.until_grown(JOURNAL, marks, COUNT // 10)
    second = fleet.start("second")
    bus.kafka.until_grown(JOURNAL, marks, COUNT // 2)
    fleet.signal(second, signal.SIGTERM)
    all_journaled(bus, fleet, sent, marks)


def test_a_directory_that_falls_silent_pauses_admission_and_nothing_is_rejected(
    bus: Bus, fleet: Fleet
) -> None:
    marks, rejected = bus.kafka.marks(JOURNAL), bus.kafka.marks(REJECTED)
    with no_heartbeat(bus):
        time.sleep(STALE_SECONDS)
        sent = bus.send("silent", 10_000)
        fleet.start()
        fleet.until_assigned(*DOOR_TOPICS)
        time.sleep(1)
        assert bus.kafka.grown(JOURNAL, marks) == bus.kafka.grown(REJECTED, rejected) == 0
    all_journaled(bus, fleet, sent, marks)


def test_a_journal_that_takes_no_writes_stops_admission_and_loses_nothing_once_it_does(
    bus: Bus, fleet: Fleet
) -> None:
    marks = bus.kafka.marks(JOURNAL)
    with denied(bus.kafka, "admission", JOURNAL):
        sent = bus.send("denied", 1_000)
        assert fleet.start().wait(60) == 70
        assert bus.kafka.lag("admission", *DOOR_TOPICS) >= len(sent), "it acked what it lost"
    fleet.start()
    all_journaled(bus, fleet, sent, marks)


def test_an_agency_s_door_that_is_made_while_admission_runs_is_worked_off_once_it_begins_anew(
    bus: Bus, fleet: Fleet
) -> None:
    marks = bus.kafka.marks(JOURNAL)
    sent = bus.send("before the door", 100)
    # It is back before its session is over, as when its supervisor starts it again at once.
    session = {"CASEBUS_SESSION_SECONDS": "15"}
    first = fleet.start(CASEBUS_STALL_SECONDS="6", **session)
    bus.kafka.until_grown(JOURNAL, marks, len(sent))
    door = door_of("administrative", f"cn-330108-amr-{uuid4().hex[:6]}")
    bus.kafka.create(door)
    allow(bus.kafka, "admission", door)
    # Its supervisor starts it again.
    assert first.wait(60) in {0, EXIT_FAILED}
    through_it = events(bus.stack, 100, run=door)
    bus.kafka.put(door, through_it)
    fleet.start(**session)
    fleet.until_idle(*DOOR_TOPICS, door)
    assert judge([*sent, *through_it], bus.kafka.since(JOURNAL, marks)).whole


def test_what_any_client_packs_is_read_and_what_nobody_can_read_stops_nothing(
    bus: Bus, fleet: Fleet
) -> None:
    marks, rejected = bus.kafka.marks(JOURNAL), bus.kafka.marks(REJECTED)
    sent = [r for codec in CODECS for r in bus.send(f"by {codec}", 100, codec=codec)]
    named = Record(b"x", b"x", ((Name.of(b"ce_\xff\xfe"), b"x"), ("after", b"x")))
    bomb = Record(b"x", bytes(65 << 20), ())
    for record in (named, bomb):
        send_oddly(bus, DOOR_TOPICS[0], record)
    sent += bus.send("after", 100)
    fleet.start()
    all_journaled(bus, fleet, sent, marks)
    refused = [dict(record.headers) for record in bus.kafka.since(REJECTED, rejected)]
    assert Counter(headers["cb-reason"] for headers in refused) == {
        b"malformed_headers": 1,
        b"unreadable": 1,
    }
    assert [headers["ce_\\udcff\\udcfe"] for headers in refused if "after" in headers] == [b"x"]


def all_journaled(bus: Bus, fleet: Fleet, sent: list[Record], marks: Marks) -> None:
    fleet.until_idle(*DOOR_TOPICS)
    outcome = judge(sent, bus.kafka.since(JOURNAL, marks))
    assert outcome.whole, outcome


@contextmanager
def no_heartbeat(bus: Bus) -> Iterator[None]:
    """The supervisor beats where no scheduler runs; its children go on while it stands."""
    now = state.read(bus.stack.home.state)
    assert now is not None
    os.kill(now.supervisor, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(now.supervisor, signal.SIGCONT)


@contextmanager
def denied(kafka: Kafka, user: str, topic: str) -> Iterator[None]:
    """The user may not write to the topic, whatever else allows it."""
    place = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*")
    denial = AclBinding(*place, AclOperation.WRITE, AclPermissionType.DENY)
    kafka.admin.create_acls([denial])[denial].result()
    try:
        yield
    finally:
        same = AclBindingFilter(*place, AclOperation.WRITE, AclPermissionType.DENY)
        kafka.admin.delete_acls([same])[same].result()


def allow(kafka: Kafka, user: str, topic: str) -> None:
    """The user may read the topic."""
    place = (ResourceType.TOPIC, topic, ResourcePatternType.LITERAL, f"User:{user}", "*")
    permission = AclBinding(*place, AclOperation.READ, AclPermissionType.ALLOW)
    kafka.admin.create_acls([permission])[permission].result()


def send_oddly(bus: Bus, topic: str, record: Record) -> None:
    """By a client that writes header names as they are given, and packs all it can into a MiB."""
    options = {"compression_type": "gzip", "max_request_size": 1 << 27}
    producer = KafkaProducer(**producer_settings(bus.settings) | options)
    headers = list(record.headers)
    producer.send(topic, record.value, record.key, headers, partition=0).get(60)
    producer.close()
