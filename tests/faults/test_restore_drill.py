"""The restore drill: last night's `own`, all that was journaled since, and kills meanwhile.

Nothing is said twice, nothing that was owed stays unsaid, and no number is given twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import asyncpg
import pytest

from casebus.events.topics import JOURNAL
from onebox.options import BACKENDS, WORKERS
from onebox.testing import Stack
from tests.faults.bus import COUNT, Bus
from tests.faults.harness import judge
from tests.integration import older

pytestmark = [pytest.mark.connected, pytest.mark.long, pytest.mark.timeout(900)]

#: What the night had, and the share of the day's that is recorded when everything falls.
NIGHT = 1_000
DAY = min(COUNT, 10_000)
#: Two speak in transactions of their own; casework's are the ones that matter most.
KILLED = ("casework", "intake", "casework", "scheduler", "casework")
TWO_LEAVES = """
select stream, source, event_id from derived.journal
group by 1, 2, 3 having count(distinct event_leaf) > 1
"""
TWO_IDS = """
select stream, source, sequence from derived.event where sequence is not null
group by 1, 2, 3 having count(*) > 1
"""
SAID = "select count(*) from derived.event where sector = 'bus' or type like '%intake.received%'"
#: For each recipient that has an intake here, exactly one word that it came.
RECEIVED = """
select stream, source, id, agency, count(*) from derived.hand_over where step = 'delivered'
group by 1, 2, 3, 4
"""


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    with Stack(only=(*BACKENDS, *WORKERS)) as stack:
        bus = Bus(stack)
        yield bus
        bus.kafka.close()


def on_database(bus: Bus, work: Callable[[Any], Awaitable[None]]) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(bus.stack.database_url)
        try:
            await work(connection)
        finally:
            await connection.close()

    asyncio.run(run())


@pytest.mark.parametrize("tables", ["made anew", "kept"])
def test_last_nights_own_beside_todays_journal_says_nothing_twice(bus: Bus, tables: str) -> None:
    bus.send(f"night, {tables}", NIGHT)
    bus.until_quiet()
    on_database(bus, older.keep)
    before = bus.recorded()
    sent = bus.send(f"day, {tables}", DAY)
    bus.until_recorded(before + DAY // 2)
    # Everything falls in mid-load: what lay unsent in the outbox is lost with it.
    for name in WORKERS:
        bus.stack.kill(name)
        bus.stack.stop(name)
    on_database(bus, older.restore)
    if tables == "made anew":
        on_database(bus, older.forget_what_is_derived)
    recorded = bus.recorded()
    for name in WORKERS:
        bus.stack.start(name)
    for share, name in enumerate(KILLED, start=1):
        bus.until_recorded(recorded + DAY * share // 10)
        bus.stack.wait(name)
        bus.stack.kill(name)
    bus.until_quiet()
    assert judge(sent, bus.kafka.since(JOURNAL, {})).whole
    assert bus.rows(SAID)[0][0] > len(sent) // 10
    assert bus.rows(TWO_LEAVES) == []
    assert bus.rows(TWO_IDS) == []
    received = bus.rows(RECEIVED)
    addressed = [record for record in sent if "ce_to" in dict(record.headers)]
    assert len(received) >= len(addressed)
    bus.prove_cases()
    counts = bus.verified()
    assert counts["outbox waiting"] == 0
