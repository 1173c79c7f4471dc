"""运行: the progress of the services, the flow between agencies, and the connection of each.

For operators alone. Counts, moments and places; no case, and no content of a body.
"""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import Field

from casebus.events.doors import BUS
from casebus.events.topics import JOURNAL
from gateway.api import health
from gateway.api.health import SILENT_SECONDS, State
from gateway.identity.caller import Asker, only_operators
from gateway.monitoring import status
from gateway.monitoring.status import Sort
from gateway.problems import documented
from gateway.route import ServedRoute
from gateway.runtime.context import Context, Database, Gateway
from gateway.shapes import SOURCE, Shape
from storage import operating as stored
from storage import reads
from storage.heartbeats import ServiceBeat
from storage.operating import LastRead, UnreadCount

router = APIRouter(route_class=ServedRoute, prefix="/v1/ops", tags=["operation"])
_REFUSALS = documented("unauthenticated", "operators_only", "database_unavailable")
_MOST_HOURS = 24 * 7
#: Names that are no agency of the directory: they send and receive nothing.
_NONE = frozenset({"root"})

Hours = Annotated[
    int, Query(ge=1, le=_MOST_HOURS, description="How far back, in hours.", examples=[24])
]


class Partition(Shape):
    """A service's progress in one partition."""

    topic: str = Field(examples=[JOURNAL])
    partition: int
    done: int = Field(description="The offset up to which it has worked.")
    end: int
    lag: int
    rate: float = Field(description="Records a second, between the last two looks.")
    oldest_seconds: float = Field(description="For how long the oldest record waits, about.")
    stalled: bool = Field(description="Records wait, and nobody takes them.")


class ServiceProgress(Shape):
    """One service; `tables` is the database's part of the journal.

    `failing`: a partition of it stands still, or its process is not ready. `phase`, `restarts` and
    `since` are null if no supervisor runs on this machine.
    """

    service: str = Field(examples=["casework"])
    state: State
    stalled: bool
    lag: int
    rate: float
    oldest_seconds: float
    phase: str | None
    restarts: int | None
    since: datetime | None
    last_exit: str
    partitions: list[Partition] = Field(description="The farthest behind first.")


class Beat(Shape):
    """The last time at which a reporting service said that it lives."""

    service: str = Field(examples=["scheduler"])
    at: datetime
    seconds: float
    state: State


class Services(Shape):
    """The services. Health is that of `/readyz`: there is only one answer to that question."""

    status: State
    checks: dict[str, State]
    failing_since: dict[str, datetime]
    figures: dict[str, float]
    beats: list[Beat]
    items: list[ServiceProgress]


class Flow(Shape):
    author: str = Field(examples=[SOURCE])
    recipient: str = Field(examples=["cn-330106-psb"])
    events: int
    last_at: datetime


class FlowPage(Shape):
    hours: int
    items: list[Flow]
    left_out: int = Field(description="Events in cases that are closed to an operator.")


class Connection(Shape):
    """The connection of an agency, by its recorded events."""

    agency: str = Field(examples=[SOURCE])
    name: str
    delivery: str = Field(examples=["hosted", "kafka"])
    last_sent: datetime | None
    last_read: datetime | None = Field(
        description="When it asked the gateway, or confirmed an event, last."
    )
    sent_to_it: int = Field(description="Events of the window that name it as a recipient.")
    unread: int = Field(description="Of them not opened, and not confirmed.")
    oldest_unread: datetime | None
    key_ends: datetime | None = Field(description="None where its key has no end, or it has none.")
    has_key: bool
    clock_ahead_seconds: float | None = Field(
        description="By its last events, how much its clock differs; below nought it is behind, or "
        "its events come late."
    )
    gaps: int = Field(description="Numbers missing in what it signed.")


class Connections(Shape):
    hours: int
    items: list[Connection]


@router.get("/services", responses=_REFUSALS)
async def services(
    *, asker: Asker, gateway: Context, database: Database, sort: Sort = "lag"
) -> Services:
    """Each service: lag, rate, age of waiting records, restarts; failing ones first."""
    only_operators(asker)
    ready = await health.ready_of(gateway)
    beats = await reads.heartbeats(database)
    stalled = {place for one in beats for place in one.detail.stalled}
    known = await asyncio.to_thread(status.processes, gateway.settings.services_state)
    rows = status.services(await stored.places(database), stalled, known)
    return Services(
        status=ready.status,
        checks=ready.checks,
        failing_since=ready.failing_since,
        figures=gateway.figures,
        beats=[_beat(one) for one in beats],
        items=status.in_order([ServiceProgress(**one) for one in rows], sort),
    )


def _beat(one: ServiceBeat) -> Beat:
    state: Literal["ok", "failing"] = "ok" if one.seconds <= SILENT_SECONDS else "failing"
    return Beat(service=one.service, at=one.at, seconds=one.seconds, state=state)


@router.get("/flow", responses=_REFUSALS | documented("directory_unavailable"))
async def flow(
    *, asker: Asker, gateway: Context, database: Database, hours: Hours = 24
) -> FlowPage:
    """The number of events for each pair of sender and recipient, the most first. Only counts."""
    only_operators(asker)
    authors, window = {*_agencies(gateway), BUS}, timedelta(hours=hours)
    rows = await stored.flow(database, authors, window)
    return FlowPage(
        hours=hours,
        items=[Flow(**row._asdict()) for row in rows],
        left_out=await stored.left_out(database, authors, window),
    )


@router.get("/connections", responses=_REFUSALS | documented("directory_unavailable"))
async def connections(
    *, asker: Asker, gateway: Context, database: Database, hours: Hours = 24
) -> Connections:
    """Each agency: its last sending and reading, its unread events, its key, its clock, gaps."""
    only_operators(asker)
    names = _agencies(gateway)
    sent = await stored.last_sent(database, names)
    # The first row of each is its last event.
    last = {one.agency: one.recorded_at for one in reversed(sent)}
    read = {row.agency: row for row in await stored.last_read(database, names)}
    authors, window = {*names, BUS}, timedelta(hours=hours)
    unread = {row.agency: row for row in await stored.unread(database, authors, window)}
    gaps = await stored.gaps(database)
    skews = status.skews(sent)
    items = [
        Connection(
            **_who(gateway, name),
            last_sent=last.get(name),
            last_read=_latest(read[name]),
            **_unread(unread.get(name)),
            clock_ahead_seconds=skews.get(name),
            gaps=gaps.get(name, 0),
        )
        for name in names
    ]
    items.sort(key=lambda one: (-one.unread, -one.gaps, one.agency))
    return Connections(hours=hours, items=items)


def _agencies(gateway: Gateway) -> list[str]:
    return sorted(gateway.directory().agencies.keys() - _NONE - {BUS})


def _who(gateway: Gateway, name: str) -> dict[str, Any]:
    directory = gateway.directory()
    agency = directory.agencies[name]
    key = status.key_of(directory.keys.values(), name, gateway.now())
    return {
        "agency": name,
        "name": agency.name,
        "delivery": agency.delivery,
        "has_key": key is not None,
        "key_ends": None if key is None else key.valid_to,
    }


def _latest(row: LastRead) -> datetime | None:
    there = [at for at in (row.asked_at, row.retrieved_at) if at is not None]
    return max(there, default=None)


def _unread(row: UnreadCount | None) -> dict[str, Any]:
    if row is None:
        return {"sent_to_it": 0, "unread": 0, "oldest_unread": None}
    return {"sent_to_it": row.sent, "unread": row.unread, "oldest_unread": row.oldest_at}
