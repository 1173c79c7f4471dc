"""The scheduler's row in own.heartbeat, and the outbox's depth as metrics."""

from __future__ import annotations

import asyncio
from typing import Any

from casebus import telemetry
from storage import scheduling

SERVICE = "scheduler"
_SECONDS = 1.0


class Pulse:
    """Beats each second, with what waits in the outbox."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._unsent, self._oldest_seconds = 0, 0.0
        telemetry.gauge("casebus.outbox.unsent", self._depth, key="outbox", unit="{message}")
        telemetry.gauge("casebus.outbox.oldest", self._age, key="outbox", unit="s")

    async def run(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(_SECONDS)

    async def beat(self) -> None:
        self._unsent, self._oldest_seconds = await scheduling.backlog(self._pool)
        detail = {"unsent": self._unsent, "oldest_seconds": self._oldest_seconds}
        await scheduling.beat(self._pool, SERVICE, detail)

    def _depth(self) -> dict[str, float]:
        return {"own": float(self._unsent)}

    def _age(self) -> dict[str, float]:
        return {"own": self._oldest_seconds}
