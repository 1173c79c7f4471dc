"""Law bundles by digest, kept for ever (design rule 10, law bundles), and the one in force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from storage.handles import Connection, Handle
from storage.queries import load

_SQL = load("law")


async def keep_bundle(connection: Connection, digest: str, body: bytes) -> None:
    await connection.execute(_SQL["keep_bundle"], digest, body)


async def bundle(db: Handle, digest: str) -> bytes | None:
    body: bytes | None = await db.fetchval(_SQL["bundle"], digest)
    return body


class KeptBundle(NamedTuple):
    """A law bundle without its body; `bytes` is its size."""

    digest: str
    stored_at: datetime
    bytes: int


class JournaledAdoption(NamedTuple):
    """A `law.adopted` of the bus as the journal has it; `value` is on the wire."""

    partition: int
    recorded_at: datetime
    value: bytes


async def kept(connection: Connection) -> list[KeptBundle]:
    """The oldest first."""
    return [KeptBundle(**row) for row in await connection.fetch(_SQL["kept"])]


async def in_force(connection: Connection) -> dict[int, str]:
    """Journal partition -> digest of the law by which new streams are derived there."""
    return {row["partition"]: row["law"] for row in await connection.fetch(_SQL["in_force"])}


async def adoptions(connection: Connection) -> list[JournaledAdoption]:
    return [JournaledAdoption(**row) for row in await connection.fetch(_SQL["adoptions"])]


async def under_law(connection: Connection) -> dict[str, int]:
    """Digest -> number of cases derived by it."""
    return {row["law"]: row["cases"] for row in await connection.fetch(_SQL["under_law"])}


async def cases_between(connection: Connection, since: datetime, until: datetime) -> list[UUID]:
    """Cases with an event whose legal time lies in [since, until)."""
    return [row["stream"] for row in await connection.fetch(_SQL["cases_between"], since, until)]


async def case_parties(connection: Connection, streams: Sequence[UUID]) -> dict[UUID, set[str]]:
    """The parties of each case."""
    found: dict[UUID, set[str]] = {}
    for row in await connection.fetch(_SQL["case_parties"], list(streams)):
        found.setdefault(row["stream"], set()).add(row["agency"])
    return found


async def agencies(connection: Connection) -> list[bytes]:
    """The directory's entries on agencies, as copied into the journal, the oldest first."""
    return [row["value"] for row in await connection.fetch(_SQL["agencies"])]


async def law_of_case(connection: Connection, stream: UUID) -> str | None:
    """Digest of the law that a case is derived by."""
    digest: str | None = await connection.fetchval(_SQL["law_of_case"], stream)
    return digest


async def cases_by_number(connection: Connection, value: str) -> list[UUID]:
    """Cases with a local number, in its canonical text."""
    return [row["stream"] for row in await connection.fetch(_SQL["case_by_number"], value)]
