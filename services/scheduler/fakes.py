"""Brokers and barriers in memory for fast tests of the scheduler, kept beside their ports.

`MemoryOffsets` for `barrier.KnowsOffsets`, `HeldBarrier` for `barrier.Passes`, `MemoryBrokers` for
`relay.Sends`. The database in memory is `storage.fakes`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from aiokafka import TopicPartition
from aiokafka.errors import UnknownTopicOrPartitionError

from services.scheduler.offsets import Offsets
from services.transport import Outgoing


class MemoryOffsets:
    """Ends and commits that the test moves; it remembers its questions, in order."""

    def __init__(self) -> None:
        self.end: dict[TopicPartition, int] = {}
        #: Consumer group -> its progress.
        self.done: dict[str, dict[TopicPartition, int]] = {}
        #: The topics whose ends were asked for.
        self.asked: list[tuple[str, ...]] = []

    async def places(self, topics: Iterable[str]) -> list[TopicPartition]:
        wanted = set(topics)
        return [place for place in self.end if place.topic in wanted]

    async def ends(self, places: Iterable[TopicPartition]) -> Offsets:
        wanted = set(places)
        self.asked.append(tuple(sorted({place.topic for place in wanted})))
        return {place: end for place, end in self.end.items() if place in wanted}

    async def committed(self, group: str) -> Offsets:
        return dict(self.done.get(group, {}))


class HeldBarrier:
    """A barrier that passes when the test opens it, and then reports so many `seconds`."""

    def __init__(self, *, is_open: bool = True, seconds: float = 0.1) -> None:
        self.reached, self.open = asyncio.Event(), asyncio.Event()
        self.partitions: set[int] = set()
        self.seconds = seconds
        #: Records that arrive once while a caller waits.
        self.meanwhile: Callable[[], Awaitable[None]] | None = None
        if is_open:
            self.open.set()

    async def passed(self, partitions: Iterable[int]) -> float:
        self.partitions |= set(partitions)
        self.reached.set()
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        await self.open.wait()
        return self.seconds


class MemoryBrokers:
    """Takes everything that is sent at once, or nothing of it; refuses as the test wants."""

    def __init__(self) -> None:
        self.taken: list[Outgoing] = []
        #: Value of a record -> the answer for it, whatever is sent with it.
        self.refused: dict[bytes, Exception] = {}
        self.unknown: set[str] = set()
        #: The number of restarts of the producer.
        self.renewals = 0

    async def partitions(self, topic: str) -> int:
        if topic in self.unknown:
            raise UnknownTopicOrPartitionError
        return 4

    async def send(self, outgoing: list[Outgoing]) -> None:
        for one in outgoing:
            if (error := self.refused.get(one.value or b"")) is not None:
                raise error
        self.taken += outgoing

    async def renew(self) -> None:
        self.renewals += 1
