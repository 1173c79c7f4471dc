"""Clocks that ran out or soon will: behind the barrier, under the case's row lock, told once.

A breach accuses, a lapse moves the case, a warning reminds. None of them may be sent because we
were behind (design rules 15, the barrier, and 16, provisional and historic), or while a record of
the case is stored here and not yet sent.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from casebus import telemetry
from casebus.cases import Clock, Derived, breach_of, lapse_of, warning_of
from casebus.cases.facets.clocks.clock import RUNNING
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.partition import partition_for
from casebus.law import agencies
from casebus.now import Now
from casebus.trust.directory import Directory
from services.scheduler.barrier import Passes
from services.scheduler.statements import BusStatement, StatementSigner
from storage import outbox, scheduling, sending
from storage.handles import Pool
from storage.scheduling import BREACHED, LAPSED, WARNED, DueItem

log = logging.getLogger(__name__)

#: The cause of a breach if the bus itself was behind.
LINK_DOWN = "link_down"
#: A barrier that took longer means that the bus, not the agency, may have been late.
_SOUND_SECONDS = 10.0
_CLOCKS = 500
#: How long a clock that casework has just written may wait until it is seen.
_LOOK_SECONDS = 0.3
#: A scenario's time can jump, and so can a machine's after it slept.
_TICK_SECONDS = 0.05
#: Two looks are never so far apart otherwise.
_JUMP = timedelta(seconds=5)


class ClockTeller:
    """Wakes at the next due moment and tells of clocks that ran out."""

    def __init__(
        self,
        *,
        pool: Pool,
        barrier: Passes,
        signer: StatementSigner,
        directory: Directory,
        now: Now,
        partitions: Callable[[], Awaitable[int]],
    ) -> None:
        self._pool, self._barrier, self._signer = pool, barrier, signer
        self._directory, self._now, self._partitions = directory, now, partitions
        #: Clocks that could not be told; the next process tries them again.
        self._failed: set[DueItem] = set()

    async def run(self) -> None:
        while True:
            began = self._now()
            if not await self.tell_due():
                await self._until(await scheduling.next_due(self._pool, self._now()), began)

    async def tell_due(self) -> int:
        """Tell of clocks that need it by now; returns the number of statements."""
        found = await scheduling.due_clocks(self._pool, self._now(), _CLOCKS)
        due = [one for one in found if one not in self._failed]
        if not due:
            return 0
        count = await self._partitions()
        places = {partition_for(str(one.stream).encode(), count) for one in due}
        since = await sending.database_time(self._pool)
        waited = await self._barrier.passed(places)
        sound = waited < _SOUND_SECONDS
        return sum([await self._tell(one, since, sound=sound) for one in due])

    async def _tell(self, due: DueItem, since: datetime, *, sound: bool) -> bool:
        """One case for each transaction.

        True if there was something to tell under the case's lock.
        """
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                view = await scheduling.tellable(connection, due, since)
                if view is None:
                    return False
                clock = Clock.from_json(view)
                await sending.let_go(connection, due.stream, due.key, due.kind)
                if clock.status != RUNNING and not clock.missed:
                    return False
                said = statement_of(clock, due.kind, self._directory, sound=sound)
                [row] = self._signer.rows([said])
                revision = 0 if due.kind == WARNED else clock.revision
                await scheduling.note_said(connection, due, revision, row.event_id)
                await outbox.enqueue(connection, [row])
        except CasebusError as error:
            extra = {"case_id": str(due.stream), "code": error.code, "kind": due.kind}
            log.exception("clock not told", extra=extra)
            self._failed.add(due)
            return False
        telemetry.count(f"casebus.clocks.{due.kind}")
        return True

    async def _until(self, moment: datetime | None, began: datetime) -> None:
        """Sleep until the moment, but never past the next look for new clocks.

        A jump of time may have passed a moment of a clock that was not seen yet.
        """
        for _ in range(round(_LOOK_SECONDS / _TICK_SECONDS)):
            await asyncio.sleep(_TICK_SECONDS)
            now = self._now()
            if (moment is not None and now >= moment) or abs(now - began) > _JUMP:
                return


_SAYS: dict[str, Callable[[Clock], Derived]] = {
    BREACHED: breach_of,
    LAPSED: lapse_of,
    WARNED: warning_of,
}


def statement_of(clock: Clock, kind: str, directory: Directory, *, sound: bool) -> BusStatement:
    """Casework's statement about a late act, in its place: the same id, whoever sends it first.

    If the bus was behind, a breach says so, unless the actor gave its own cause.
    """
    behind = kind == BREACHED and not sound and not clock.cause
    said = spoken(_SAYS[kind](clock), directory)
    return replace(said, data={**said.data, "cause": LINK_DOWN}) if behind else said


def spoken(derived: Derived, directory: Directory) -> BusStatement:
    """The fold's result, before its rules are resolved to agencies."""
    to = agencies.resolve(derived.to, derived.of, directory)
    return BusStatement(
        stream=UUID(derived.stream),
        id=derived.id,
        type=derived.type,
        data={**derived.data, "told": list(to)},
        source=BUS,
        to=to,
        causation=derived.causation,
        legal=derived.legal,
    )
