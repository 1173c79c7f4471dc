"""The barrier of design rule 15: nobody is accused because we were down.

After a clock's moment, everything that had reached the front door by now must be judged by
admission and recorded by casework before the clock may breach. Nobody here can know what lies
unsent in an agency's own system.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Protocol

from aiokafka import TopicPartition

from casebus.events.topics import JOURNAL
from services.scheduler.offsets import Offsets

ADMISSION = "admission"
_LOOK_SECONDS = 0.1

Recorded = Callable[[Iterable[int]], Awaitable[dict[int, int]]]
"""Partition → the journal offset up to which casework has recorded everything."""
Sent = Callable[[], Awaitable[None]]
"""Returns when all that was stored signed before the call is sent, or refused for good."""


class KnowsOffsets(Protocol):
    async def places(self, topics: Iterable[str]) -> list[TopicPartition]: ...

    async def ends(self, places: Iterable[TopicPartition]) -> Offsets: ...

    async def committed(self, group: str) -> Offsets: ...


class Passes(Protocol):
    """The part of a barrier that its users need: they must not speak before it."""

    async def passed(self, partitions: Iterable[int]) -> float: ...


class Barrier:
    """Waits until admission and casework have passed the records before them.

    `sent` is for questions about all cases; for one case, the caller asks under its lock.
    """

    def __init__(
        self,
        offsets: KnowsOffsets,
        recorded: Recorded,
        doors: Iterable[str],
        sent: Sent | None = None,
    ) -> None:
        self._offsets = offsets
        self._recorded = recorded
        self._doors = tuple(doors)
        self._sent = sent

    async def passed(self, partitions: Iterable[int]) -> float:
        """Wait for the journal `partitions` of the cases at hand; returns the seconds waited."""
        clock = asyncio.get_running_loop().time
        began = clock()
        if self._sent is not None:
            await self._sent()
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
