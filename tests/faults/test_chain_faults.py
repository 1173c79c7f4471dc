"""From the doors to the tables and the inboxes, while workers fall in turn, or all at once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from casebus.events.envelope import Record
from casebus.events.topics import JOURNAL
from onebox.options import BACKENDS, WORKERS
from onebox.testing import Stack
from tests.faults.bus import Bus
from tests.faults.harness import judge

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

INBOX = "inbox.police"
#: Each worker alone is hurt under more; here every event is also relayed, received and told.
COUNT = 10_000
#: For one blow that hits everything, brokers and database too.
AT_ONCE = 6_000
DELIVERED = "select count(distinct (stream, source, id)) from derived.hand_over where step = $1"


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    """Every worker under its supervisor, which starts again what falls."""
    with Stack(only=(*BACKENDS, *WORKERS)) as stack:
        bus = Bus(stack)
        yield bus
        bus.kafka.close()


@pytest.mark.long
def test_every_worker_killed_in_turn_loses_doubles_and_reorders_nothing(bus: Bus) -> None:
    before = bus.recorded()
    sent = bus.send("chain", COUNT)
    for share, name in enumerate(WORKERS, start=1):
        bus.until_recorded(before + COUNT * share // 10)
        bus.stack.kill(name)
    prove_whole(bus, sent)


def test_all_killed_at_once_in_mid_load_lose_nothing(bus: Bus) -> None:
    before = bus.recorded()
    sent = bus.send("blow", AT_ONCE)
    bus.until_recorded(before + AT_ONCE // 4)
    pids = {name: bus.stack.pid(name) for name in (*BACKENDS, *WORKERS)}
    for pid in pids.values():
        os.kill(pid, signal.SIGKILL)
    for name, pid in pids.items():
        bus.stack.wait(name, not_pid=pid, seconds=180)
    bus.reconnect()
    prove_whole(bus, sent)


def prove_whole(bus: Bus, sent: list[Record]) -> None:
    """Once in the journal, in the inbox and in the tables, in its order; and verify agrees."""
    bus.until_quiet()
    assert judge(sent, bus.kafka.since(JOURNAL, {})).whole
    addressed = [record for record in sent if "ce_to" in dict(record.headers)]
    assert judge(addressed, bus.kafka.since(INBOX, {})).whole
    assert bus.rows(DELIVERED, "delivered")[0][0] >= len(addressed)
    bus.prove_cases()
    assert bus.verified()["outbox waiting"] == 0
