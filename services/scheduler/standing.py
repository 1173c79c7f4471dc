"""Partitions that stand still: records wait in them, and the done part does not move.

The done part is a group's commit, and for the journal also the content of the tables: a commit
alone moves no table. The time of a standstill outlives this process: a process that is restarted
again and again would never see more than its own few seconds. The progress of each, its speed, and
the age of the oldest waiting record are in `own.place` for readers.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping

from aiokafka import TopicPartition

from casebus import telemetry
from casebus.events.topics import JOURNAL
from services.scheduler.barrier import KnowsOffsets, Recorded
from services.scheduler.offsets import Offsets
from storage.scheduling import PartitionProgress

#: Longer than any batch takes, or a moving worker, and shorter than the worker's own probe.
STALLED_SECONDS = 20.0
_LOOK_SECONDS = 5.0

#: Means casework's tables in place of a group.
TABLES = "tables"
Still = dict[str, tuple[int, float]]
"""What is done of each place in which records wait, and for how many seconds so much."""


class GroupProgress:
    """Looks from time to time at each group's commits in its topics."""

    def __init__(
        self,
        offsets: KnowsOffsets,
        watched: Mapping[str, Iterable[str]],
        clock: Callable[[], float] = time.monotonic,
        recorded: Recorded | None = None,
        before: Still | None = None,
    ) -> None:
        """`watched` names the topics of each group; `before` is the last value of `waiting`."""
        self._offsets, self._clock, self._recorded = offsets, clock, recorded
        self._watched = {group: tuple(topics) for group, topics in watched.items()}
        #: The done part when it last moved or nothing waited, and the time of that.
        self._moved = {
            name: (done, clock() - seconds) for name, (done, seconds) in (before or {}).items()
        }
        self._still: dict[str, float] = {}
        self._paces: dict[str, _Pace] = {}
        #: Each partition that holds records, as last seen.
        self.progress: list[PartitionProgress] = []
        telemetry.gauge("casebus.partition.still", lambda: self._still, key="place", unit="s")

    async def run(self) -> None:
        while True:
            await self.look()
            await asyncio.sleep(_LOOK_SECONDS)

    async def look(self) -> None:
        still: dict[str, float] = {}
        progress: list[PartitionProgress] = []
        for group, topics in self._watched.items():
            ends = await self._offsets.ends(await self._offsets.places(topics))
            done = await self._offsets.committed(group)
            still.update(self._look(group, done, ends))
            progress += self._progress(group, done, ends)
        if self._recorded is not None:
            ends = await self._offsets.ends(await self._offsets.places([JOURNAL]))
            held = await self._recorded(place.partition for place in ends)
            done = {TopicPartition(JOURNAL, at): offset for at, offset in held.items()}
            still.update(self._look(TABLES, done, ends))
            progress += self._progress(TABLES, done, ends)
        self._still, self.progress = still, progress

    def stalled(self) -> list[str]:
        """Group, topic and partition of each that has stood for too long."""
        return sorted(name for name, seconds in self._still.items() if seconds >= STALLED_SECONDS)

    def waiting(self) -> Still:
        """For the process after this one."""
        return {name: (self._moved[name][0], seconds) for name, seconds in self._still.items()}

    def _look(self, group: str, done: Offsets, ends: Offsets) -> Iterator[tuple[str, float]]:
        for place, end in ends.items():
            name = f"{group} {place.topic}/{place.partition}"
            seconds = self._seconds(name, done.get(place), end)
            if seconds:
                yield name, seconds

    def _progress(self, group: str, done: Offsets, ends: Offsets) -> Iterator[PartitionProgress]:
        for place, end in ends.items():
            pace = self._paces.setdefault(f"{group} {place.topic}/{place.partition}", _Pace())
            # A record that was never committed is not done.
            at = min(done.get(place, 0), end)
            rate, oldest = pace.look(self._clock(), at, end)
            yield PartitionProgress(group, place.topic, place.partition, at, end, rate, oldest)

    def _seconds(self, name: str, done: int | None, end: int) -> float:
        now = self._clock()
        before, since = self._moved.get(name, (-1, now))
        if done is None:
            # Nothing was ever committed, or its coordinator is away: nothing has moved.
            done = max(before, 0)
        if done != before or done >= end:
            self._moved[name] = done, now
            return 0.0
        return now - since


class _Pace:
    """The speed in one partition, and the time since when its oldest record waits.

    The arrival of a record is the first look that saw the end behind it, so it is exact to a few
    seconds.
    """

    def __init__(self) -> None:
        self._ends: deque[tuple[float, int]] = deque()
        self._last: tuple[float, int] | None = None

    def look(self, now: float, done: int, end: int) -> tuple[float, float]:
        """Records a second since the last look, and seconds that the oldest has waited."""
        before, self._last = self._last, (now, done)
        while self._ends and self._ends[0][1] <= done:
            self._ends.popleft()
        if end > done and (not self._ends or self._ends[-1][1] < end):
            self._ends.append((now, end))
        passed = now - before[0] if before else 0.0
        rate = max(done - before[1], 0) / passed if before and passed > 0 else 0.0
        return round(rate, 1), round(now - self._ends[0][0] if self._ends else 0.0, 1)
