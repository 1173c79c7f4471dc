"""The verified runs, the signed heads, and the schemas that are still in use."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storage.handles import Connection, Handle, Row
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


async def heads(db: Handle) -> list[Row]:
    return list(await db.fetch(_SQL["heads"], timeout=_PATIENCE))


async def versions(db: Handle, agencies: Collection[str], window: timedelta) -> list[Row]:
    asked = (sorted(agencies), window)
    return list(await db.fetch(_SQL["versions"], *asked, timeout=_PATIENCE))
