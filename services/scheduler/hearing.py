"""The part of the journal read since this process began; before that, the bus sends nothing.

If `own` was restored, it may be of an earlier day than the journal. Later statements are in the
journal or on their way there. When casework has recorded everything that was on the brokers at the
start, `derived` knows them (ADR 48).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from uuid import UUID

from casebus.events.partition import partition_for
from services.scheduler.barrier import Passes
from storage.heartbeats import HeardPartitions


class PartitionHearing:
    """Passes the barrier once for each partition of the journal, whichever stand still."""

    def __init__(self, barrier: Passes, partitions: Callable[[], Awaitable[int]]) -> None:
        self._barrier, self._partitions = barrier, partitions
        self._count = 0
        self._heard: set[int] = set()

    async def run(self) -> None:
        """Return when every partition was read to the end that it had at the start."""
        self._count = await self._partitions()
        await asyncio.gather(*map(self._hear, range(self._count)))

    def has_heard(self, stream: UUID) -> bool:
        """True if all earlier statements in this stream are known."""
        return self._count > 0 and partition_for(str(stream).encode(), self._count) in self._heard

    def shown(self) -> HeardPartitions:
        """For those who must wait as well."""
        return HeardPartitions(self._count, tuple(sorted(self._heard)))

    async def _hear(self, partition: int) -> None:
        await self._barrier.passed([partition])
        self._heard.add(partition)
