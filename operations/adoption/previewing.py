"""The effect of adopting a law on running cases, computed beforehand by the same code.

The function that renews a case (`casebus/cases/renewing.py`) gets the same recorded events. So a
preview, `what-if` and the result agree.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.cases import FOLD_VERSION, CaseEvent
from casebus.cases.renewing import Before, Renewed, renewed
from casebus.events.schemas import Schemas
from casebus.law import Law
from services.casework.renewing import before_of
from services.casework.streams import Stream, restore
from storage import cases, renewing
from storage.handles import Connection

#: The number of cases read at once.
_AT_ONCE = 500
_ALL = 1 << 31


@dataclass(frozen=True, slots=True)
class Foreseen:
    """One case that the new law or fold reaches; `made` is None where that cannot fold it."""

    case: str
    made: Renewed | None


@dataclass(slots=True)
class Preview:
    """By case: the content of its `case.reinterpreted`. Nothing for a case without a change."""

    law: str
    cases: int = 0
    #: Cases that the new law cannot fold, and would suspend.
    suspended: list[str] = field(default_factory=list)
    changed: dict[str, Renewed] = field(default_factory=dict)

    def add(self, one: Foreseen) -> None:
        self.cases += 1
        if one.made is None:
            self.suspended.append(one.case)
        elif one.made.event is not None:
            self.changed[one.case] = one.made

    def to_json(self) -> dict[str, Any]:
        told = {one for made in self.changed.values() for one in made.told}
        return {
            "law": self.law,
            "cases": self.cases,
            "changed": len(self.changed),
            "told": sorted(told),
            "suspended": sorted(self.suspended),
            "items": [_item(case, made) for case, made in sorted(self.changed.items())],
        }


def _item(case: str, made: Renewed) -> dict[str, Any]:
    said = made.event.data if made.event else {}
    return {
        "case": case,
        "state_before": said["state_before"],
        "state_after": said["state_after"],
        "told": list(made.told),
        "changes": list(made.changes),
    }


async def preview(connection: Connection, law: Law, schemas: Schemas, now: datetime) -> Preview:
    """The effect on every case that the law would reach. Reads one snapshot."""
    found = Preview(law.digest)
    async for one in foreseen(connection, law, schemas, now):
        found.add(one)
    return found


async def foreseen(
    connection: Connection,
    law: Law,
    schemas: Schemas,
    now: datetime,
    among: Collection[UUID] | None = None,
) -> AsyncIterator[Foreseen]:
    """Every case that the law would reach, or those `among`, as it would be derived."""
    stale = await renewing.stale(connection, FOLD_VERSION, law.digest, _ALL)
    wanted = sorted(stale if among is None else stale & set(among))
    for at in range(0, len(wanted), _AT_ONCE):
        part = wanted[at : at + _AT_ONCE]
        shown = await renewing.shown(connection, part, now)
        streams = {stream: Stream() for stream in part}
        for row in await cases.events_of(connection, part):
            restore(streams[row["stream"]], row, schemas)
        for stream, state in streams.items():
            events, before = list(state.events.values()), before_of(shown[stream])
            yield Foreseen(str(stream), _made(events, before, law, now))


def _made(events: list[CaseEvent], before: Before, law: Law, now: datetime) -> Renewed | None:
    try:
        return renewed(events, before, law, now)
    except Exception:  # noqa: BLE001 - whatever a law makes of a case: that is the answer
        return None
