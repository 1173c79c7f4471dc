"""The parts of a case's evidence at one moment. The caller decides who may see what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from storage.handles import Pool, Row
from storage.queries import load

_SQL = load("bundling")
#: Seconds: a case of ten thousand events is read whole.
_PATIENCE = 20.0


@dataclass(frozen=True, slots=True)
class Kept:
    """Rows of one case; `state` is None for a stream that is no case."""

    state: Row | None
    #: Journal records in the order of the log.
    records: Sequence[Row]
    #: The agencies that received and opened each event, and the record that shows it.
    steps: Sequence[Row]
    #: The router's statement about each event.
    relays: Sequence[Row]


async def kept(database: Pool, stream: UUID) -> Kept:
    async with (
        database.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        rows = [
            await connection.fetch(_SQL[name], stream, timeout=_PATIENCE)
            for name in ("state", "records", "steps", "relays")
        ]
    state, *rest = rows
    return Kept(next(iter(state), None), *rest)
