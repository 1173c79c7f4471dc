"""Faults on real processes: events to send, workers to hurt, and what to make of the outcome.

fleet = Fleet(stack, "router", env={"CASEBUS_POLL_RECORDS": "100"})
marks = kafka.marks("inbox.police")
kafka.put("case.journal", events)
worker = fleet.start("a")
kafka.until_grown("inbox.police", marks, 10_000)
fleet.signal(worker, signal.SIGKILL)
...
fleet.until_idle("case.journal")
assert judge(events, kafka.since("inbox.police", marks)).whole
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, Self
from uuid import UUID, uuid5

from confluent_kafka import (
    OFFSET_BEGINNING,
    Consumer,
    ConsumerGroupTopicPartitions,
    Producer,
    TopicPartition,
)
from confluent_kafka.admin import AdminClient, NewTopic

from casebus.events.envelope import Envelope, Record
from casebus.events.partition import partition_for
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from onebox.testing import Stack
from tests.world import SCHEMAS

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 180.0
LOOK_SECONDS = 0.02
SIGNED_TOGETHER = 256
NOTED = "casebus.case.noted.v1"
_NAMESPACE = UUID("0f2e6a0e-58a6-5b0e-9a38-8d0d9f2b6c11")
Marks = dict[int, int]


def events(
    stack: Stack,
    count: int,
    *,
    streams: int = 500,
    run: str,
    source: str = "cn-330108-amr",
    to: tuple[str, ...] = ("cn-330108-psb",),
) -> list[Record]:
    """Signed events of `source`, numbered by `ce_sequence` within each stream, streams mixed."""
    key = SigningKey.load(stack.home.keys / f"{source}.pem")
    began = datetime.now(UTC) - timedelta(minutes=5)
    ids = [str(uuid5(_NAMESPACE, f"{run}/{number}")) for number in range(streams)]
    value, uri = SCHEMAS.encode(NOTED, {"note": run}), SCHEMAS.latest(NOTED).uri
    drafts = [
        Draft(
            Envelope(
                id=str(uuid5(_NAMESPACE, f"{run}/{number}/event")),
                type=NOTED,
                source=source,
                subject=ids[number % streams],
                time=began + timedelta(milliseconds=number),
                dataschema=uri,
                to=to,
                sequence=number // streams + 1,
            ),
            value,
        )
        for number in range(count)
    ]
    starts = range(0, count, SIGNED_TOGETHER)
    return [r for at in starts for r in sign(drafts[at : at + SIGNED_TOGETHER], key, SCHEMAS)]


def journaled(records: Iterable[Record], *routes: str) -> list[Record]:
    """The records as admission would append them: stamped with routes."""
    stamps = (("cb-verdict", b"admitted"), ("cb-routes", " ".join(routes).encode()))
    return [replace(record, headers=(*record.headers, *stamps)) for record in records]


@dataclass(frozen=True)
class Outcome:
    """The fate of the events that were sent: judged by identity and by first appearance."""

    missing: int
    reordered: int
    repeated: int

    @property
    def whole(self) -> bool:
        return not self.missing and not self.reordered


def judge(sent: Sequence[Record], got: Sequence[Record]) -> Outcome:
    """Repeats are allowed on Kafka (readers know an event by its identity); nothing else is."""
    wanted = {_identity(record) for record in sent}
    seen: set[tuple[bytes, bytes]] = set()
    order: dict[tuple[bytes, bytes], list[int]] = defaultdict(list)
    for record in got:
        identity = _identity(record)
        if identity in wanted and identity not in seen:
            seen.add(identity)
            headers = dict(record.headers)
            place = headers["ce_source"], headers["ce_subject"]
            order[place].append(int(headers["ce_sequence"]))
    reordered = sum(a > b for it in order.values() for a, b in pairwise(it))
    ours = sum(_identity(record) in wanted for record in got)
    return Outcome(len(wanted - seen), reordered, ours - len(seen))


def _identity(record: Record) -> tuple[bytes, bytes]:
    headers = dict(record.headers)
    return headers.get("ce_source", b""), headers.get("ce_id", b"")


class Kafka:
    """The broker's side of a test, as `admin`, on librdkafka: fast, and not a client under test."""

    def __init__(self, settings: Settings) -> None:
        self._options: dict[str, Any] = {
            "bootstrap.servers": settings.kafka_bootstrap,
            "security.protocol": settings.kafka_security_protocol,
            "sasl.mechanism": settings.kafka_sasl_mechanism,
            "sasl.username": settings.kafka_username,
            "sasl.password": settings.kafka_password,
        }
        self.admin = AdminClient(self._options)
        self._reader = Consumer(
            {**self._options, "group.id": "harness", "enable.auto.commit": False}
        )

    def close(self) -> None:
        self._reader.close()

    def create(self, topic: str, partitions: int = 4, **config: str) -> None:
        named = {name.replace("_", "."): text for name, text in config.items()}
        wanted = NewTopic(topic, partitions, 1, config=named)
        self.admin.create_topics([wanted])[topic].result()
        self.until(lambda: len(self._partitions(topic)) == partitions, f"{topic} is not there")

    def delete(self, topic: str) -> None:
        self.admin.delete_topics([topic])[topic].result()

    def put(self, topic: str, records: Iterable[Record], codec: str = "none") -> None:
        """Append all, in order within a partition; raises where one was not taken."""
        count = len(self._partitions(topic))
        how = {"enable.idempotence": True, "linger.ms": 5, "compression.type": codec}
        producer = Producer({**self._options, **how})
        failures: list[Any] = []

        def delivered(error: Any, _: Any) -> None:
            if error is not None:
                failures.append(error)

        for record in records:
            while True:
                try:
                    producer.produce(
                        topic,
                        record.value,
                        record.key,
                        partition_for(record.key or b"", count),
                        headers=list(record.headers),
                        on_delivery=delivered,
                    )
                    break
                except BufferError:
                    producer.poll(0.1)
        left = producer.flush(PATIENCE_SECONDS)
        assert not failures, failures[0]
        assert not left, f"{left} records not delivered"

    def marks(self, topic: str) -> Marks:
        """The present ends of the topic, by partition."""
        return {p: self._edges(topic, p)[1] for p in self._partitions(topic)}

    def grown(self, topic: str, marks: Marks) -> int:
        """Records appended since."""
        return sum(end - marks.get(p, 0) for p, end in self.marks(topic).items())

    def until_grown(self, topic: str, marks: Marks, by: int) -> None:
        self.until(lambda: self.grown(topic, marks) >= by, f"{topic} did not grow by {by}")

    def since(self, topic: str, marks: Marks) -> list[Record]:
        """All that was appended since, partition after partition."""
        ends = self.marks(topic)
        return [r for p in ends for r in self.read(topic, p, marks.get(p, 0), ends[p])]

    def skip(self, group: str, *topics: str) -> None:
        """Commit the topics' present ends for a group without members: it begins after them."""
        places = [TopicPartition(t, p, end) for t in topics for p, end in self.marks(t).items()]
        asked = self.admin.alter_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, places)]
        )
        asked[group].result()

    def lag(self, group: str, *topics: str) -> int:
        """Records after the group's commits; with no commit, all there are."""
        places = [TopicPartition(t, p) for t in topics for p in self._partitions(t)]
        asked = self.admin.list_consumer_group_offsets(
            [ConsumerGroupTopicPartitions(group, places)]
        )
        committed = asked[group].result().topic_partitions
        total = 0
        for place in committed:
            first, end = self._edges(place.topic, place.partition)
            total += end - (place.offset if place.offset >= 0 else first)
        return total

    @staticmethod
    def until(holds: Callable[[], bool], otherwise: str, seconds: float = PATIENCE_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < deadline, otherwise
            time.sleep(LOOK_SECONDS)

    def _partitions(self, topic: str) -> list[int]:
        return sorted(self.admin.list_topics(topic, timeout=30).topics[topic].partitions)

    def _edges(self, topic: str, partition: int) -> tuple[int, int]:
        first, end = self._reader.get_watermark_offsets(
            TopicPartition(topic, partition), timeout=30, cached=False
        )
        return first, end

    def read(self, topic: str, partition: int, start: int, end: int) -> list[Record]:
        self._reader.assign([TopicPartition(topic, partition, start or OFFSET_BEGINNING)])
        found: list[Record] = []
        at = start
        while at < end:
            for message in self._reader.consume(min(5000, end - at), timeout=10):
                assert not message.error(), message.error()
                at = message.offset() + 1
                found.append(Record(message.key(), message.value(), tuple(message.headers() or ())))
        self._reader.unassign()
        return found[: end - start]


class Fleet:
    """Processes of one service that the test starts, hurts and ends itself."""

    def __init__(
        self,
        stack: Stack,
        service: str,
        *,
        module: str | None = None,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self.group = service
        self._module = module or f"services.{service}"
        self._env = {**os.environ, **stack.environment(user or service), **(env or {})}
        self._log = stack.home.log(f"{service}-fleet")
        self._kafka = Kafka(stack.settings("admin"))
        self.processes: list[subprocess.Popen[bytes]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for process in self.processes:
            if process.poll() is None:
                process.kill()
                process.wait()
        self._kafka.close()

    def start(self, worker: str = "0", **env: str) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", self._module],
                env={**self._env, "CASEBUS_WORKER": worker, **env},
                stdout=output,
                stderr=output,
                cwd=ROOT,
            )
        self.processes.append(process)
        return process

    @staticmethod
    def signal(process: subprocess.Popen[bytes], number: signal.Signals) -> int:
        """Send it and wait for the end; returns the exit code."""
        process.send_signal(number)
        return process.wait(PATIENCE_SECONDS)

    def until_assigned(self, *topics: str) -> None:
        """Wait until the group's processes hold the topics."""

        def held() -> bool:
            group = self._kafka.admin.describe_consumer_groups([self.group])[self.group].result()
            places = [tp for member in group.members for tp in member.assignment.topic_partitions]
            return {tp.topic for tp in places} >= set(topics)

        Kafka.until(held, f"{self.group} holds nothing")

    def until_idle(self, *topics: str) -> None:
        """Wait until everything is committed; fails at once if no process is left to do it."""

        def idle() -> bool:
            assert any(process.poll() is None for process in self.processes), self.log()
            return self._kafka.lag(self.group, *topics) == 0

        Kafka.until(idle, f"{self.group} still has {self._kafka.lag(self.group, *topics)} to do")

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]
