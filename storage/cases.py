"""The rows that show a case: what the fold derived, replaced whole whenever it changes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from storage.queries import load

_SQL = load("cases")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case as its fold ended; `version` grows with every fold."""

    stream: UUID
    procedure: str | None
    status: str
    opener: str | None
    version: int
    digest: str
    law: str
    #: Why the fold stopped (design rule 11), else None.
    suspended: str | None
    opened_at: datetime | None
    updated_at: datetime
    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class ClockRow:
    stream: UUID
    key: str
    clock: str
    status: str
    historic: bool
    due: datetime | None
    #: Due plus grace: when the scheduler looks; None where nothing can be breached.
    breach_after: datetime | None
    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class WorkRow:
    key: str
    stream: UUID
    agency: str
    duty: str
    is_open: bool
    due: datetime | None
    version: int
    unit: str | None
    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class FindingRow:
    stream: UUID
    key: str
    kind: str
    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Everything that shows one case."""

    case: CaseRow
    clocks: Sequence[ClockRow]
    work: Sequence[WorkRow]
    findings: Sequence[FindingRow]


async def lock_cases(
    connection: Any, streams: Iterable[UUID]
) -> dict[UUID, tuple[int, str | None]]:
    """Lock the rows of the streams, in order, and give version and law digest of each."""
    rows = await connection.fetch(_SQL["lock_cases"], sorted(streams))
    return {row["stream"]: (row["version"], row["law"]) for row in rows}


async def events_of(connection: Any, streams: Iterable[UUID]) -> list[Any]:
    """All recorded events of the streams with their bytes, in no order."""
    return list(await connection.fetch(_SQL["events_of"], list(streams)))


async def save(connection: Any, rows: Sequence[CaseRows], known: set[UUID]) -> None:
    """Replace what shows these cases; `known` are those that had rows before."""
    if not rows:
        return
    cases = [tuple(getattr(one.case, name) for name in CaseRow.__slots__) for one in rows]
    await connection.execute(_SQL["save_cases"], *map(list, zip(*cases, strict=True)))
    if known:
        for drop in ("drop_clocks", "drop_work", "drop_findings"):
            await connection.execute(_SQL[drop], list(known))
    await _copy(connection, "clock", ClockRow, [c for one in rows for c in one.clocks])
    await _copy(connection, "work_item", WorkRow, [w for one in rows for w in one.work])
    await _copy(connection, "finding", FindingRow, [f for one in rows for f in one.findings])


async def add_numbers(connection: Any, numbers: set[tuple[str, str, UUID, str]]) -> None:
    """Remember (canonical value, kind, stream, agency) for the look-up by local number."""
    ordered = sorted(numbers)
    if ordered:
        await connection.execute(_SQL["add_numbers"], *map(list, zip(*ordered, strict=True)))


async def _copy(connection: Any, table: str, shape: Any, rows: Sequence[Any]) -> None:
    if rows:
        await connection.copy_records_to_table(
            table,
            schema_name="derived",
            columns=list(shape.__slots__),
            records=[tuple(getattr(row, name) for name in shape.__slots__) for row in rows],
        )
