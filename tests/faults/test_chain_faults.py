"""20,000 events from the doors to the tables and the inboxes, while each worker falls in turn."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from onebox.options import BACKENDS, WORKERS
from onebox.testing import Stack
from tests.faults.bus import JOURNAL, Bus
from tests.faults.harness import judge

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

INBOX = "inbox.police"
#: Each worker alone is hurt under 50,000; here every event is also relayed, received and told.
COUNT = 20_000
DELIVERED = "select count(distinct (stream, source, id)) from derived.hand_over where step = $1"


@pytest.fixture
def bus() -> Iterator[Bus]:
    """Every worker under its supervisor, which starts again what falls."""
    with Stack(only=(*BACKENDS, *WORKERS)) as stack:
        bus = Bus(stack)
        yield bus
        bus.kafka.close()


def test_every_worker_killed_in_turn_loses_doubles_and_reorders_nothing(bus: Bus) -> None:
    before = bus.recorded()
    sent = bus.send("chain", COUNT)
    for share, name in enumerate(WORKERS, start=1):
        bus.until_recorded(before + COUNT * share // 10)
        bus.stack.kill(name)
    bus.until_quiet()
    assert judge(sent, bus.kafka.since(JOURNAL, {})).whole
    addressed = [record for record in sent if "ce_to" in dict(record.headers)]
    assert judge(addressed, bus.kafka.since(INBOX, {})).whole
    assert bus.rows(DELIVERED, "delivered")[0][0] >= len(addressed)
    bus.prove_cases()
    assert bus.verified()["outbox waiting"] == 0
