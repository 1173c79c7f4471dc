"""One agency's flood, and what the others wait for meanwhile: told by counts, not by clocks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from uuid import uuid4

import httpx
import pytest

from casebus.events.doors import door_of
from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from casebus.events.topics import JOURNAL, REJECTED
from casebus.trust.keys import SigningKey
from casebus.trust.signing import sign
from onebox.options import WORKERS
from onebox.testing import Stack
from tests.faults.bus import COUNT, DOOR_TOPICS, Bus
from tests.faults.harness import Fleet, Kafka, events, judge
from tests.faults.referrals import AMR, DOORS, PSB
from tests.world import SCHEMAS, draft

pytestmark = [pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(600)]

#: The agency of the shipped directory that has a system of its own.
ON_KAFKA = "cn-330106-amr"
GARBAGE, OTHERS, FAT = 12_000, 400, COUNT
#: What the room that is shipped takes of an author whose events have no recipient.
ROOM = 3_000


def garbage(count: int) -> list[Record]:
    return [Record(str(uuid4()).encode(), b"\x07" * 200, ()) for _ in range(count)]


@pytest.mark.parametrize("neighbour", [AMR, pytest.param(PSB, marks=pytest.mark.long)])
def test_the_garbage_of_one_agency_holds_up_no_event_of_another_of_its_sector_or_not(
    bus: Bus, neighbour: str
) -> None:
    own = door_of("administrative", ON_KAFKA)
    with Fleet(bus.stack, "admission") as admission:
        journal, rejected = bus.kafka.marks(JOURNAL), bus.kafka.marks(REJECTED)
        flood = garbage(GARBAGE)
        bus.kafka.put(own, flood[: GARBAGE // 2])
        others = events(bus.stack, OTHERS, run=f"beside garbage {uuid4()}", source=neighbour)
        bus.kafka.put(DOORS[neighbour], others)
        bus.kafka.put(own, flood[GARBAGE // 2 :])
        admission.start()
        bus.kafka.until_grown(JOURNAL, journal, OTHERS)
        before_them = bus.kafka.grown(REJECTED, rejected)
        assert before_them < GARBAGE // 2, "the others waited until the flood was done"
        admission.until_idle(*DOOR_TOPICS, own)
        assert bus.kafka.grown(REJECTED, rejected) == GARBAGE
        assert judge(others, bus.kafka.since(JOURNAL, journal)).whole


def subject_of(record: Record) -> str:
    return dict(record.headers)["ce_subject"].decode()


def recorded(bus: Bus, author: str, streams: Iterable[str]) -> int:
    """How many events of an author the tables have in these streams; its receipts apart."""
    query = (
        "select count(*) from derived.event where author = $1 and stream = any($2::uuid[])"
        " and type not like 'casebus.intake.%'"
    )
    return int(bus.rows(query, author, list(streams))[0][0])


def until_recorded(bus: Bus, author: str, streams: Iterable[str], count: int) -> None:
    wanted = list(streams)
    Kafka.until(lambda: recorded(bus, author, wanted) >= count, f"{count} were not recorded")


@contextmanager
def asked_all_along(url: str) -> Iterator[list[str]]:
    """What `/readyz` answers inside the block, and at its end: what fails, or nothing."""
    told: list[str] = []
    ended = Event()

    def ask() -> None:
        while True:
            answer = httpx.get(f"{url}/readyz", timeout=30)
            told.append("" if answer.status_code == 200 else answer.text)
            if ended.wait(0.5):
                return

    with ThreadPoolExecutor(1) as threads:
        asking = threads.submit(ask)
        try:
            yield told
        finally:
            ended.set()
            asking.result()


@pytest.mark.long
def test_a_fat_stream_makes_the_other_partitions_wait_for_a_part_of_it_and_ends_no_worker(
    stack: Stack,
) -> None:
    """In a case that is open, within every quota, on the whole stack: told by what is recorded."""
    key = SigningKey.load(stack.home.keys / f"{AMR}.pem")
    bus = Bus(stack)
    fat = events(stack, FAT, streams=1, run=f"fat {uuid4()}", source=AMR, to=())
    stream = subject_of(fat[0])
    opening = draft("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02")
    place = partition_for(stream.encode(), len(bus.kafka.marks(JOURNAL)))
    others = [
        record
        for record in events(stack, 4 * OTHERS, run=f"beside {uuid4()}", source=PSB, to=())
        if partition_for(record.key or b"", 4) != place
    ][:OTHERS]
    before = {name: (stack.pid(name), stack.state(name).restarts) for name in WORKERS}
    with asked_all_along(stack.probe_url) as told:
        bus.kafka.put(DOORS[AMR], sign([opening], key, SCHEMAS))
        until_recorded(bus, AMR, [stream], 1)
        bus.kafka.put(DOORS[AMR], fat)
        bus.kafka.put(DOORS[PSB], others)
        until_recorded(bus, PSB, map(subject_of, others), OTHERS)
        before_them = recorded(bus, AMR, [stream])
        assert before_them < FAT // 2, f"{OTHERS} waited for {before_them} of {FAT}"
        until_recorded(bus, AMR, [stream], FAT + 1)
    after = {name: (stack.pid(name), stack.state(name).restarts) for name in WORKERS}
    assert after == before
    assert {*told} == {""}, told
    [(left, alone)] = bus.rows(
        "select count(*), count(*) filter (where told) from derived.left_out"
        " where stream = $1 and id = any($2)",
        stream,
        [dict(record.headers)["ce_id"].decode() for record in fat],
    )
    # One and two more for each recipient of the opening event, the rest of the room for the notes.
    [(recipients,)] = bus.rows(
        "select cardinality(recipients) from derived.event where stream = $1 and id = $2",
        stream,
        opening.envelope.id,
    )
    folded = FAT + 1 - left
    assert (alone, folded) == (1, ROOM - 2 * recipients)
