"""The turns of partitions: batch by batch, whatever waits behind each."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Lanes(Generic[Item]):
    """Handles each place's items in order and one at a time; at most `most` places at once.

    A place with more items waits behind all that waited already. A flooded place makes the others
    wait for one of its items, never for all.
    """

    def __init__(self, most: int, handle: Callable[[Item], Awaitable[None]]) -> None:
        self._handle = handle
        # It serves its waiters in the order in which they came.
        self._lanes = asyncio.Semaphore(most)
        self._waiting: dict[Hashable, deque[Item]] = {}
        self._tasks: dict[Hashable, asyncio.Task[None]] = {}

    def put(self, place: Hashable, item: Item) -> None:
        self._waiting.setdefault(place, deque()).append(item)
        if place not in self._tasks:
            self._tasks[place] = asyncio.create_task(self._work(place))

    def stop(self) -> None:
        """Handle no further batch, neither an unfinished nor a waiting one."""
        for task in self._tasks.values():
            task.cancel()

    async def _work(self, place: Hashable) -> None:
        waiting = self._waiting[place]
        while waiting:
            async with self._lanes:
                await self._handle(waiting.popleft())
        del self._waiting[place], self._tasks[place]
