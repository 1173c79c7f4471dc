"""The scheduler's row in own.heartbeat, and metrics of waiting records."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from casebus import telemetry
from casebus.cases.renewing import refuse_newer
from services.scheduler.standing import GroupProgress, Still
from storage import renewing, scheduling, sending
from storage.handles import Pool
from storage.heartbeats import SCHEDULER, BeatDetail, HeardPartitions
from storage.scheduling import PartitionProgress
from storage.sending import WaitingCount

_SECONDS = 1.0


async def still_before(pool: Pool) -> Still:
    """The parts that stood still at the last heartbeat of this service, from any process."""
    return dict((await scheduling.last_beat(pool, SCHEDULER)).still)


class SchedulerHeartbeat:
    """Beats each second, with the waiting records and the partitions that stand still."""

    def __init__(
        self,
        pool: Pool,
        standing: GroupProgress | None = None,
        heard: Callable[[], HeardPartitions] = HeardPartitions,
    ) -> None:
        """`heard`: the part of the journal read since this process began."""
        self._pool, self._standing, self._heard = pool, standing, heard
        self._waiting = WaitingCount()
        self._told: list[PartitionProgress] | None = None
        telemetry.gauge("casebus.outbox.unsent", self._depth, key="outbox", unit="{message}")
        telemetry.gauge("casebus.outbox.oldest", self._age, key="outbox", unit="s")
        telemetry.gauge("casebus.records.refused", self._refused, key="outbox", unit="{message}")

    async def run(self) -> None:
        while True:
            await self.beat()
            await asyncio.sleep(_SECONDS)

    async def beat(self) -> None:
        """Beat; raises CasebusError `fold_is_older` if a newer release writes here."""
        refuse_newer(await renewing.newest_fold(self._pool))
        self._waiting = await sending.waiting(self._pool)
        seen = self._standing
        detail = BeatDetail(
            waiting=self._waiting,
            stalled=tuple(seen.stalled()) if seen else (),
            still=seen.waiting() if seen else {},
            journal=self._heard(),
        )
        await scheduling.beat(self._pool, SCHEDULER, detail)
        if seen and seen.progress != self._told:
            self._told = seen.progress
            await scheduling.note_places(self._pool, seen.progress)

    def _depth(self) -> dict[str, float]:
        now = self._waiting
        return {"own": float(now.outbox_unsent), "handed_in": float(now.submissions_unsent)}

    def _age(self) -> dict[str, float]:
        now = self._waiting
        return {"own": now.outbox_oldest_seconds, "handed_in": now.submissions_oldest_seconds}

    def _refused(self) -> dict[str, float]:
        return {"all": float(self._waiting.records_refused)}
