from __future__ import annotations

from services.transport.batch import start_offsets
from services.transport.probe import Standstill

HERE = ("case.journal", 0)


def looks(standstill: Standstill, *pairs: tuple[int, int]) -> list[bool]:
    return [bool(standstill.look({HERE: offset}, {HERE: end})) for offset, end in pairs]


def test_a_commit_that_stands_while_records_wait_is_a_standstill() -> None:
    assert looks(Standstill(3), (5, 9), (5, 9), (5, 9), (5, 12)) == [False, False, False, True]


def test_a_commit_that_moves_at_all_is_none() -> None:
    assert not any(looks(Standstill(2), (5, 900), (6, 900), (7, 900), (8, 900), (9, 900)))


def test_a_worker_with_nothing_to_do_stands_still_for_ever_and_lives() -> None:
    assert not any(looks(Standstill(2), *[(9, 9)] * 10))


def test_a_partition_that_went_to_another_worker_is_forgotten() -> None:
    standstill = Standstill(2)
    assert looks(standstill, (5, 9), (5, 9)) == [False, False]
    assert standstill.look({}, {}) == []
    assert looks(standstill, (5, 9), (5, 9), (5, 9)) == [False, False, True]


async def test_a_handler_that_does_not_ask_starts_at_the_committed_offsets() -> None:
    async def handle(_: object) -> None: ...

    assert await start_offsets(handle, []) == {}
