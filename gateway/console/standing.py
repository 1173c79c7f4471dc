"""The state that the front page shows everybody: looked at from time to time, however many ask."""

from __future__ import annotations

import asyncio

from gateway.api import health
from gateway.api.health import Ready
from gateway.runtime.context import Gateway

_AGE_SECONDS = 5.0


class ClockStanding:
    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._looking = asyncio.Lock()
        self._known: Ready | None = None
        self._until = 0.0

    async def now(self, *, failing: bool = False) -> Ready:
        """`failing`: the asker has met a failure, so a look without one is too old."""
        async with self._looking:
            clock = asyncio.get_running_loop().time()
            is_old = failing and self._known is not None and self._known.status == "ok"
            if self._known is None or is_old or clock >= self._until:
                self._known = await health.ready_of(self._gateway)
                self._until = clock + _AGE_SECONDS
            return self._known
