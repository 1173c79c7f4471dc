"""What comes while a question is under way is asked as one; nobody pays for another's fault."""

from __future__ import annotations

import asyncio

import pytest

from gateway.runtime.batches import Gathered


class Desk:
    def __init__(self) -> None:
        self.asked: list[list[int]] = []
        self.open = asyncio.Event()

    async def __call__(self, items: list[int]) -> list[int]:
        self.asked.append(items)
        await self.open.wait()
        if 13 in items:
            raise ValueError("unlucky")
        if 99 in items:
            raise OSError("away")
        return [item * 2 for item in items]


async def told(gathered: Gathered[int, int], desk: Desk, *items: int) -> list[int | BaseException]:
    tasks = [asyncio.create_task(gathered(item)) for item in items]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    desk.open.set()
    return await asyncio.gather(*tasks, return_exceptions=True)


async def test_what_came_meanwhile_goes_as_one_and_each_has_its_own_answer() -> None:
    desk = Desk()
    gathered = Gathered(desk)
    first = asyncio.create_task(gathered(1))
    await asyncio.sleep(0.01)
    assert await told(gathered, desk, 2, 3, 4) == [4, 6, 8]
    assert await first == 2
    assert desk.asked == [[1], [2, 3, 4]]
    assert await gathered(5) == 10


async def test_what_one_item_is_at_fault_for_befalls_it_alone() -> None:
    desk = Desk()
    one, bad, three = await told(Gathered(desk), desk, 1, 13, 3)
    assert (one, three) == (2, 6)
    assert isinstance(bad, ValueError)


async def test_what_befalls_all_is_told_to_each_and_asked_once() -> None:
    desk = Desk()
    found = await told(Gathered(desk), desk, 1, 99)
    assert [type(one) for one in found] == [OSError, OSError]
    assert len(desk.asked) == 1


async def test_who_goes_away_keeps_nobody_from_an_answer() -> None:
    desk = Desk()
    gathered = Gathered(desk)
    gone, stays = (asyncio.create_task(gathered(item)) for item in (1, 2))
    await asyncio.sleep(0)
    gone.cancel()
    desk.open.set()
    assert await stays == 4
    with pytest.raises(asyncio.CancelledError):
        await gone
