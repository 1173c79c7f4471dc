"""The rows that show a case: the fold's result. A `view` is JSON text."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from casebus.cases import facets
from casebus.cases.facets import Row
from storage import handles
from storage.handles import Connection
from storage.journal import Place
from storage.queries import load

_SQL = load("cases")


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case at the end of its fold; `version` grows with every fold."""

    stream: UUID
    procedure: str | None
    status: str
    opener: str | None
    version: int
    digest: str
    law: str
    #: The reason why the fold stopped (design rule 11, content stops nothing), else None.
    suspended: str | None
    opened_at: datetime | None
    updated_at: datetime
    view: bytes
    #: The fold that derived it, and whether a person tied it to its law.
    fold_version: int
    pinned: bool = False
    #: Id of the `case.reinterpreted` that is sent and not journaled yet.
    renewing: str | None = None


@dataclass(frozen=True, slots=True)
class CaseState:
    """The present row of a case: its version, and the fold and law that derived it."""

    version: int
    law: str
    fold_version: int
    pinned: bool
    renewing: str | None
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CaseRows:
    """Everything that shows one case: its own row, and those of its facets."""

    case: CaseRow
    rows: Sequence[Row]


Shown = dict[tuple[str, str], bytes]
"""Table and key of each row that shows a case, and a fingerprint of what stands in it."""


async def lock_cases(connection: Connection, streams: Iterable[UUID]) -> dict[UUID, CaseState]:
    """Lock the rows of the streams, in order, and return their states."""
    rows = await connection.fetch(_SQL["lock_cases"], sorted(streams))
    return {row["stream"]: CaseState(*list(row)[1:]) for row in rows}


async def standing_of(connection: Connection, streams: Iterable[UUID]) -> dict[UUID, CaseState]:
    """The present states of the streams' rows, without a lock."""
    rows = await connection.fetch(_SQL["standing_of"], list(streams))
    return {row["stream"]: CaseState(*list(row)[1:]) for row in rows}


async def left_out(connection: Connection, streams: Iterable[UUID]) -> list[handles.Row]:
    """Stream, source and id of the events that the streams' folds never see."""
    return list(await connection.fetch(_SQL["left_out"], list(streams)))


async def leave_out(connection: Connection, rows: Sequence[tuple[UUID, str, str, bool]]) -> None:
    """Keep (stream, source, id, told) of events that are not folded."""
    if rows:
        await connection.execute(_SQL["leave_out"], *map(list, zip(*rows, strict=True)))


async def among(connection: Connection, streams: set[UUID]) -> set[UUID]:
    """The streams that have a case row."""
    if not streams:
        return set()
    return {row["stream"] for row in await connection.fetch(_SQL["among"], list(streams))}


async def events_of(
    connection: Connection, streams: Iterable[UUID], before: Place | None = None
) -> list[handles.Row]:
    """The events that the streams' folds see, with their bytes, in the journal's order.

    From the partition of `before`, only the events before that place.
    """
    place = before or (None, None, None)
    return list(await connection.fetch(_SQL["events_of"], list(streams), *place))


async def save(
    connection: Connection,
    rows: Sequence[CaseRows],
    known: set[UUID],
    shown: Mapping[UUID, Shown] | None = None,
) -> dict[UUID, Shown]:
    """Write the rows of these cases and their content; `known` had rows before.

    If `shown` gives the present rows, only the difference is written. Otherwise all is replaced.
    """
    if not rows:
        return {}
    cases = [tuple(getattr(one.case, name) for name in CaseRow.__slots__) for one in rows]
    await connection.execute(_SQL["save_cases"], *map(list, zip(*cases, strict=True)))
    there, now = shown or {}, {one.case.stream: _shown_by(one) for one in rows}
    whole = [stream for stream in known if stream not in there]
    for shape in shapes():
        if whole:
            await connection.execute(_SQL["drop_rows"].format(table=shape.TABLE), whole)
        gone, fresh = _difference(shape, rows, there, now)
        if gone:
            drop = _SQL["drop_some_rows"].format(table=shape.TABLE, key=shape.KEY)
            await connection.execute(drop, *map(list, zip(*gone, strict=True)))
        await _copy(connection, shape, fresh)
    return now


def shapes() -> list[type[Row]]:
    """The row shapes of all facets, one for each table."""
    return [shape for facet in facets.FACETS for shape in facet.tables]


def _shown_by(rows: CaseRows) -> Shown:
    return {(row.TABLE, row.which): _fingerprint(row) for row in rows.rows}


def _difference(
    shape: type[Row],
    rows: Sequence[CaseRows],
    there: Mapping[UUID, Shown],
    now: Mapping[UUID, Shown],
) -> tuple[list[tuple[UUID, str]], list[tuple[UUID, Row]]]:
    """Places (stream, key) of the rows to delete, and the rows to write, each with its stream."""
    gone: list[tuple[UUID, str]] = []
    fresh: list[tuple[UUID, Row]] = []
    for one in rows:
        stream = one.case.stream
        before, after = there.get(stream, {}), now[stream]
        gone += (
            (stream, key)
            for (name, key), mark in before.items()
            if name == shape.TABLE and after.get((name, key)) != mark
        )
        fresh += (
            (stream, row)
            for row in one.rows
            if type(row) is shape
            and before.get((row.TABLE, row.which)) != after[row.TABLE, row.which]
        )
    return gone, fresh


def _fingerprint(row: Row) -> bytes:
    """Equal for equal rows, by every column."""
    columns = [getattr(row, name) for name in _columns(type(row))]
    # Bytes are hashed as they are: written out, each Chinese letter would take twelve.
    views = [one for one in columns if isinstance(one, bytes)]
    others = [one for one in columns if not isinstance(one, bytes)]
    sizes = list(map(len, views))
    written = b"".join([repr((others, sizes)).encode(), *views])
    return hashlib.blake2b(written, digest_size=16).digest()


def _columns(shape: type[Row]) -> tuple[str, ...]:
    return tuple(shape.__slots__)


async def add_numbers(connection: Connection, numbers: set[tuple[str, str, UUID, str]]) -> None:
    """Remember (canonical value, kind, stream, agency) for the look-up by local number."""
    await _of_numbers(connection, "add_numbers", numbers)


async def drop_numbers(connection: Connection, numbers: set[tuple[str, str, UUID, str]]) -> None:
    """Forget them again."""
    await _of_numbers(connection, "drop_numbers", numbers)


async def _of_numbers(
    connection: Connection, query: str, numbers: set[tuple[str, str, UUID, str]]
) -> None:
    ordered = sorted(numbers)
    if ordered:
        await connection.execute(_SQL[query], *map(list, zip(*ordered, strict=True)))


async def _copy(connection: Connection, shape: type[Row], rows: Sequence[tuple[UUID, Row]]) -> None:
    if rows:
        names = _columns(shape)
        await connection.copy_records_to_table(
            shape.TABLE,
            schema_name="derived",
            columns=["stream", *names],
            records=[(stream, *(getattr(row, name) for name in names)) for stream, row in rows],
        )
