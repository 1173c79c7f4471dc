"""One agency's flood, and what the others wait for meanwhile: told by counts, not by clocks."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import asyncpg
import pytest

from casebus.events.envelope import Record
from casebus.trust.directory import BUS
from tests.faults.bus import DOOR_TOPICS, JOURNAL, REJECTED, Bus
from tests.faults.harness import Fleet, events, judge
from tests.faults.referrals import AMR, DOORS, PSB

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

GARBAGE, OTHERS, FAT = 60_000, 400, 6_000
#: The room that is shipped holds 1,000 events of one recipient: each takes three of 3,000.
FOLDED = 1_000


def garbage(count: int) -> list[Record]:
    return [Record(str(uuid4()).encode(), b"\x07" * 200, ()) for _ in range(count)]


def test_the_garbage_of_one_door_holds_up_no_event_of_another(bus: Bus) -> None:
    with Fleet(bus.stack, "admission") as admission:
        journal, rejected = bus.kafka.marks(JOURNAL), bus.kafka.marks(REJECTED)
        flood = garbage(GARBAGE)
        bus.kafka.put(DOORS[AMR], flood[: GARBAGE // 2])
        others = events(bus.stack, OTHERS, run="beside garbage", source=PSB)
        bus.kafka.put(DOORS[PSB], others)
        bus.kafka.put(DOORS[AMR], flood[GARBAGE // 2 :])
        admission.start()
        bus.kafka.until_grown(JOURNAL, journal, OTHERS)
        before_them = bus.kafka.grown(REJECTED, rejected)
        assert before_them < GARBAGE // 2, "the others waited until the flood was done"
        admission.until_idle(*DOOR_TOPICS)
        assert bus.kafka.grown(REJECTED, rejected) == GARBAGE
        assert judge(others, bus.kafka.since(JOURNAL, journal)).whole


def test_a_fat_stream_ends_no_worker_and_is_folded_up_to_its_authors_room(bus: Bus) -> None:
    with Fleet(bus.stack, "admission") as admission, Fleet(bus.stack, "casework") as casework:
        fat = events(bus.stack, FAT, streams=1, run=f"fat {uuid4()}", source=AMR)
        bus.kafka.put(DOORS[AMR], fat)
        admission.start()
        admission.until_idle(*DOOR_TOPICS)
        worker = casework.start()
        casework.until_idle(JOURNAL)
        assert worker.poll() is None, casework.log()
    stream = str(fat[0].headers and dict(fat[0].headers)["ce_subject"].decode())
    recorded, left, told = asyncio.run(_counts(bus, stream))
    assert (recorded, left, told) == (FAT, FAT - FOLDED, 1)


async def _counts(bus: Bus, stream: str) -> tuple[int, int, int]:
    connection: Any = await asyncpg.connect(bus.stack.database_url)
    try:
        row = await connection.fetchrow(
            "select (select count(*) from derived.event where stream = $1 and author <> $2),"
            " count(*), count(*) filter (where told) from derived.left_out where stream = $1",
            stream,
            BUS,
        )
        assert row is not None
        return row[0], row[1], row[2]
    finally:
        await connection.close()
