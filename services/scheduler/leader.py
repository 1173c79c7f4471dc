"""The leader: the one scheduler whose session holds the advisory lock."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

from casebus.errors import CasebusError
from casebus.settings import Settings
from storage import scheduling
from storage.handles import Connection

log = logging.getLogger(__name__)


class Leadership:
    """The leader's session; the relay uses it too, so that both end together."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._lost = asyncio.Event()
        connection.add_termination_listener(lambda _: self._lost.set())

    async def watch(self) -> None:
        """Never return; raises CasebusError `lead_lost` when the session ends."""
        await self._lost.wait()
        raise CasebusError("lead_lost", "the session that holds the scheduler's lock ended")


@asynccontextmanager
async def leading(settings: Settings) -> AsyncIterator[Leadership]:
    """Wait for the lead and hold it; the keep-alives free a vanished leader's lock in seconds."""
    connection = await asyncpg.connect(
        settings.database_url,
        server_settings={
            # The supervisor finds the leader by this name.
            "application_name": "casebus-scheduler-lead",
            "timezone": "UTC",
            "tcp_keepalives_idle": "5",
            "tcp_keepalives_interval": "2",
            "tcp_keepalives_count": "3",
        },
    )
    try:
        await scheduling.lead(connection)
        log.info("scheduler leads")
        yield Leadership(connection)
    finally:
        # terminate, not close: a paused or cancelled statement must not keep the lock.
        connection.terminate()
