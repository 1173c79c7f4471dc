"""Whether the journal was read to its end since this process began, where a stream lies.

The database may be of an earlier day than the journal (ADR 48). The scheduler says when everything
that stood on the brokers is recorded. Until then a submission is stored and left to the scheduler's
relay, which then knows what stands there already.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import UUID

from casebus.events.partition import partition_for
from storage import reads, sending
from storage.handles import Handle

_SCHEDULER = "scheduler"


class HeartbeatAsker:
    """Asks the scheduler's heartbeat until it has said so for a partition."""

    def __init__(self) -> None:
        self._born = time.monotonic()
        #: By the database's clock.
        self._began: datetime | None = None
        self._heard: set[int] = set()
        self._partitions = 0

    async def has_heard(self, database: Handle, stream: UUID) -> bool:
        """True, too, where no scheduler has ever worked: nobody would send it."""
        if self._is_heard(stream):
            return True
        if self._began is None:
            # Not when it first asks: what was said meanwhile was said in this life.
            now = await sending.database_time(database)
            self._began = now - timedelta(seconds=time.monotonic() - self._born)
        beats = {row["service"]: row for row in await reads.heartbeats(database)}
        if _SCHEDULER not in beats:
            return True
        last = beats[_SCHEDULER]
        # An older one may be what the database remembers of another life.
        if last["at"] > self._began:
            self._partitions = last["detail"].get("partitions", 0)
            self._heard.update(last["detail"].get("heard", ()))
        return self._is_heard(stream)

    def _is_heard(self, stream: UUID) -> bool:
        count = self._partitions
        return count > 0 and partition_for(str(stream).encode(), count) in self._heard
