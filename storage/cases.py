"""The rows that show a case: what the fold derived. A `view` is JSON text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
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
    view: bytes
    #: By which fold it was derived; whether a person tied it to its law.
    fold_version: int
    pinned: bool = False
    #: Id of the `case.reinterpreted` that is said and not journaled yet.
    renewing: str | None = None


@dataclass(frozen=True, slots=True)
class Standing:
    """A case's row as it is found: its version, and by what it was derived."""

    version: int
    law: str
    fold_version: int
    pinned: bool
    renewing: str | None
    updated_at: datetime


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
    procedure: str
    #: The last day as counted, before it rolled over.
    nominal: date | None
    #: When the actor is to be warned, and when a lapse is to be told, grace included.
    warn_after: datetime | None
    lapse_after: datetime | None
    extended: int
    cause: str
    view: bytes


@dataclass(frozen=True, slots=True)
class RegionRow:
    """A procedure beside the leading one, which the case's own row shows."""

    stream: UUID
    procedure: str
    status: str
    view: bytes

    @property
    def key(self) -> str:
        return self.procedure


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
    view: bytes


@dataclass(frozen=True, slots=True)
class FindingRow:
    stream: UUID
    key: str
    kind: str
    #: From when on it may be told; None where there is nothing to wait for.
    tell_after: datetime | None
    view: bytes


@dataclass(frozen=True, slots=True)
class DeviationRow:
    """What was found about an imported event, to be counted."""

    stream: UUID
    key: str
    import_id: str
    kind: str
    reason: str
    event_name: str
    source: str
    id: str
    view: bytes


@dataclass(frozen=True, slots=True)
class PunishedRow:
    """An organisation was punished, by its canonical code."""

    stream: UUID
    key: str
    uscc: str
    family: str
    offence: str
    kind: str
    decided_on: date
    number: str
    source: str
    id: str
    view: bytes


@dataclass(frozen=True, slots=True)
class ActRow:
    """What a case says an organisation did; `view` has the figures."""

    stream: UUID
    key: str
    uscc: str
    family: str
    agency: str
    first_on: date
    last_on: date
    unpunished: bool
    asking: bool
    imported: bool
    source: str
    id: str
    view: bytes


@dataclass(frozen=True, slots=True)
class RightSaidRow:
    """Something stands against a right, by its canonical number."""

    stream: UUID
    key: str
    number: str
    kind: str
    event_name: str
    outcome: str
    said_on: date
    agency: str
    citation: str
    secret: bool
    source: str
    id: str
    view: bytes


@dataclass(frozen=True, slots=True)
class RightUseRow:
    """A running case is about a right, or linked with another case."""

    stream: UUID
    key: str
    number: str | None
    linked: UUID | None
    view: bytes


@dataclass(frozen=True, slots=True)
class TitleRow:
    """The title of its state, of no agency, or one that an agency gave the matter (ADR 0064)."""

    stream: UUID
    place: int
    agency: str | None
    #: Who was sent it.
    recipients: list[str]
    title: str

    @property
    def key(self) -> str:
        return str(self.place)

    @property
    def view(self) -> bytes:
        """Nothing but the columns."""
        return b""


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Everything that shows one case."""

    case: CaseRow
    clocks: Sequence[ClockRow]
    work: Sequence[WorkRow]
    findings: Sequence[FindingRow]
    regions: Sequence[RegionRow] = ()
    deviations: Sequence[DeviationRow] = ()
    punished: Sequence[PunishedRow] = ()
    acts: Sequence[ActRow] = ()
    rights_said: Sequence[RightSaidRow] = ()
    right_uses: Sequence[RightUseRow] = ()
    titles: Sequence[TitleRow] = ()


class _Table(NamedTuple):
    name: str
    #: The field of CaseRows, and the word in the names of its queries.
    parts: str
    shape: type[Any]


_TABLES = (
    _Table("clock", "clocks", ClockRow),
    _Table("work_item", "work", WorkRow),
    _Table("finding", "findings", FindingRow),
    _Table("side_region", "regions", RegionRow),
    _Table("deviation", "deviations", DeviationRow),
    _Table("punished", "punished", PunishedRow),
    _Table("act", "acts", ActRow),
    _Table("right_said", "rights_said", RightSaidRow),
    _Table("right_use", "right_uses", RightUseRow),
    _Table("title", "titles", TitleRow),
)

Shown = dict[tuple[str, str], bytes]
"""Table and key of each row that shows a case, and a fingerprint of what stands in it."""


async def lock_cases(connection: Any, streams: Iterable[UUID]) -> dict[UUID, Standing]:
    """Lock the rows of the streams, in order, and say how each stands."""
    rows = await connection.fetch(_SQL["lock_cases"], sorted(streams))
    return {row["stream"]: Standing(*list(row)[1:]) for row in rows}


async def standing_of(connection: Any, streams: Iterable[UUID]) -> dict[UUID, Standing]:
    """How the rows of the streams stand now, without a lock."""
    rows = await connection.fetch(_SQL["standing_of"], list(streams))
    return {row["stream"]: Standing(*list(row)[1:]) for row in rows}


async def left_out(connection: Any, streams: Iterable[UUID]) -> list[Any]:
    """Stream, source and id of what the streams' folds never see."""
    return list(await connection.fetch(_SQL["left_out"], list(streams)))


async def leave_out(connection: Any, rows: Sequence[tuple[UUID, str, str, bool]]) -> None:
    """Keep (stream, source, id, told) of events that are not folded."""
    if rows:
        await connection.execute(_SQL["leave_out"], *map(list, zip(*rows, strict=True)))


async def among(connection: Any, streams: set[UUID]) -> set[UUID]:
    """Which of the streams have a case row."""
    if not streams:
        return set()
    return {row["stream"] for row in await connection.fetch(_SQL["among"], list(streams))}


async def events_of(connection: Any, streams: Iterable[UUID]) -> list[Any]:
    """The events that the streams' folds see, with their bytes, in the journal's order."""
    return list(await connection.fetch(_SQL["events_of"], list(streams)))


async def save(
    connection: Any,
    rows: Sequence[CaseRows],
    known: set[UUID],
    shown: Mapping[UUID, Shown] | None = None,
) -> dict[UUID, Shown]:
    """Let the tables show these cases, and say what they show; `known` had rows before.

    Where `shown` says what stands there, only the difference is written; else all is replaced.
    """
    if not rows:
        return {}
    cases = [tuple(getattr(one.case, name) for name in CaseRow.__slots__) for one in rows]
    await connection.execute(_SQL["save_cases"], *map(list, zip(*cases, strict=True)))
    there, now = shown or {}, {one.case.stream: _shown_by(one) for one in rows}
    whole = [stream for stream in known if stream not in there]
    for table in _TABLES:
        if whole:
            await connection.execute(_SQL[f"drop_{table.parts}"], whole)
        gone, fresh = _difference(table, rows, there, now)
        if gone:
            columns = map(list, zip(*gone, strict=True))
            await connection.execute(_SQL[f"drop_some_{table.parts}"], *columns)
        await _copy(connection, table, fresh)
    return now


def _shown_by(rows: CaseRows) -> Shown:
    return {
        (table.name, row.key): _fingerprint(row)
        for table in _TABLES
        for row in getattr(rows, table.parts)
    }


def _difference(
    table: _Table,
    rows: Sequence[CaseRows],
    there: Mapping[UUID, Shown],
    now: Mapping[UUID, Shown],
) -> tuple[list[tuple[UUID, str]], list[Any]]:
    """Places (stream, key) of the rows to delete, and the rows to write."""
    gone: list[tuple[UUID, str]] = []
    fresh: list[Any] = []
    for one in rows:
        stream = one.case.stream
        before, after = there.get(stream, {}), now[stream]
        gone += (
            (stream, key)
            for (name, key), mark in before.items()
            if name == table.name and after.get((name, key)) != mark
        )
        fresh += (
            row
            for row in getattr(one, table.parts)
            if before.get((table.name, row.key)) != after[table.name, row.key]
        )
    return gone, fresh


def _fingerprint(row: Any) -> bytes:
    """Equal for equal rows, by every column: what is not in the view is seen to change too."""
    mark = hashlib.blake2b(row.view, digest_size=16)
    mark.update(repr([getattr(row, name) for name in row.__slots__ if name != "view"]).encode())
    return mark.digest()


async def add_numbers(connection: Any, numbers: set[tuple[str, str, UUID, str]]) -> None:
    """Remember (canonical value, kind, stream, agency) for the look-up by local number."""
    await _of_numbers(connection, "add_numbers", numbers)


async def drop_numbers(connection: Any, numbers: set[tuple[str, str, UUID, str]]) -> None:
    """Forget them again."""
    await _of_numbers(connection, "drop_numbers", numbers)


async def _of_numbers(
    connection: Any, query: str, numbers: set[tuple[str, str, UUID, str]]
) -> None:
    ordered = sorted(numbers)
    if ordered:
        await connection.execute(_SQL[query], *map(list, zip(*ordered, strict=True)))


async def _copy(connection: Any, table: _Table, rows: Sequence[Any]) -> None:
    if rows:
        names = table.shape.__slots__
        await connection.copy_records_to_table(
            table.name,
            schema_name="derived",
            columns=list(names),
            records=[tuple(getattr(row, name) for name in names) for row in rows],
        )
