"""The barrier of design rule 15: nobody is accused because we were down.

After a clock's moment, everything that had reached the front door by now must be judged by
admission and recorded by casework before the clock may breach.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from aiokafka import TopicPartition

from services.scheduler.offsets import Offsets

ADMISSION = "admission"
JOURNAL = "case.journal"
_LOOK_SECONDS = 0.1

Recorded = Callable[[Iterable[int]], Awaitable[dict[int, int]]]
"""Partition → the journal offset up to which casework has recorded everything."""


class KnowsOffsets(Protocol):
    async def places(self, topics: Iterable[str]) -> list[TopicPartition]: ...

    async def ends(self, places: Iterable[TopicPartition]) -> Offsets: ...

    async def committed(self, group: str) -> Offsets: ...


class Barrier:
    """Waits until admission and casework have passed what stood before them."""

    def __init__(self, offsets: KnowsOffsets, recorded: Recorded, doors: Iterable[str]) -> None:
        self._offsets = offsets
        self._recorded = recorded
        self._doors = tuple(doors)

    async def passed(self, partitions: Iterable[int]) -> float:
        """Wait for the journal `partitions` of the cases at hand; returns the seconds waited."""
        clock = asyncio.get_running_loop().time
        began = clock()
        doors = await self._offsets.places(self._doors)
        await self._until_admitted(await self._offsets.ends(doors))
        journal = [TopicPartition(JOURNAL, partition) for partition in sorted(set(partitions))]
        await self._until_recorded(await self._offsets.ends(journal))
        return clock() - began

    async def _until_admitted(self, ends: Offsets) -> None:
        while ends:
            done = await self._offsets.committed(ADMISSION)
            ends = {place: end for place, end in ends.items() if done.get(place, 0) < end}
            if ends:
                await asyncio.sleep(_LOOK_SECONDS)

    async def _until_recorded(self, ends: Offsets) -> None:
        while ends:
            done = await self._recorded(place.partition for place in ends)
            ends = {place: end for place, end in ends.items() if done.get(place.partition, 0) < end}
            if ends:
                await asyncio.sleep(_LOOK_SECONDS)
