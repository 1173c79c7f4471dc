"""Heartbeats of the directory for a stack without its scheduler, as tests of single services are.

Admission judges by the directory, and pauses when it hears no heartbeat for five seconds (design
rule 9, the directory).
"""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from casebus.later import later
from casebus.settings import Settings

# Most stacks have a scheduler, and no use for them.
if TYPE_CHECKING:
    from services import transport
    from services.scheduler import directory, offsets
else:
    transport = later("services.transport")
    directory = later("services.scheduler.directory")
    offsets = later("services.scheduler.offsets")


class Heartbeat(threading.Thread):
    """The scheduler's own heart, as Kafka's admin."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(name="directory heartbeat", daemon=True)
        self._settings = settings
        self._stopped = threading.Event()

    def run(self) -> None:
        asyncio.run(self._beat())

    async def _beat(self) -> None:
        async with (
            transport.Producer(self._settings, client_id="heartbeat") as producer,
            offsets.BrokerOffsets(self._settings, producer) as ends,
        ):
            heart = directory.DirectoryHeartbeat(ends, producer)
            while not self._stopped.is_set():
                await heart.beat()
                await asyncio.sleep(directory.BEAT_SECONDS)

    def stop(self) -> None:
        self._stopped.set()
