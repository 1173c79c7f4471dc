"""One watcher for each gateway: it tells open pages that they have something new to show.

The watcher asks for the progress of recording a few times a second. A page is told only that its
content has changed. A place in the journal is the event's id, so a page that comes back after a
restart learns what it missed.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from gateway.console.standing import ClockStanding
from storage import changes
from storage.changes import Places
from storage.handles import Pool

_log = logging.getLogger(__name__)
_ROUND_SECONDS = 0.3
_AWAY_SECONDS = 1.0
_PATIENCE_SECONDS = 4.0
_ASK_SECONDS = 10.0
#: The checks of the health that fail if news may be missing.
_MOVES = ("broker", "moving")
#: A page that comes back from farther behind is told to load again, whatever has changed.
_MOST_MISSED = 20_000
AWAY = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError)


@dataclass(eq=False)
class Listener:
    """One open page: a case, an agency's lists, or (neither) everything."""

    case: UUID | None = None
    agency: str | None = None
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    changed: bool = False

    def concerns(self, streams: set[UUID], agencies: set[str]) -> bool:
        if self.case is not None:
            return self.case in streams
        return bool(streams) if self.agency is None else self.agency in agencies


class Changes:
    def __init__(self, database: Callable[[], Awaitable[Pool]], standing: ClockStanding) -> None:
        self._database, self._standing = database, standing
        self._listeners: set[Listener] = set()
        self._watching: asyncio.Task[None] | None = None
        self._asking: asyncio.Task[None] | None = None
        self.places: Places = {}
        self.away = False
        #: The time since when news may be missing, although the database answers.
        self.still_since: datetime | None = None
        self.ended = False

    @contextmanager
    def listening(self, listener: Listener) -> Iterator[Listener]:
        self._listeners.add(listener)
        if self._watching is None or self._watching.done():
            self.places = {}
            self._watching = asyncio.create_task(self._watch())
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(self._ask())
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def end(self) -> None:
        """The gateway is about to stop: open pages come back to the next one."""
        self.ended = True
        self._wake(self._listeners)

    async def missed(self, listener: Listener, after: Mapping[int, int]) -> Places | None:
        """The journal's place, if something for the page was recorded since it last heard."""
        database = await self._database()
        now = await changes.places(database)
        behind = sum(end - after.get(partition, 0) for partition, end in now.items())
        if behind > _MOST_MISSED or any(now.get(one, 0) < at for one, at in after.items()):
            return now
        streams = await changes.streams(database, after, now)
        concerned = listener.concerns(streams, await changes.agencies(database, streams))
        return now if concerned else None

    async def _watch(self) -> None:
        while self._listeners and not self.ended:
            try:
                # A pool without a free connection waits, whatever time limit its queries have.
                async with asyncio.timeout(_PATIENCE_SECONDS):
                    await self._look()
            except AWAY as error:
                if not self.away:
                    _log.warning("open pages hear nothing new", exc_info=error)
                self._turn(away=True)
                await asyncio.sleep(_AWAY_SECONDS)
            else:
                self._turn(away=False)
                await asyncio.sleep(_ROUND_SECONDS)

    async def _ask(self) -> None:
        """Runs beside the watcher, which does not wait for brokers that do not answer."""
        while self._listeners and not self.ended:
            since = (await self._standing.now()).failing_since
            # If the database is away, the watcher says so. Nothing else is known then.
            known = () if "database" in since else _MOVES
            still = min((since[one] for one in known if one in since), default=None)
            if self.still_since != still:
                self.still_since = still
                self._wake(self._listeners)
            await asyncio.sleep(_ASK_SECONDS)

    async def _look(self) -> None:
        database = await self._database()
        before, now = self.places, await changes.places(database)
        if before == now:
            return
        if before:
            streams = await changes.streams(database, before, now)
            agencies = await changes.agencies(database, streams)
            went_back = any(now.get(one, 0) < at for one, at in before.items())
            told = [one for one in self._listeners if went_back or one.concerns(streams, agencies)]
            for one in told:
                one.changed = True
            self._wake(told)
        self.places = now

    def _turn(self, *, away: bool) -> None:
        if self.away != away:
            self.away = away
            self._wake(self._listeners)

    def _wake(self, listeners: Any) -> None:
        for one in list(listeners):
            one.woken.set()
