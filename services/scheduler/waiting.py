"""Findings that a late event might have healed, told when that event has had its time (ADR 0028).

They are told behind the barrier and under the case's row lock, as clocks are: nobody is told of a
fault because we were behind.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from datetime import datetime

from casebus import telemetry
from casebus.cases import Finding, raised_of
from casebus.errors import CasebusError
from casebus.events.partition import partition_for
from casebus.now import Now
from casebus.trust.directory import Directory
from services.scheduler.barrier import Passes
from services.scheduler.clocks import spoken
from services.scheduler.rounds import in_rounds
from services.scheduler.statements import StatementSigner
from storage import outbox, scheduling, sending
from storage.handles import Pool
from storage.scheduling import DueItem

log = logging.getLogger(__name__)

_ROUND_SECONDS = 0.5
#: Bounds what one round costs.
_FINDINGS = 500


class FindingTeller:
    """Looks twice a second; the next round takes the rest."""

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
        #: Findings that could not be told; the next process tries them again.
        self._failed: set[DueItem] = set()

    async def run(self) -> None:
        await in_rounds(self.tell_due, _ROUND_SECONDS)

    async def tell_due(self) -> int:
        """Tell the findings that have waited long enough by now; returns their number."""
        found = await scheduling.due_findings(self._pool, self._now(), _FINDINGS)
        due = [one for one in found if one not in self._failed]
        if not due:
            return 0
        count = await self._partitions()
        places = {partition_for(str(one.stream).encode(), count) for one in due}
        since = await sending.database_time(self._pool)
        await self._barrier.passed(places)
        return sum([await self._tell(one, since) for one in due])

    async def _tell(self, due: DueItem, since: datetime) -> bool:
        """One case for each transaction.

        True if the finding was still valid under the case's lock.
        """
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                told = await scheduling.tellable_finding(connection, due, since)
                if told is None:
                    return False
                finding = Finding.from_json(told.view)
                derived = raised_of(str(due.stream), finding, told.numbers)
                [said] = self._signer.rows([spoken(derived, self._directory)])
                await scheduling.note_said(connection, due, finding.revision, said.event_id)
                await outbox.enqueue(connection, [said])
        except CasebusError as error:
            extra = {"case_id": str(due.stream), "code": error.code, "kind": due.kind}
            log.exception("finding not told", extra=extra)
            self._failed.add(due)
            return False
        telemetry.count("casebus.findings.told")
        return True
