"""The verified runs, the signed heads, and the schemas that are still in use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from storage.handles import Connection, Handle
from storage.queries import load

_SQL = load("proofs")
_PATIENCE = 10.0
#: The number of kept runs.
MOST_KEPT = 50


@dataclass(frozen=True, slots=True)
class Run:
    """A finished verification; `report` holds counts and codes, but no places."""

    began_at: datetime
    ended_at: datetime
    ok: bool
    percent: float
    signatures: bool
    report: dict[str, Any]


async def keep(connection: Connection, run: Run) -> None:
    """Keep a run, as the owner of the tables; the oldest runs are deleted."""
    await connection.execute(
        _SQL["keep"],
        run.began_at,
        run.ended_at,
        run.ok,
        run.percent,
        run.signatures,
        run.report,
    )
    await connection.execute(_SQL["forget"], MOST_KEPT)


async def verifications(db: Handle, limit: int) -> list[Run]:
    """The last one first."""
    rows = await db.fetch(_SQL["verifications"], limit, timeout=_PATIENCE)
    return [Run(**dict(row)) for row in rows]


class HeadProgress(NamedTuple):
    """A log's last head, the last that a witness saw, and what is recorded beyond them."""

    epoch: int
    partition: int
    recorded: int
    size: int | None
    signed_at: datetime | None
    witnesses: list[str] | None
    cosigned_size: int | None
    cosigned_at: datetime | None
    refused: str | None
    refused_since: datetime | None


class SchemaUse(NamedTuple):
    """How often an author sent events of a type by one schema, and when last."""

    author: str
    type: str
    schema_id: int
    events: int
    last_at: datetime


async def heads(db: Handle) -> list[HeadProgress]:
    return [HeadProgress(**row) for row in await db.fetch(_SQL["heads"], timeout=_PATIENCE)]


async def versions(db: Handle, agencies: Collection[str], window: timedelta) -> list[SchemaUse]:
    rows = await db.fetch(_SQL["versions"], sorted(agencies), window, timeout=_PATIENCE)
    return [SchemaUse(**row) for row in rows]
