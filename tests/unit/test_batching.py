"""Which partitions are fetched: those that wait keep out no other, however many they are."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any
from weakref import WeakSet

import pytest
from faust.transport.drivers import aiokafka as driver
from faust.types import TP

from services.transport.batching import (
    FULL_SECONDS,
    WAITING_BATCHES,
    WAITING_OF_ONE,
    BatchingConsumer,
    FetchedBatch,
)


def consumer(waiting: dict[TP, int]) -> tuple[BatchingConsumer, list[FetchedBatch]]:
    """One whose partitions have so many batches in memory, and what keeps these alive."""
    made = BatchingConsumer.__new__(BatchingConsumer)
    folds = [
        FetchedBatch(tp, [SimpleNamespace(offset=at)], None)
        for tp, count in waiting.items()
        for at in range(count)
    ]
    made._out = WeakSet(folds)
    return made, folds


def test_a_partition_of_which_enough_waits_is_fetched_no_further() -> None:
    flooded, quiet = TP("events.police", 0), TP("events.court", 0)
    made, folds = consumer({flooded: WAITING_OF_ONE})
    assert made._fetchable({flooded, quiet}) == {quiet}
    folds[0].end.handled = True
    assert made._fetchable({flooded, quiet}) == {flooded, quiet}


def test_however_many_partitions_stand_still_they_keep_out_none_that_has_nothing_waiting() -> None:
    still = {TP("events.police", at): WAITING_OF_ONE for at in range(WAITING_BATCHES)}
    quiet, slow = TP("events.court", 0), TP("events.court", 1)
    made, folds = consumer({**still, slow: 1})
    assert len(folds) > WAITING_BATCHES
    assert made._fetchable({*still, quiet, slow}) == {quiet}


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """For how long Faust was asked to wait."""
    asked: list[float] = []

    async def getmany(_: object, **asks: Any) -> dict[TP, Any]:
        assert asks["active_partitions"]
        asked.append(asks["timeout"])
        return {}

    monkeypatch.setattr(driver.Consumer, "_getmany", getmany)
    return asked


@pytest.mark.parametrize(("waiting", "seconds"), [(1, 1.0), (WAITING_OF_ONE, FULL_SECONDS)])
async def test_what_was_left_out_for_want_of_room_is_asked_for_again_at_once(
    patience: list[float], waiting: int, seconds: float
) -> None:
    busy, quiet = TP("case.journal", 0), TP("rejected", 0)
    made, folds = consumer({busy: waiting})
    made._freed = asyncio.Event()
    assert await made._getmany({busy, quiet}, 1.0) == {}
    assert (len(folds), patience) == (waiting, [seconds])
