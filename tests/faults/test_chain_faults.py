"""50,000 events from the doors to the tables and the inboxes, while each worker falls in turn."""

from __future__ import annotations

import signal
from contextlib import ExitStack

import pytest

from tests.faults.bus import COUNT, JOURNAL, REJECTED, Bus
from tests.faults.harness import Fleet, judge

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(420)]

REJOIN_FAST = {"CASEBUS_SESSION_SECONDS": "6"}
INBOXES = ("inbox.police", "inbox.procuratorate")
WORKERS = ("admission", "router", "casework", "intake")


def test_every_worker_killed_in_turn_loses_doubles_and_reorders_nothing(bus: Bus) -> None:
    bus.kafka.skip("intake", *INBOXES)
    bus.settle()
    journal, inbox, done = bus.kafka.marks(JOURNAL), bus.kafka.marks(INBOXES[0]), bus.recorded()
    sent = bus.send("chain")
    with ExitStack() as stack:
        fleets = {
            name: stack.enter_context(Fleet(bus.stack, name, env=REJOIN_FAST)) for name in WORKERS
        }
        workers = {name: fleet.start() for name, fleet in fleets.items()}
        for share, name in enumerate(("admission", "router", "casework"), start=1):
            bus.until_recorded(done + COUNT * share // 5)
            fleets[name].signal(workers[name], signal.SIGKILL)
            workers[name] = fleets[name].start()
        fleets["admission"].until_idle(*bus.doors)
        fleets["router"].until_idle(JOURNAL)
        fleets["intake"].until_idle(*INBOXES)
        # What the router and the intakes said of it goes the same way once more.
        fleets["admission"].until_idle(*bus.doors)
        fleets["router"].until_idle(JOURNAL)
        fleets["casework"].until_idle(JOURNAL, REJECTED)
    assert judge(sent, bus.kafka.since(JOURNAL, journal)).whole
    addressed = [record for record in sent if "ce_to" in dict(record.headers)]
    assert judge(addressed, bus.kafka.since(INBOXES[0], inbox)).whole
    received = "select count(*) from derived.hand_over where step = 'delivered'"
    assert bus.rows(received)[0][0] >= len(addressed)
    bus.settle()
    bus.verified()
