"""Which partitions are fetched: those that wait keep out no other, however many they are."""

from __future__ import annotations

from types import SimpleNamespace
from weakref import WeakSet

from faust.types import TP

from services.transport.folding import WAITING_BATCHES, WAITING_OF_ONE, Fold, FoldingConsumer


def consumer(waiting: dict[TP, int]) -> tuple[FoldingConsumer, list[Fold]]:
    """One whose partitions have so many batches in memory, and what keeps these alive."""
    made = FoldingConsumer.__new__(FoldingConsumer)
    folds = [
        Fold(tp, [SimpleNamespace(offset=at)], None)
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
