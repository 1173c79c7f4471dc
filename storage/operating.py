"""What the ops desk asks: how far each service is, what flows, who is connected; no content."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from storage.packing import unpack_headers
from storage.queries import load

Database = Any
Row = Any
_SQL = load("operating")
#: A window of a week is read in this, or the desk is told that it takes too long.
_PATIENCE = 10.0
#: Of an agency's last events, so many say how its clock goes.
_LAST = 5


class Sent(NamedTuple):
    """An event's moment by its sender's clock, and when it was recorded."""

    agency: str
    recorded_at: datetime
    time: datetime | None


async def places(db: Database) -> list[Row]:
    """How far each service is in each partition that holds records."""
    return await _fetch(db, "places")


async def flow(db: Database, agencies: Collection[str], window: timedelta) -> list[Row]:
    return await _fetch(db, "flow", sorted(agencies), window)


async def left_out(db: Database, agencies: Collection[str], window: timedelta) -> int:
    """Events of the window in cases that are closed to an operator."""
    asked = (sorted(agencies), window)
    return int(await db.fetchval(_SQL["left_out"], *asked, timeout=_PATIENCE))


async def last_sent(db: Database, agencies: Collection[str]) -> list[Sent]:
    """The last events of each agency, the last first."""
    rows = await _fetch(db, "last_sent", sorted(agencies), _LAST)
    return [Sent(row["agency"], row["recorded_at"], _time(row["headers"])) for row in rows]


def _time(packed: bytes) -> datetime | None:
    said = dict(unpack_headers(packed)).get("ce_time", b"")
    try:
        found = datetime.fromisoformat(said.decode())
    except ValueError:
        return None
    return found if found.tzinfo else None


async def last_read(db: Database, agencies: Collection[str]) -> list[Row]:
    return await _fetch(db, "last_read", sorted(agencies))


async def unread(db: Database, agencies: Collection[str], window: timedelta) -> list[Row]:
    return await _fetch(db, "unread", sorted(agencies), window)


async def gaps(db: Database) -> list[Row]:
    """Numbers that are missing in what each agency signed."""
    return await _fetch(db, "gaps")


async def _fetch(db: Database, name: str, *arguments: Any) -> list[Row]:
    rows: list[Row] = await db.fetch(_SQL[name], *arguments, timeout=_PATIENCE)
    return rows
