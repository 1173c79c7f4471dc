"""The facts for statistics, as casework reads them from events, and the homes of agencies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.cases.facts import Fact
from storage.handles import Connection
from storage.queries import load

_SQL = load("statistics")
_COLUMNS = (*Fact.__slots__, "stream", "recipients", "testdata")


@dataclass(frozen=True, slots=True)
class FactRow:
    """A fact in its stream; the recipients are those of the first copy, none for a correction."""

    stream: UUID
    fact: Fact
    recipients: Sequence[str]
    testdata: bool


@dataclass(frozen=True, slots=True)
class AgencyHome:
    """The home of an agency by one entry of the directory."""

    agency: str
    division: str
    level: str
    sector: str
    name: str
    recorded_at: datetime
    source: str
    id: str


async def add(connection: Connection, rows: Sequence[FactRow]) -> None:
    if rows:
        await connection.copy_records_to_table(
            "fact", schema_name="derived", columns=list(_COLUMNS), records=map(_record, rows)
        )


async def add_homes(connection: Connection, homes: Sequence[AgencyHome]) -> None:
    if homes:
        names = AgencyHome.__slots__
        columns = [[getattr(home, name) for home in homes] for name in names]
        await connection.execute(_SQL["add_homes"], *columns)


def _record(row: FactRow) -> tuple[Any, ...]:
    fact = row.fact
    recipients = None if fact.revision else row.recipients
    own = tuple(getattr(fact, name) for name in Fact.__slots__)
    return (*own, row.stream, recipients, row.testdata)
