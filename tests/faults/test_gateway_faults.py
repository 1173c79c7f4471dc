from __future__ import annotations

import asyncio
import json
import signal
import threading
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from casebus.cli.main import main
from casebus.events.partition import partition_for
from casebus.kafka.connection import client_settings
from onebox.testing import Stack
from storage.handles import Connection, sole

pytestmark = pytest.mark.connected

AMR = "cn-330108-amr"
TOPIC = "events.administrative"


@pytest.fixture(scope="module")
def door() -> Iterator[Stack]:
    """The gateway and what it needs, and nobody who reads what it sends."""
    with Stack(only=("kafka", "postgres", "gateway")) as stack:
        yield stack


@pytest.fixture
def client(door: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {door.api_key(AMR)}"}
    with httpx.Client(base_url=door.gateway_url, headers=headers, timeout=30) as client:
        yield client


def body() -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": str(uuid4()),
        "type": "casebus.case.noted.v1",
        "source": AMR,
        "subject": str(uuid4()),
        "data": {"note": "备注"},
    }


def submit(client: httpx.Client, event: dict[str, Any]) -> httpx.Response:
    headers = {"Content-Type": "application/cloudevents+json"}
    return client.post("/v1/events", content=json.dumps(event), headers=headers)


def on_kafka(door: Stack, event: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Every record of this event in the door's topic: value and signed headers."""
    consumer = KafkaConsumer(**client_settings(door.settings("admin")), enable_auto_commit=False)
    try:
        places = [TopicPartition(TOPIC, at) for at in consumer.partitions_for_topic(TOPIC)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends, found = consumer.end_offsets(places), []
        while any(consumer.position(place) < end for place, end in ends.items()):
            for records in consumer.poll(timeout_ms=500).values():
                found += [(r.value, tuple(r.headers)) for r in records]
    finally:
        consumer.close()
    wanted = ("ce_id", event["id"].encode())
    return [record for record in found if wanted in record[1]]


def refused(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert answer.headers["retry-after"] == "1"


def until_sent(client: httpx.Client, event: dict[str, Any]) -> httpx.Response:
    deadline = time.monotonic() + 60
    while True:
        answer = submit(client, event)
        if answer.status_code == 202:
            return answer
        assert answer.status_code == 503, answer.text
        assert time.monotonic() < deadline
        time.sleep(0.2)


def test_without_a_database_nothing_is_sent_and_the_same_request_goes_through_later(
    door: Stack, client: httpx.Client
) -> None:
    event = body()
    door.stop("postgres")
    try:
        refused(submit(client, event), "database_unavailable")
        refused(client.get("/v1/cases"), "database_unavailable")
        assert client.get(f"{door.probe_url}/livez").status_code == 200
        ready = client.get(f"{door.probe_url}/readyz")
        assert (ready.status_code, ready.json()["checks"]["database"]) == (503, "failing")
        assert on_kafka(door, event) == []
    finally:
        door.start("postgres")
    until_sent(client, event)
    assert len(on_kafka(door, event)) == 1


async def test_a_retry_after_a_lost_broker_sends_the_bytes_that_were_stored(
    door: Stack, client: httpx.Client
) -> None:
    event = body()
    door.stop("kafka")
    try:
        refused(submit(client, event), "bus_unavailable")
        connection: Connection = await asyncpg.connect(door.database_url)
        stored = sole(
            await connection.fetchrow(
                "select value, sent_at from own.submission where event_id = $1", event["id"]
            )
        )
        assert stored["sent_at"] is None
    finally:
        door.start("kafka")
    until_sent(client, event)
    records = on_kafka(door, event)
    assert records
    # Idempotent production keeps what was in flight from doubling; a second copy would be equal.
    assert {value for value, _ in records} == {stored["value"]}
    sent_at = await connection.fetchval(
        "select sent_at from own.submission where event_id = $1", event["id"]
    )
    assert sent_at is not None
    await connection.close()


def test_two_equal_requests_at_once_are_one_event(door: Stack, client: httpx.Client) -> None:
    event = body()
    answers: list[httpx.Response] = []
    threads = [
        threading.Thread(target=lambda: answers.append(submit(client, event))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {202}
    values = {(value, dict(headers)["ce_time"]) for value, headers in on_kafka(door, event)}
    assert len(values) == 1


def test_sigterm_finishes_the_requests_under_way(door: Stack, client: httpx.Client) -> None:
    events = [body() for _ in range(40)]
    answers: dict[str, int] = {}

    def send(event: dict[str, Any]) -> None:
        try:
            answers[event["id"]] = submit(client, event).status_code
        except httpx.TransportError:
            # The server had closed its door before this one was taken in.
            answers[event["id"]] = 0

    threads = [threading.Thread(target=send, args=(event,)) for event in events]
    for thread in threads:
        thread.start()
    pid = door.kill("gateway", signal.SIGTERM)
    for thread in threads:
        thread.join()
    door.wait("gateway", not_pid=pid)
    assert door.state("gateway").last_exit == "ended with code 0"
    assert set(answers.values()) <= {202, 0}
    for event in events:
        if answers[event["id"]] == 202:
            assert on_kafka(door, event)
            break
    for event in events:
        until_sent(client, event)


def test_what_was_stored_before_in_the_same_case_leaves_first(
    door: Stack, client: httpx.Client
) -> None:
    first = body()
    second = {**body(), "subject": first["subject"]}
    door.stop("kafka")
    try:
        refused(submit(client, first), "bus_unavailable")
    finally:
        door.start("kafka")
    until_sent(client, second)
    assert on_kafka(door, first)
    places = [offset(door, one) for one in (first, second)]
    assert places == sorted(places)


def offset(door: Stack, event: dict[str, Any]) -> int:
    """Where this event stands in its partition."""
    consumer = KafkaConsumer(**client_settings(door.settings("admin")), enable_auto_commit=False)
    try:
        count = len(consumer.partitions_for_topic(TOPIC))
        place = TopicPartition(TOPIC, partition_for(event["subject"].encode(), count))
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        end = consumer.end_offsets([place])[place]
        while consumer.position(place) < end:
            for record in consumer.poll(timeout_ms=500).get(place, ()):
                if ("ce_id", event["id"].encode()) in record.headers:
                    return int(record.offset)
    finally:
        consumer.close()
    raise AssertionError(event["id"])


def test_a_record_that_is_not_sent_is_counted_and_red_until_it_is(
    door: Stack, client: httpx.Client
) -> None:
    event = body()
    door.stop("kafka")
    try:
        refused(submit(client, event), "bus_unavailable")
    finally:
        door.start("kafka")
    asyncio.run(_age(door, event))
    health = client.get(f"{door.probe_url}/healthz")
    assert (health.status_code, health.json()["checks"]["sent"]) == (503, "failing")
    # It can serve all the same: that is what readiness says.
    assert client.get(f"{door.probe_url}/readyz").json()["checks"].get("sent") is None
    assert status_of_stack(door)["unsent"]["overdue"] is True
    until_sent(client, event)
    assert client.get(f"{door.probe_url}/healthz").json()["checks"]["sent"] == "ok"
    assert status_of_stack(door)["unsent"]["submissions_unsent"] == 0


def status_of_stack(door: Stack) -> dict[str, Any]:
    done = CliRunner().invoke(main, ["status", "--home", str(door.options.home), "--json"])
    found: dict[str, Any] = json.loads(done.stdout)
    assert done.exit_code == (1 if found["unsent"]["overdue"] else 0)
    return found


async def _age(door: Stack, event: dict[str, Any]) -> None:
    connection: Connection = await asyncpg.connect(door.database_url)
    await connection.execute(
        "update own.submission set created_at = now() - interval '1 minute' where event_id = $1",
        event["id"],
    )
    await connection.close()
