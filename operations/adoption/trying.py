"""`casebus law what-if`: the effect of another law on recorded history, in words. Read-only.

It computes the same as the preview of an adoption (`operations/adoption/previewing.py`), for the
cases of some days or of one division, and shows the difference case by case.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from casebus.cases.differences import Difference, differences
from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA
from casebus.events.schemas import Schemas
from casebus.law import Law
from operations.adoption.previewing import Preview, foreseen
from storage import law as bundles
from storage import renewing
from storage.handles import Connection

_DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class TrialPeriod:
    """Cases with an event between two legal dates, both included."""

    since: dt.date
    until: dt.date
    law: Law
    #: Only if an agency of this division, or of one below it, has a part.
    division: str = ""


@dataclass(slots=True)
class TrialAnswer:
    #: The effect on these cases of adopting it now.
    ahead: Preview
    in_force: set[str] = field(default_factory=set)
    cases: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    differences: dict[str, list[Difference]] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        ahead = self.ahead.to_json()
        for item in ahead["items"]:
            found = self.differences.get(item["case"], [])
            item["differences"] = [one.to_json() for one in found]
        return {
            **ahead,
            "in_force": sorted(self.in_force),
            "cases": self.cases,
            "counts": dict(sorted(self.counts.items())),
        }


async def try_law(
    connection: Connection, question: TrialPeriod, schemas: Schemas, now: dt.datetime
) -> TrialAnswer:
    """Derive every such case as adopting the law now would; one read-only transaction."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        return await _Trial(connection, question, schemas, now).run()


class _Trial:
    def __init__(
        self, connection: Connection, question: TrialPeriod, schemas: Schemas, now: dt.datetime
    ) -> None:
        self._connection, self._question, self._schemas = connection, question, schemas
        # A clock that runs beyond the last day is nobody's breach yet.
        self._now = now
        self._until = min(_begin(question.until + _DAY), now)
        self._answer = TrialAnswer(Preview(question.law.digest))

    async def run(self) -> TrialAnswer:
        question, answer = self._question, self._answer
        asked = (_begin(question.since), _begin(question.until + _DAY))
        streams = await bundles.cases_between(self._connection, *asked)
        answer.in_force.update((await bundles.in_force(self._connection)).values())
        if streams and not answer.in_force:
            raise CasebusError("law_unknown", "no law was adopted here yet")
        among = await self._of_division(streams)
        answer.cases = len(among)
        async for one in foreseen(self._connection, question.law, self._schemas, self._now, among):
            answer.ahead.add(one)
            if one.made is not None and one.made.event is not None:
                before = await renewing.view(self._connection, UUID(one.case))
                found = differences(before, one.made.case.to_json(), self._until)
                answer.differences[one.case] = found
                answer.counts.update(each.kind for each in found)
        return answer

    async def _of_division(self, streams: list[UUID]) -> list[UUID]:
        if not self._question.division:
            return streams
        within = await self._agencies_within(self._question.division)
        parties = await bundles.case_parties(self._connection, streams)
        return [one for one in streams if within & parties.get(one, set())]

    async def _agencies_within(self, division: str) -> set[str]:
        divisions = self._question.law.divisions
        if divisions.get(division) is None:
            raise CasebusError("unknown_division", division)
        rows = await bundles.agencies(self._connection)
        said = [self._schemas.decode(row)[1] for row in rows]
        places = {one["agency"]: one["division"] for one in said}
        return {name for name, code in places.items() if division in divisions.chain(code)}


def _begin(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), CHINA)
