"""Closed imports: one summary each of the findings about their events (ADR 0038).

An import mints history. Nobody is accused of it, and no case shows facts that an old system could
not know. The importer is told once, with counts and with examples to look up.
"""

from __future__ import annotations

from casebus.cases.keys import key_of
from services.scheduler.asking import Asking
from services.scheduler.statements import BusStatement
from storage import imports, outbox
from storage.imports import Closing, DeviationCount

SUMMARISED = "casebus.import.summarised.v1"
#: Bounds what one round costs.
_IMPORTS = 20


class Imports(Asking):
    async def ask(self) -> int:
        """Do one round; returns the number of summarised imports."""
        found = await imports.closed(self._pool, _IMPORTS)
        if found:
            await self._barred()
        for one in found:
            async with self._pool.acquire() as connection, connection.transaction():
                cases, events = await imports.totals(connection, one)
                counted = await imports.counted(connection, one)
                [row] = self._signer.rows([summary(one, counted, cases=cases, events=events)])
                await imports.note(connection, one, row.event_id)
                await outbox.enqueue(connection, [row])
        return len(found)


def summary(
    closing: Closing, counted: list[DeviationCount], *, cases: int, events: int
) -> BusStatement:
    """The summary, for the agency that closed the import, in the import's own stream."""
    stream = str(closing.stream)
    return BusStatement(
        stream=closing.stream,
        id=key_of(stream, "summarised", closing.source, closing.id),
        type=SUMMARISED,
        data={
            "import_id": stream,
            "closed_source": closing.source,
            "closed_id": closing.id,
            "cases": cases,
            "events": events,
            "found": [
                {
                    "kind": one.kind,
                    "reasons": one.reason,
                    "event_type": one.event_name,
                    "count": one.count,
                    "examples": one.examples,
                }
                for one in counted
            ],
            "told": [closing.author],
        },
        to=(closing.author,),
        causation=(closing.id,),
    )
