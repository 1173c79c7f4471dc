"""One at a time: one author's records in one stream leave this process in the order stored."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary

from casebus.errors import CasebusError

#: Seconds for which a request waits for earlier ones: as long as one of them may take to send.
_PATIENCE = 10.0


class Turns:
    """Locks by name, each kept while somebody waits for it or holds it."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[tuple[str, ...], asyncio.Lock] = WeakValueDictionary()

    def is_free(self, *name: str) -> bool:
        """True if nobody holds the turn or waits for it."""
        return name not in self._locks

    @asynccontextmanager
    async def of(self, *name: str) -> AsyncIterator[None]:
        """Hold the turn inside the block; raises `bus_unavailable` if it does not come."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        try:
            async with asyncio.timeout(_PATIENCE):
                await lock.acquire()
        except TimeoutError as error:
            raise CasebusError("bus_unavailable", "send the same request again") from error
        try:
            yield
        finally:
            lock.release()
