"""Tells if the journal was read to its end, in a stream's partition, since this process began.

The database may be of an earlier day than the journal (ADR 48). The scheduler reports when
everything that was on the brokers is recorded. Until then a submission is stored and left to the
scheduler's relay, which then knows the journal's content.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from uuid import UUID

from casebus.events.partition import partition_for
from storage import reads, sending
from storage.handles import Handle
from storage.heartbeats import SCHEDULER


class HeartbeatAsker:
    """Asks the scheduler's heartbeat until it confirms a partition."""

    def __init__(self) -> None:
        self._born = time.monotonic()
        #: By the database's clock.
        self._began: datetime | None = None
        self._heard: set[int] = set()
        self._partitions = 0

    async def has_heard(self, database: Handle, stream: UUID) -> bool:
        """True also if no scheduler has ever worked: nobody would send it."""
        if self._is_heard(stream):
            return True
        if self._began is None:
            # Not the time of its first question: statements since the process began belong to this
            # life.
            now = await sending.database_time(database)
            self._began = now - timedelta(seconds=time.monotonic() - self._born)
        beats = {one.service: one for one in await reads.heartbeats(database)}
        if SCHEDULER not in beats:
            return True
        last = beats[SCHEDULER]
        # An older one may be what the database remembers of another life.
        if last.at > self._began:
            self._partitions = last.detail.journal.partitions
            self._heard.update(last.detail.journal.heard)
        return self._is_heard(stream)

    def _is_heard(self, stream: UUID) -> bool:
        count = self._partitions
        return count > 0 and partition_for(str(stream).encode(), count) in self._heard
