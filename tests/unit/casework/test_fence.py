"""The fence: a record above it is new and comes next, one below it is the one that stands there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from aiokafka import ConsumerRecord

from casebus.errors import CasebusError
from casebus.trust.merkle import Frontier
from services.casework.context import CaseworkContext
from services.casework.fence import beyond_fence
from services.casework.records import read
from services.transport import Batch
from storage import journal
from storage.handles import Connection
from storage.journal import RecordedPosition
from tests.installation import AMR, PSB, Installation
from tests.world import SCHEMAS

EPOCH, PARTITION = 3, 2
#: The first record of the epoch stood at offset 40 already: an index is no offset.
FIRST_OFFSET = 40
COUNT = 5


def records() -> list[ConsumerRecord]:
    made = Installation()
    said = [made.say("case.noted", AMR, (PSB,), data={"note": str(at)}) for at in range(COUNT)]
    return [
        ConsumerRecord(
            "case.journal",
            PARTITION,
            FIRST_OFFSET + at,
            1_700_000_000_000,
            1,
            one.key,
            one.value,
            None,
            36,
            4,
            one.headers,
        )
        for at, one in enumerate(said)
    ]


RECORDS = records()


@dataclass
class Stored:
    """What the journal's table holds, by log index; asked as storage asks it."""

    leaves: dict[int, bytes]
    asked: list[tuple[int, ...]] = field(default_factory=list)

    async def stored_leaves(self, connection: object, *asked: int) -> Mapping[int, bytes]:
        assert connection is self
        self.asked.append(asked)
        epoch, partition, first, last = asked
        assert (epoch, partition) == (EPOCH, PARTITION)
        return {at: leaf for at, leaf in self.leaves.items() if first <= at <= last}


@pytest.fixture
def stored(monkeypatch: pytest.MonkeyPatch) -> Stored:
    leaves = {
        at: read(one, SCHEMAS, epoch=EPOCH, partition=PARTITION, log_index=at).row.log_leaf
        for at, one in enumerate(RECORDS)
    }
    fake = Stored(leaves)
    monkeypatch.setattr(journal, "stored_leaves", fake.stored_leaves)
    return fake


class Worked:
    """What the fence needs of the context."""

    schemas = SCHEMAS
    epoch = EPOCH


async def passed(stored: Stored, came: list[ConsumerRecord], recorded: int) -> list[Any]:
    """What is let through where so many of the records are recorded already."""
    position = RecordedPosition(recorded, FIRST_OFFSET + recorded, Frontier(), None)
    batch = Batch("case.journal", PARTITION, came)
    return list(
        await beyond_fence(
            cast("Connection", stored), batch, cast("CaseworkContext", Worked()), position
        )
    )


async def test_what_comes_next_is_let_through_with_its_place_in_the_log(stored: Stored) -> None:
    rows = [one.row for one in await passed(stored, RECORDS, 0)]
    assert [(one.epoch, one.partition, one.log_index) for one in rows] == [
        (EPOCH, PARTITION, at) for at in range(COUNT)
    ]
    assert [one.log_leaf for one in rows] == [stored.leaves[at] for at in range(COUNT)]
    assert stored.asked == [], "of what is new nothing is looked up"


@pytest.mark.parametrize("recorded", [2, 3, 4])
async def test_of_a_batch_that_is_partly_recorded_only_the_rest_is_let_through(
    stored: Stored, recorded: int
) -> None:
    rows = await passed(stored, RECORDS[1:], recorded)
    assert [one.row.log_index for one in rows] == [*range(recorded, COUNT)]
    assert stored.asked == [(EPOCH, PARTITION, 1, recorded - 1)]


async def test_of_a_batch_that_is_all_recorded_nothing_is_let_through(stored: Stored) -> None:
    assert await passed(stored, RECORDS[1:3], COUNT) == []


async def test_a_batch_behind_a_gap_is_refused(stored: Stored) -> None:
    with pytest.raises(CasebusError, match="42 came, 41 is next") as refused:
        await passed(stored, RECORDS[2:], 1)
    assert refused.value.code == "journal_gap"


@pytest.mark.parametrize("lacking", range(1, COUNT - 1))
async def test_a_batch_with_a_gap_is_refused(stored: Stored, lacking: int) -> None:
    came = [one for at, one in enumerate(RECORDS) if at != lacking]
    with pytest.raises(CasebusError, match="offsets from 40 are not consecutive") as refused:
        await passed(stored, came, 0)
    assert refused.value.code == "journal_gap"


@pytest.mark.parametrize("altered", [1, 2])
async def test_another_record_below_the_fence_is_refused_by_its_place(
    stored: Stored, altered: int
) -> None:
    stored.leaves[altered] = b"another"
    with pytest.raises(CasebusError, match=rf"log index {altered}$") as refused:
        await passed(stored, RECORDS[1:], 3)
    assert refused.value.code == "journal_diverged"


async def test_a_record_below_the_fence_that_is_not_stored_is_refused(stored: Stored) -> None:
    del stored.leaves[2]
    with pytest.raises(CasebusError, match=r"log index 2$"):
        await passed(stored, RECORDS[1:], 3)
