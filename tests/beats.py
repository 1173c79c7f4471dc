"""A heartbeat of the scheduler, which says how far it has read the journal."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from storage import scheduling
from storage.heartbeats import SCHEDULER, BeatDetail, HeardPartitions


async def beat(pool: Any, partitions: int, heard: Iterable[int]) -> None:
    detail = BeatDetail(journal=HeardPartitions(partitions, tuple(heard)))
    await scheduling.beat(pool, SCHEDULER, detail)
