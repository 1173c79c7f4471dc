"""Cases that were derived by an older fold or another law, and the content of their rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from storage.handles import Connection, Handle, Row
from storage.queries import load

_SQL = load("cases")
_JOURNAL = load("journal")
#: One process renews at a time.
LOCK = 0x72656E6577616C73


@dataclass(slots=True)
class ShownCase:
    """One case as its rows show it."""

    law: str
    fold_version: int
    status: str
    digest: str
    #: Key -> (status, due, historic).
    clocks: dict[str, tuple[str, datetime | None, bool]] = field(default_factory=dict)
    #: Clocks that were due at the moment of asking, told or about to be.
    pending: set[str] = field(default_factory=set)
    findings: set[str] = field(default_factory=set)
    regions: set[tuple[str, str]] = field(default_factory=set)
    #: (event id, verdict, offence, tier).
    verdicts: set[tuple[str, str, str, int]] = field(default_factory=set)
    #: Ids of the bus's events about it, sent or about to be.
    said: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Unsettled:
    """A case of another fold or law, or one whose renewal the journal lacks; which columns."""

    stream: UUID
    columns: list[str]


async def leads(connection: Connection) -> bool:
    """True if this transaction is the one that renews."""
    return bool(await connection.fetchval("select pg_try_advisory_xact_lock($1)", LOCK))


async def stale(connection: Connection, fold_version: int, law: str, limit: int) -> set[UUID]:
    """Cases derived by an older fold, or by another law than this one, some of them."""
    rows = await connection.fetch(_SQL["stale"], fold_version, law, limit)
    return {row["stream"] for row in rows}


async def progress(connection: Connection, fold_version: int) -> tuple[int, int]:
    """The numbers of cases still to be derived again and of all cases, by every partition's law."""
    [row] = await connection.fetch(_SQL["renewal_progress"], fold_version)
    return int(row["left"]), int(row["cases"])


async def unsettled(connection: Connection, fold_version: int) -> list[Unsettled]:
    """The cases that are still to be derived again, or whose renewal is not journaled yet."""
    rows = await connection.fetch(_SQL["unsettled"], fold_version)
    return [Unsettled(row["stream"], row["columns"]) for row in rows]


async def shown(
    connection: Connection, streams: Iterable[UUID], as_of: datetime
) -> dict[UUID, ShownCase]:
    """The content of the rows of these cases. Clocks are due as of an aware moment."""
    wanted = list(streams)
    found = {
        row["stream"]: ShownCase(row["law"], row["fold_version"], row["status"], row["digest"])
        for row in await connection.fetch(_SQL["shown_cases"], wanted)
    }
    for row in await connection.fetch(_SQL["shown_clocks"], wanted, as_of):
        case = found[row["stream"]]
        case.clocks[row["key"]] = (row["status"], row["due"], row["historic"])
        if row["pending"]:
            case.pending.add(row["key"])
    for row in await connection.fetch(_SQL["shown_findings"], wanted):
        found[row["stream"]].findings.add(row["key"])
    for row in await connection.fetch(_SQL["shown_regions"], wanted):
        found[row["stream"]].regions.add((row["procedure"], row["status"]))
    for row in await connection.fetch(_SQL["shown_verdicts"], wanted):
        verdict = (row["event_id"], row["verdict"], row["offence"], row["tier"])
        found[row["stream"]].verdicts.add(verdict)
    for row in await connection.fetch(_SQL["said"], wanted):
        if row["stream"] in found:
            found[row["stream"]].said.add(row["event_id"])
    return found


async def view(connection: Connection, stream: UUID) -> dict[str, Any]:
    """One case as its rows show it, in the words of `Case.to_json`."""
    text = await connection.fetchval(_SQL["shown_view"], stream)
    found: dict[str, Any] = orjson.loads(text)
    return found


async def on_their_way(connection: Connection, events: Mapping[UUID, str]) -> list[Row]:
    """Stream, value and headers of those `case.reinterpreted` that are not journaled yet."""
    return list(await connection.fetch(_SQL["renewing"], list(events), list(events.values())))


async def raise_fold_version(connection: Connection, fold_version: int) -> int:
    """Note that this fold writes here; returns the newest that ever did."""
    return int(await connection.fetchval(_JOURNAL["raise_fold_version"], fold_version))


async def newest_fold(connection: Handle) -> int:
    return int(await connection.fetchval(_JOURNAL["newest_fold"]))
