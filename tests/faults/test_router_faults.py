"""50,000 events through the router while its processes are killed, paused and regrouped."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator

import pytest

from casebus.events.envelope import Record
from onebox.testing import Stack
from tests.faults.bus import COUNT
from tests.faults.harness import PATIENCE_SECONDS, Fleet, Kafka, events, journaled, judge
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

JOURNAL, INBOX, DOOR = "case.journal", "inbox.police", "events.bus"
#: Small batches make the run long enough to hit it in the middle of many.
SLOWLY = {"CASEBUS_POLL_RECORDS": "100", "CASEBUS_SESSION_SECONDS": "6"}


@pytest.fixture(scope="module")
def kafka(brokers: Stack) -> Iterator[Kafka]:
    kafka = Kafka(brokers.settings("admin"))
    yield kafka
    kafka.close()


@pytest.fixture(scope="module")
def sent(brokers: Stack) -> list[Record]:
    return journaled(events(brokers, COUNT, run="router"), INBOX)


@pytest.fixture
def fleet(brokers: Stack) -> Iterator[Fleet]:
    with Fleet(brokers, "router", env=SLOWLY) as fleet:
        yield fleet


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=lambda it: it.name)
def test_a_router_ended_in_mid_flight_loses_and_reorders_nothing(
    kafka: Kafka, fleet: Fleet, sent: list[Record], number: signal.Signals
) -> None:
    marks = kafka.marks(INBOX)
    kafka.put(JOURNAL, sent)
    for share in (0.2, 0.5, 0.8):
        worker = fleet.start()
        kafka.until_grown(INBOX, marks, int(COUNT * share))
        fleet.signal(worker, number)
        assert kafka.lag("router", JOURNAL) > 0, "all was done before the fault"
    fleet.start()
    fleet.until_idle(JOURNAL)
    outcome = judge(sent, kafka.since(INBOX, marks))
    assert outcome.whole, outcome


def test_partitions_that_move_to_a_second_router_and_back_lose_and_reorder_nothing(
    kafka: Kafka, fleet: Fleet, sent: list[Record]
) -> None:
    marks = kafka.marks(INBOX)
    kafka.put(JOURNAL, sent)
    fleet.start("first")
    kafka.until_grown(INBOX, marks, COUNT // 10)
    second = fleet.start("second")
    kafka.until_grown(INBOX, marks, COUNT // 2)
    fleet.signal(second, signal.SIGTERM)
    fleet.until_idle(JOURNAL)
    outcome = judge(sent, kafka.since(INBOX, marks))
    assert outcome.whole, outcome


@pytest.mark.long
def test_a_router_paused_past_its_session_and_resumed_loses_and_reorders_nothing(
    kafka: Kafka, fleet: Fleet, sent: list[Record]
) -> None:
    marks = kafka.marks(INBOX)
    kafka.put(JOURNAL, sent)
    paused = fleet.start("paused")
    kafka.until_grown(INBOX, marks, COUNT // 5)
    paused.send_signal(signal.SIGSTOP)
    fleet.start("other")
    time.sleep(9)
    paused.send_signal(signal.SIGCONT)
    fleet.until_idle(JOURNAL)
    outcome = judge(sent, kafka.since(INBOX, marks))
    assert outcome.whole, outcome


def test_a_missing_inbox_stops_the_router_and_loses_nothing_once_it_is_there(
    kafka: Kafka, fleet: Fleet, sent: list[Record]
) -> None:
    late = "inbox.arbitration"
    some = journaled(sent[:1000], late)
    kafka.delete(late)
    kafka.put(JOURNAL, some)
    assert fleet.start().wait(PATIENCE_SECONDS) == 70
    assert kafka.lag("router", JOURNAL) >= len(some), "it acked what it did not copy"
    kafka.create(late)
    fleet.start()
    fleet.until_idle(JOURNAL)
    assert judge(some, kafka.since(late, {})).whole


def test_every_copied_stretch_of_the_journal_is_told_by_a_checkpoint(
    kafka: Kafka, fleet: Fleet, sent: list[Record]
) -> None:
    journal, door = kafka.marks(JOURNAL), kafka.marks(DOOR)
    kafka.put(JOURNAL, sent[:10_000])
    fleet.start()
    fleet.until_idle(JOURNAL)
    told: set[tuple[int, int]] = set()
    for record in kafka.since(DOOR, door):
        _, body = SCHEMAS.decode(record.value)
        stretch = range(body["first_offset"], body["last_offset"] + 1)
        told |= {(body["partition"], offset) for offset in stretch}
    ends = kafka.marks(JOURNAL)
    assert told >= {(p, offset) for p in ends for offset in range(journal[p], ends[p])}
