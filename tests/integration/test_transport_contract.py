"""One contract for both ways to run a handler: on Faust, and on bare aiokafka."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiokafka.errors import UnknownTopicOrPartitionError

from casebus.events.envelope import Record
from onebox.testing import Stack
from services.transport import Outgoing, Producer, WorkerSettings
from tests.faults.harness import PATIENCE_SECONDS, Fleet, Kafka, events, judge

pytestmark = [pytest.mark.connected, pytest.mark.timeout(600)]

COUNT = 4_000


@pytest.fixture(scope="module")
def kafka(brokers: Stack) -> Iterator[Kafka]:
    kafka = Kafka(brokers.settings("admin"))
    yield kafka
    kafka.close()


@pytest.fixture(scope="module")
def sent(brokers: Stack) -> list[Record]:
    return events(brokers, COUNT, run="contract", streams=50)


@dataclass
class Trial:
    """Fresh topics with the events in one of them, and an echo that copies to the other."""

    stack: Stack
    kafka: Kafka
    runner: str
    sent: list[Record]

    def __post_init__(self) -> None:
        self.group = f"echo-{uuid4()}"
        self.source, self.target = f"{self.group}.in", f"{self.group}.out"
        for topic in (self.source, self.target):
            self.kafka.create(topic)
        self.kafka.put(self.source, self.sent)

    def fleet(self, **said: Any) -> Fleet:
        told = {"runner": self.runner, "group": self.group, "source": self.source} | said
        env = {
            "ECHO": json.dumps(told | {"target": self.target}),
            "CASEBUS_POLL_RECORDS": "200",
            "CASEBUS_SESSION_SECONDS": "6",
            "CASEBUS_STALL_SECONDS": "6",
        }
        return Fleet(self.stack, self.group, module="tests.faults.echo", user="admin", env=env)

    def copied(self) -> list[Record]:
        return self.kafka.since(self.target, {})


@pytest.fixture(params=["agent", "bare"])
def trial(
    request: pytest.FixtureRequest, brokers: Stack, kafka: Kafka, sent: list[Record]
) -> Trial:
    return Trial(brokers, kafka, request.param, sent)


@pytest.mark.parametrize("lanes", [pytest.param(1, marks=pytest.mark.long), 4])
def test_every_record_is_handled_once_in_order_and_committed(trial: Trial, lanes: int) -> None:
    with trial.fleet(lanes=lanes) as fleet:
        worker = fleet.start()
        fleet.until_idle(trial.source)
        assert fleet.signal(worker, signal.SIGTERM) == 0
    # The same key has the same partition in both topics: order and bytes are comparable as such.
    assert trial.copied() == trial.kafka.since(trial.source, {})


def test_a_handler_that_raises_ends_the_process_and_acks_nothing_it_did_not_do(
    trial: Trial, tmp_path: Path
) -> None:
    flag = tmp_path / "go on"
    with trial.fleet(fail_until=str(flag), fail_at=700, lanes=4) as fleet:
        assert fleet.start().wait(PATIENCE_SECONDS) == 70
        assert trial.kafka.lag(trial.group, trial.source) >= len(trial.sent) - 4 * 700
        flag.touch()
        fleet.start()
        fleet.until_idle(trial.source)
    outcome = judge(trial.sent, trial.copied())
    assert outcome.whole, outcome


@pytest.mark.parametrize(
    "number",
    [pytest.param(signal.SIGTERM, marks=pytest.mark.long), signal.SIGKILL],
    ids=lambda it: it.name,
)
def test_a_worker_ended_in_mid_flight_goes_on_where_it_had_acked(
    trial: Trial, number: signal.Signals
) -> None:
    with trial.fleet() as fleet:
        for share in (0.1, 0.4):
            worker = fleet.start()
            trial.kafka.until_grown(trial.target, {}, int(COUNT * share))
            fleet.signal(worker, number)
        fleet.start()
        fleet.until_idle(trial.source)
    outcome = judge(trial.sent, trial.copied())
    assert outcome.whole, outcome


def test_a_handler_may_say_where_to_start_whatever_was_committed(trial: Trial) -> None:
    with trial.fleet() as fleet:
        worker = fleet.start()
        fleet.until_idle(trial.source)
        fleet.signal(worker, signal.SIGTERM)
    before = trial.kafka.marks(trial.target)
    again = sum(end - 10 for end in trial.kafka.marks(trial.source).values())
    with trial.fleet(start_at=10) as fleet:
        fleet.start()
        trial.kafka.until_grown(trial.target, before, again)
    assert trial.kafka.grown(trial.target, before) == again


def test_a_start_behind_all_records_is_committed_although_none_comes(trial: Trial) -> None:
    """Whoever handled them was ended before it committed; the probe would end each one after it."""
    ends = trial.kafka.marks(trial.source)
    assert min(ends.values()) > 0
    with trial.fleet(start_at={str(place): end for place, end in ends.items()}) as fleet:
        fleet.start()
        fleet.until_idle(trial.source)
    assert trial.copied() == []


def test_a_worker_whose_commits_stand_still_leaves_by_itself(
    brokers: Stack, kafka: Kafka, sent: list[Record]
) -> None:
    with Trial(brokers, kafka, "agent", sent).fleet(hang=True) as fleet:
        assert fleet.start().wait(PATIENCE_SECONDS) == 75


@pytest.mark.parametrize("lanes", [2, pytest.param(4, marks=pytest.mark.long)])
def test_a_partition_that_stands_still_holds_up_no_other(
    brokers: Stack, kafka: Kafka, sent: list[Record], tmp_path: Path, lanes: int
) -> None:
    """On Faust, as the services run: bare handles one batch after the other."""
    flag, blocked = tmp_path / "go on", 1
    trial = Trial(brokers, kafka, "agent", sent)
    there = kafka.marks(trial.source)
    others = {place: end for place, end in there.items() if place != blocked}
    assert min(there.values()) > 0
    with trial.fleet(lanes=lanes, blocked=blocked, until=str(flag)) as fleet:
        worker = fleet.start(CASEBUS_STALL_SECONDS="600")
        kafka.until_grown(trial.target, {}, sum(others.values()))
        assert kafka.marks(trial.target) == {**others, blocked: 0}
        # What the others did is committed while that one waits.
        kafka.until(
            lambda: kafka.lag(trial.group, trial.source) == there[blocked],
            "what was handled is not committed",
        )
        # More comes to all; the others take it.
        kafka.put(trial.source, sent)
        kafka.until_grown(trial.target, {}, 2 * sum(others.values()))
        assert kafka.marks(trial.target)[blocked] == 0
        flag.touch()
        fleet.until_idle(trial.source)
        assert worker.poll() is None
    assert trial.copied() == kafka.since(trial.source, {})


def worker_settings(brokers: Stack) -> WorkerSettings:
    return WorkerSettings.model_validate(brokers.settings("admin").model_dump())


async def test_the_producer_takes_whatever_a_topic_takes(brokers: Stack, kafka: Kafka) -> None:
    topic = "rejected"
    odd = [
        (b"large", bytes(2 * 2**20), [("a", b"1")]),
        (b"after", b"small", [("a", b"1")]),
        (b"tombstone", None, []),
        (None, b"no key", (("tuple", b"headers"),)),
        (b"not \xff utf-8", b"\x00", [("empty", b"")]),
    ]
    marks = kafka.marks(topic)
    async with Producer(worker_settings(brokers), client_id="odd") as producer:
        await producer.send(Outgoing(topic, 0, *fields) for fields in odd)
    got = [(r.key, r.value, list(r.headers)) for r in kafka.since(topic, marks)]
    assert got == [(key, value, list(headers)) for key, value, headers in odd]


async def test_the_producer_says_so_when_a_topic_does_not_exist(brokers: Stack) -> None:
    async with Producer(worker_settings(brokers), client_id="lost") as producer:
        with pytest.raises(UnknownTopicOrPartitionError):
            await producer.send([Outgoing("no.such.topic", None, b"k", b"v", [])])
