"""Published penalties that the bus lacked and now has: the question about each closes by itself.

Everything that is journaled about a case, or a question, is looked at once, behind the barrier,
because the mark of secrecy may come behind the opening. An agency that may not know of a case is
told nothing, and nobody is answered about an office that it may not ask (ADR 62).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from casebus.cases.keys import key_of
from casebus.cases.listed import PenaltyEntryRules
from casebus.law.agencies import Agencies
from services.scheduler.asking import Asking
from services.scheduler.barrier import Passes
from services.scheduler.statements import BusStatement, StatementSigner
from storage import penalties, scheduling
from storage.handles import Connection, Pool
from storage.penalties import OpenQuestion
from storage.scheduling import Stretch

FOUND = "casebus.penalty_entry.found.v1"
#: The question under which the progress in the journal is noted.
ENTERED = "penalty_entered"
#: Bounds what one round costs.
_RECORDS = 2_000


class Penalties(Asking):
    def __init__(
        self,
        pool: Pool,
        signer: StatementSigner,
        barrier: Passes,
        partitions: Callable[[], Awaitable[int]],
        *,
        directory: Agencies,
        asking: PenaltyEntryRules,
    ) -> None:
        super().__init__(pool, signer, barrier, partitions)
        self._directory, self._asking = directory, asking

    async def ask(self) -> int:
        """Do one round; returns the number of journal stretches read."""
        stretches = await scheduling.unread(self._pool, ENTERED, _RECORDS)
        asked = bool(stretches) and await penalties.is_asked(self._pool)
        if asked:
            await self._barred()
        for stretch in stretches:
            async with self._pool.acquire() as connection, connection.transaction():
                if asked:
                    await self._answer(connection, stretch)
                await scheduling.note_reading(connection, ENTERED, stretch)
        return len(stretches)

    async def _answer(self, connection: Connection, stretch: Stretch) -> None:
        streams = await penalties.touched(connection, stretch)
        events = self._asking.penalties
        allowed = [
            one
            for one in await penalties.open_about(connection, streams, events)
            if self._asking.may_ask(one.sought.asker, one.sought.office, self._directory)
        ]
        found = await penalties.entered(connection, [one.sought for one in allowed], events)
        await self._say(connection, found_statements([allowed[place] for place in sorted(found)]))


def found_statements(questions: Sequence[OpenQuestion]) -> list[BusStatement]:
    """For the body that asked and for the office. It names neither the case nor an event of it."""
    return [
        BusStatement(
            stream=one.stream,
            id=key_of(str(one.stream), FOUND),
            type=FOUND,
            data={"found_by": one.sought.known.by, "told": [one.sought.asker, one.sought.office]},
            to=(one.sought.asker, one.sought.office),
        )
        for one in questions
    ]
