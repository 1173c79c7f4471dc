"""Which partitions stand still: records wait in them, and what is committed does not move."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

from aiokafka import TopicPartition

from casebus import telemetry
from services.scheduler.barrier import KnowsOffsets

#: Longer than any batch takes, or a worker that moves, and shorter than the worker's own probe.
STALLED_SECONDS = 20.0
_LOOK_SECONDS = 5.0

_Place = tuple[str, TopicPartition]


class Standing:
    """Looks now and then at what each group has committed of its topics."""

    def __init__(
        self,
        offsets: KnowsOffsets,
        watched: Mapping[str, Iterable[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`watched` names the topics of each consumer group."""
        self._offsets, self._clock = offsets, clock
        self._watched = {group: tuple(topics) for group, topics in watched.items()}
        #: What was committed when it last moved or nothing waited, and when that was.
        self._moved: dict[_Place, tuple[int, float]] = {}
        self._still: dict[str, float] = {}
        telemetry.gauge("casebus.partition.still", lambda: self._still, key="place", unit="s")

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        still: dict[str, float] = {}
        for group, topics in self._watched.items():
            ends = await self._offsets.ends(await self._offsets.places(topics))
            done = await self._offsets.committed(group)
            for place, end in ends.items():
                seconds = self._seconds((group, place), done.get(place, 0), end)
                if seconds:
                    still[f"{group} {place.topic}/{place.partition}"] = seconds
        self._still = still

    def stalled(self) -> list[str]:
        """Group, topic and partition of each that stands for too long."""
        return sorted(name for name, seconds in self._still.items() if seconds >= STALLED_SECONDS)

    def _seconds(self, place: _Place, done: int, end: int) -> float:
        now = self._clock()
        before, since = self._moved.get(place, (-1, now))
        if done != before or done >= end:
            self._moved[place] = done, now
            return 0.0
        return now - since
