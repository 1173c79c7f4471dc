"""One hop of a traced event on real processes: the journal record and the spans agree."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from casebus.kafka.connection import consumer_settings, producer_settings
from casebus.trust.keys import SigningKey
from onebox.heartbeat import Heartbeat
from onebox.testing import Stack
from tests.integration.collector import Collector, collecting
from tests.world import draft, signed

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR = "cn-330106-amr"
JOURNAL, DOOR = "case.journal", "events.administrative"
TRACE, SPAN = "a" * 32, "b" * 16
PATIENCE_SECONDS = 60


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as collector:
        yield collector


def spans(collector: Collector) -> list[Any]:
    return [
        span
        for path, body in list(collector.bodies)
        if path == "/v1/traces"
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def test_a_journal_record_has_one_traceparent_that_of_the_send_and_the_spans_are_linked(
    brokers: Stack, collector: Collector
) -> None:
    admin = brokers.settings("admin")
    key = SigningKey.load(brokers.home.keys / f"{AMR}.pem")
    record = signed(draft("referral.sent", AMR, time=datetime.now(UTC)), key)
    beat = Heartbeat(admin)
    beat.start()
    try:
        _send(admin, record)
        with brokers.another("admission", collector.environment):
            headers = _journaled(admin, record)
        # The worker has ended: everything it measured has left it.
    finally:
        beat.stop()
        beat.join()
    [traceparent] = [text.decode() for name, text in headers if name == "traceparent"]
    _, trace, span, _ = traceparent.split("-")
    told = spans(collector)
    [send] = [one for one in told if one.span_id.hex() == span and one.name == f"send {JOURNAL}"]
    assert send.trace_id.hex() == trace
    process = [one for one in told if one.name == f"process {DOOR}"]
    linked = {(link.trace_id.hex(), link.span_id.hex()) for one in process for link in one.links}
    assert (TRACE, SPAN) in linked
    assert {one.span_id for one in process} >= {send.parent_span_id}


def _send(admin: Any, record: Record) -> None:
    producer = KafkaProducer(**producer_settings(admin))
    traced = [*record.headers, ("traceparent", f"00-{TRACE}-{SPAN}-01".encode())]
    partition = partition_for(record.key or b"", 4)
    sent = producer.send(
        DOOR, key=record.key, value=record.value, headers=traced, partition=partition
    )
    sent.get(timeout=30)
    producer.close()


def _journaled(admin: Any, record: Record) -> Any:
    """The headers of the record in the journal, as soon as it stands there."""
    consumer = KafkaConsumer(**consumer_settings(admin, None))
    places = [TopicPartition(JOURNAL, partition) for partition in range(4)]
    consumer.assign(places)
    consumer.seek_to_beginning(*places)
    deadline = time.monotonic() + PATIENCE_SECONDS
    try:
        while time.monotonic() < deadline:
            for found in consumer.poll(timeout_ms=500).values():
                for one in found:
                    if (one.key, one.value) == (record.key, record.value):
                        return one.headers
    finally:
        consumer.close()
    pytest.fail("it never reached the journal")
