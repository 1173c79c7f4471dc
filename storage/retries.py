"""Submissions that come again and are in the journal, when `own` has forgotten the first.

`own` may be of an earlier day than the journal (ADR 48). The gateway gives time and signature to
each record that it signs, so an honest retry differs from the journaled record in these only.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from casebus.events.envelope import Envelope, Header
from storage.handles import Connection, Handle
from storage.journal import Identity
from storage.packing import unpack_headers
from storage.queries import load
from storage.sending import Unsent

_SQL = load("retries")
_PATIENCE = 5.0
_ANY_TIME = datetime.fromtimestamp(0, UTC)


class JournaledRecord(NamedTuple):
    """A record as it is in the journal."""

    value: bytes
    headers: tuple[Header, ...]
    appended_at: datetime

    def says(self, value: bytes | None, headers: Iterable[Header]) -> bool:
        """True if a record has the same content, whenever it was finished and whoever signed it."""
        return self.value == value and _said(self.headers) == _said(headers)


async def standing(db: Handle, identities: Sequence[Identity]) -> dict[Identity, JournaledRecord]:
    """The journal's records under these identities, as far as they are recorded."""
    if not identities:
        return {}
    columns = map(list, zip(*identities, strict=True))
    rows = await db.fetch(_SQL["standing"], *columns, timeout=_PATIENCE)
    return {
        (row["stream"], row["source"], row["id"]): JournaledRecord(
            row["value"], unpack_headers(row["headers"]), row["appended_at"]
        )
        for row in rows
    }


async def settle(connection: Connection, rows: Sequence[Unsent]) -> set[int]:
    """Mark submissions as sent that are in the journal, in the journaled form; returns their ids.

    A record with another content under an identity is sent. The fold finds the conflict.
    """
    named = {row.id: _identity(row.stream, row.headers) for row in rows}
    there = await standing(connection, list(named.values()))
    settled = {
        row.id
        for row in rows
        if (found := there.get(named[row.id])) is not None and found.says(row.value, row.headers)
    }
    if settled:
        await connection.execute(_SQL["settle_submission"], list(settled), timeout=_PATIENCE)
    return settled


def _identity(stream: UUID, headers: Iterable[Header]) -> Identity:
    envelope = Envelope.from_headers(headers)
    return (stream, envelope.source, envelope.id)


def _said(headers: Iterable[Header]) -> Envelope:
    envelope = Envelope.from_headers(headers)
    return replace(
        envelope, time=_ANY_TIME, keyid=None, signedby=None, signature=None, sigproof=None
    )
