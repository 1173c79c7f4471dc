"""A worker that copies, for tests of the transport itself: `python -m tests.faults.echo`.

ECHO is a JSON object: runner (agent or bare), group, source, target, and the fault to cause.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from casebus.polling import until
from services.transport import (
    Batch,
    Handler,
    Outgoing,
    Producer,
    TopicPartition,
    Worker,
    WorkerSettings,
    agent,
    bare,
)

SAID: dict[str, Any] = json.loads(os.environ["ECHO"])
#: A process started once the file is there does not fail.
FAILS = "fail_until" in SAID and not Path(SAID["fail_until"]).exists()


class Echo:
    def __init__(self, producer: Producer) -> None:
        self._producer = producer

    async def __call__(self, batch: Batch) -> None:
        if SAID.get("hang"):
            await asyncio.Event().wait()
        if batch.partition == SAID.get("blocked"):
            await until(Path(SAID["until"]).exists, 0.1)
        copies = self._copies(batch)
        if FAILS and any(record.offset == SAID["fail_at"] for record in batch.records):
            await self._producer.send(copies[: len(copies) // 2])
            raise RuntimeError("as told")
        await self._producer.send(copies)

    def _copies(self, batch: Batch) -> list[Outgoing]:
        return [
            Outgoing(SAID["target"], None, record.key, record.value, record.headers)
            for record in batch.records
        ]

    async def on_assigned(
        self, partitions: list[TopicPartition]
    ) -> Mapping[TopicPartition, int] | None:
        start = SAID.get("start_at")
        if isinstance(start, dict):
            return {place: start[str(place.partition)] for place in partitions}
        return None if start is None else dict.fromkeys(partitions, start)


@asynccontextmanager
async def opened(_: WorkerSettings, producer: Producer) -> AsyncIterator[Handler]:
    yield Echo(producer)


if __name__ == "__main__":
    worker = Worker(SAID["group"], (SAID["source"],), opened, lanes=SAID.get("lanes", 1))
    {"agent": agent, "bare": bare}[SAID["runner"]].run(worker)
