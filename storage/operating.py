"""The ops desk's questions: progress of services, flow, connections; no content."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from storage.handles import Handle, Row
from storage.packing import unpack_headers
from storage.queries import load

_SQL = load("operating")
#: A window of a week is read in this time, or the page says that it takes too long.
_PATIENCE = 10.0
#: So many of an agency's last events show the difference of its clock.
_LAST = 5


class Sent(NamedTuple):
    """An event's moment by its sender's clock, and when it was recorded."""

    agency: str
    recorded_at: datetime
    time: datetime | None


class ServicePlace(NamedTuple):
    """How far a service is in one partition; `rate` and `oldest` count seconds."""

    service: str
    topic: str
    partition: int
    done: int
    ends: int
    rate: float
    waits_since: datetime | None
    oldest: float


class AgencyFlow(NamedTuple):
    """How many events one agency sent to another."""

    author: str
    recipient: str
    events: int
    last_at: datetime


class LastRead(NamedTuple):
    """When an agency asked the gateway last, and confirmed an event last."""

    agency: str
    asked_at: datetime | None
    retrieved_at: datetime | None


class UnreadCount(NamedTuple):
    """How much was sent to an agency, and how much of it was not opened or confirmed."""

    agency: str
    sent: int
    unread: int
    oldest_at: datetime | None


async def places(db: Handle) -> list[ServicePlace]:
    """Only partitions that hold records."""
    return [ServicePlace(**row) for row in await _fetch(db, "places")]


async def flow(db: Handle, agencies: Collection[str], window: timedelta) -> list[AgencyFlow]:
    return [AgencyFlow(**row) for row in await _fetch(db, "flow", sorted(agencies), window)]


async def left_out(db: Handle, agencies: Collection[str], window: timedelta) -> int:
    """Events of the window in cases that are closed to an operator."""
    asked = (sorted(agencies), window)
    return int(await db.fetchval(_SQL["left_out"], *asked, timeout=_PATIENCE))


async def last_sent(db: Handle, agencies: Collection[str]) -> list[Sent]:
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


async def last_read(db: Handle, agencies: Collection[str]) -> list[LastRead]:
    return [LastRead(**row) for row in await _fetch(db, "last_read", sorted(agencies))]


async def unread(db: Handle, agencies: Collection[str], window: timedelta) -> list[UnreadCount]:
    return [UnreadCount(**row) for row in await _fetch(db, "unread", sorted(agencies), window)]


async def gaps(db: Handle) -> dict[str, int]:
    """By agency how many numbers are missing in what it signed."""
    return {row["agency"]: row["gaps"] for row in await _fetch(db, "gaps")}


class CaseFound(NamedTuple):
    """The case that a name led to, and the event if the name is an event's."""

    stream: UUID
    event_id: str | None


async def find(db: Handle, name: str, sources: Collection[str]) -> CaseFound | None:
    """A case's id, or an event's: recorded, handed in here, or rejected."""
    stream = _uuid(name)
    if stream is not None and await _is_case(db, stream):
        return CaseFound(stream, None)
    for query in ("stream_of", "handed_in", "refused_stream"):
        row = await db.fetchrow(_SQL[query], sorted(sources), name, timeout=_PATIENCE)
        if row is not None and (found := _uuid(str(row["stream"]))) is not None:
            return CaseFound(found, name)
    return None


async def _is_case(db: Handle, stream: UUID) -> bool:
    """True if anything here has its name: recorded, on its way, or rejected."""
    if await standing(db, stream) is not None:
        return True
    return bool(await unsent(db, stream) or await refusals(db, stream, None, 1))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


class CaseStanding(NamedTuple):
    """`closed`: an operator is shown only that it exists. `suspended`: why no fold derives it."""

    stream: UUID
    procedure: str | None
    status: str
    closed: bool
    suspended: str | None
    updated_at: datetime | None


class RecordedStep(NamedTuple):
    """An event of a case: where it stands, and when it came there."""

    source: str
    id: str
    type: str
    author: str
    recipients: Sequence[str]
    recorded_at: datetime
    epoch: int
    partition: int
    log_index: int
    appended_at: datetime
    kafka_offset: int
    stored_at: datetime | None
    sent_at: datetime | None
    routed_at: datetime | None


class HandOverTime(NamedTuple):
    """When an event was first `delivered` to a recipient, or `retrieved` by it."""

    source: str
    id: str
    agency: str
    step: str
    at: datetime


class OpenDuty(NamedTuple):
    """Open work of an agency."""

    agency: str
    duty: str
    title: str | None
    due: datetime | None


class UnsentEvent(NamedTuple):
    """An event that is stored signed and is not with the brokers."""

    shelf: str
    topic: str
    source: str
    event_id: str
    created_at: datetime
    refused: str | None


class RefusedEvent(NamedTuple):
    """A record that was rejected in the name of a case and is not in the journal."""

    partition: int
    kafka_offset: int
    door: str
    source: str | None
    event_id: str | None
    reason: str
    rejected_at: datetime


async def standing(db: Handle, stream: UUID) -> CaseStanding | None:
    row = await db.fetchrow(_SQL["standing"], stream, timeout=_PATIENCE)
    return None if row is None else CaseStanding(**row)


async def steps(db: Handle, stream: UUID, event_id: str | None, limit: int) -> list[RecordedStep]:
    """The last events of a case, or one of them, the last first."""
    return [RecordedStep(**row) for row in await _fetch(db, "steps", stream, event_id, limit)]


async def came(db: Handle, stream: UUID) -> list[HandOverTime]:
    """The agencies to which each event of a case was brought, and those that opened it."""
    return [HandOverTime(**row) for row in await _fetch(db, "came", stream)]


async def folded(db: Handle, stream: UUID) -> set[tuple[str, str]]:
    """The events that the case's fold used."""
    return {(row["source"], row["id"]) for row in await _fetch(db, "order_of", stream)}


async def owed(db: Handle, stream: UUID) -> list[OpenDuty]:
    """The open work in a case and its agencies, the first due first."""
    return [OpenDuty(**row) for row in await _fetch(db, "owed", stream)]


async def unsent(db: Handle, stream: UUID) -> list[UnsentEvent]:
    return [UnsentEvent(**row) for row in await _fetch(db, "unsent", stream)]


async def refusals(
    db: Handle, stream: UUID, event_id: str | None, limit: int
) -> list[RefusedEvent]:
    rows = await _fetch(db, "refusals", str(stream), event_id, limit)
    return [RefusedEvent(**row) for row in rows]


async def _fetch(db: Handle, name: str, *arguments: Any) -> list[Row]:
    rows: list[Row] = await db.fetch(_SQL[name], *arguments, timeout=_PATIENCE)
    return rows
