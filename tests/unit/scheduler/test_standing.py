"""A partition that stands still while records wait in it is named; one that moves is not."""

from __future__ import annotations

import json
from collections.abc import Iterable

from aiokafka import TopicPartition

from services.scheduler.fakes import MemoryOffsets
from services.scheduler.standing import STALLED_SECONDS, GroupProgress, Still

FIRST, SECOND = TopicPartition("case.journal", 0), TopicPartition("case.journal", 1)


class Brokers(MemoryOffsets):
    """Offsets; `now` is the test's clock."""

    now = 100.0


async def looked(brokers: Brokers, standing: GroupProgress, seconds: float) -> list[str]:
    brokers.now += seconds
    await standing.look()
    return standing.stalled()


async def test_only_the_partition_that_stands_still_is_named_and_only_as_long():
    brokers = Brokers()
    standing = GroupProgress(brokers, {"casework": ["case.journal"]}, lambda: brokers.now)
    brokers.end, brokers.done["casework"] = {FIRST: 10, SECOND: 10}, {FIRST: 10, SECOND: 4}
    assert await looked(brokers, standing, 1) == []
    assert await looked(brokers, standing, STALLED_SECONDS) == ["casework case.journal/1"]
    brokers.done["casework"][SECOND] = 5
    assert await looked(brokers, standing, 1) == []
    assert await looked(brokers, standing, STALLED_SECONDS) == ["casework case.journal/1"]
    brokers.done["casework"][SECOND] = 10
    assert await looked(brokers, standing, 1) == []
    assert await looked(brokers, standing, 10 * STALLED_SECONDS) == []


async def test_a_group_that_never_committed_stands_still_too():
    brokers = Brokers()
    standing = GroupProgress(brokers, {"admission": ["case.journal"]}, lambda: brokers.now)
    brokers.end = {FIRST: 1}
    await standing.look()
    assert await looked(brokers, standing, STALLED_SECONDS) == ["admission case.journal/0"]


async def test_what_came_just_now_has_not_stood_still_since_the_last_record():
    brokers = Brokers()
    standing = GroupProgress(brokers, {"casework": ["case.journal"]}, lambda: brokers.now)
    brokers.end, brokers.done["casework"] = {FIRST: 10}, {FIRST: 10}
    await standing.look()
    brokers.end[FIRST] = 11
    assert await looked(brokers, standing, STALLED_SECONDS - 1) == []


async def test_a_standstill_is_seen_by_a_scheduler_that_is_started_again_and_again():
    """Each run is shorter than a standstill has to be; together they are not."""
    brokers = Brokers()
    before: Still = {}
    brokers.end, brokers.done["casework"] = {FIRST: 10}, {FIRST: 4}
    seen: list[str] = []
    for _ in range(4):
        standing = GroupProgress(
            brokers, {"casework": ["case.journal"]}, lambda: brokers.now, before=before
        )
        seen = await looked(brokers, standing, 0)
        seen = await looked(brokers, standing, STALLED_SECONDS / 3)
        before = json.loads(json.dumps(standing.waiting()))
    assert seen == ["casework case.journal/0"]
    brokers.done["casework"][FIRST] = 5
    standing = GroupProgress(
        brokers, {"casework": ["case.journal"]}, lambda: brokers.now, before=before
    )
    assert await looked(brokers, standing, 0) == []


async def test_what_moves_in_the_tables_and_not_in_the_commits_is_told_apart():
    brokers, tables = Brokers(), {0: 4}

    async def recorded(partitions: Iterable[int]) -> dict[int, int]:
        return {at: tables[at] for at in partitions}

    standing = GroupProgress(
        brokers, {"casework": ["case.journal"]}, lambda: brokers.now, recorded=recorded
    )
    brokers.end, brokers.done["casework"] = {FIRST: 10}, {FIRST: 10}
    await standing.look()
    assert await looked(brokers, standing, STALLED_SECONDS) == ["tables case.journal/0"]
    tables[0] = 10
    assert await looked(brokers, standing, STALLED_SECONDS) == []


async def test_a_group_whose_coordinator_is_away_has_not_moved():
    brokers = Brokers()
    standing = GroupProgress(brokers, {"casework": ["case.journal"]}, lambda: brokers.now)
    brokers.end, brokers.done["casework"] = {FIRST: 10}, {FIRST: 4}
    await standing.look()
    brokers.done["casework"] = {}
    assert await looked(brokers, standing, STALLED_SECONDS - 1) == []
    brokers.done["casework"] = {FIRST: 4}
    assert await looked(brokers, standing, 1) == ["casework case.journal/0"]


async def test_of_each_partition_it_says_how_fast_it_goes_and_how_old_the_oldest_is():
    brokers = Brokers()
    standing = GroupProgress(brokers, {"casework": ["case.journal"]}, lambda: brokers.now)
    brokers.end, brokers.done["casework"] = {FIRST: 10}, {FIRST: 10}
    await standing.look()
    [still] = standing.progress
    assert (still.done, still.ends, still.rate, still.oldest) == (10, 10, 0.0, 0.0)
    brokers.end[FIRST] = 20
    await looked(brokers, standing, 5)
    brokers.end[FIRST], brokers.done["casework"][FIRST] = 40, 15
    await looked(brokers, standing, 5)
    [behind] = standing.progress
    # The oldest came with the look before, the others after it.
    assert (behind.rate, behind.oldest) == (1.0, 5.0)
    brokers.done["casework"][FIRST] = 20
    await looked(brokers, standing, 5)
    assert standing.progress[0].oldest == 5.0
    brokers.done["casework"][FIRST] = 40
    await looked(brokers, standing, 5)
    assert standing.progress[0].oldest == 0.0
