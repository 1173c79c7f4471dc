"""Health: alive, ready, in detail, and the figures for Prometheus."""

from __future__ import annotations

import asyncio
from datetime import datetime
from importlib.metadata import version
from typing import Any, Literal

import asyncpg
from aiokafka.errors import KafkaError
from fastapi import APIRouter, Response
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from pydantic import Field

from gateway.route import ServedRoute
from gateway.runtime.context import Context, Gateway
from gateway.shapes import Shape
from storage import migrate, reads, sending, stalling

router = APIRouter(route_class=ServedRoute, tags=["health"])
_PATIENCE = 2.0
#: The scheduler reports each second that it lives; a new leader needs some seconds.
SILENT_SECONDS = 30.0

State = Literal["ok", "failing"]


class Alive(Shape):
    status: State


class Ready(Shape):
    """Ready: the database is migrated and answers, a broker answers, the directory is read.

    Also no partition stands still while records wait in it, as far as the scheduler sees
    (`moving`); the scheduler looked lately (`watched`); no partition waits for a law bundle
    (`derived`).

    In the detailed health, `sent` is a check too: no signed record waits longer than it may, and no
    broker refused any.
    """

    status: State
    checks: dict[str, State]
    failing_since: dict[str, datetime] = Field(
        description="Of each check that fails, when this gateway first saw it: it looks when asked."
    )


class Health(Ready):
    version: str
    directory_position: int
    figures: dict[str, float]
    services: list[dict[str, Any]]


@router.get("/livez")
async def livez() -> Alive:
    """The event loop turns. This asks nothing else, because a restart would not mend a database."""
    return Alive(status="ok")


@router.get("/readyz", responses={503: {"model": Ready}})
async def readyz(gateway: Context, response: Response) -> Ready:
    """Whether requests can be served now."""
    ready = await ready_of(gateway)
    response.status_code = 200 if ready.status == "ok" else 503
    return ready


async def ready_of(gateway: Gateway) -> Ready:
    checks = await _checks(gateway)
    return Ready(status=_sum(checks), checks=checks, failing_since=_since(gateway, checks))


@router.get("/healthz", responses={503: {"model": Health}})
async def healthz(gateway: Context, response: Response) -> Health:
    """The same in detail, with the last heartbeat of each service."""
    checks = await _checks(gateway)
    there = checks["database"] == "ok"
    checks["sent"] = await _sent(gateway) if there else "failing"
    services = await _services(gateway) if there else []
    status = _sum(checks)
    response.status_code = 200 if status == "ok" else 503
    return Health(
        status=status,
        checks=checks,
        failing_since=_since(gateway, checks),
        version=version("casebus"),
        directory_position=gateway.reader.directory.position,
        figures=gateway.figures,
        services=services,
    )


@router.get("/metrics", include_in_schema=False)
async def metrics() -> Response:
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)


async def _checks(gateway: Gateway) -> dict[str, State]:
    database, broker = await asyncio.gather(_database(gateway), _broker(gateway))
    directory: State = "ok" if gateway.reader.caught_up else "failing"
    here = database == "ok"
    watched, moving = await _watched(gateway) if here else ("failing", "failing")
    derived = await _derived(gateway) if here else "failing"
    return {
        "database": database,
        "broker": broker,
        "directory": directory,
        "watched": watched,
        "moving": moving,
        "derived": derived,
    }


async def _derived(gateway: Gateway) -> State:
    try:
        async with asyncio.timeout(_PATIENCE):
            waiting = await stalling.stalled(await gateway.database())
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return "failing"
    return "failing" if waiting else "ok"


async def _database(gateway: Gateway) -> State:
    try:
        async with asyncio.timeout(_PATIENCE):
            applied = await reads.migrations(await gateway.database())
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return "failing"
    return "ok" if set(migrate.migrations()) <= set(applied) else "failing"


async def _broker(gateway: Gateway) -> State:
    try:
        async with asyncio.timeout(_PATIENCE):
            producer = await gateway.producer.start()
            await producer.client.fetch_all_metadata()
    except (KafkaError, OSError):
        return "failing"
    return "ok"


async def _watched(gateway: Gateway) -> tuple[State, State]:
    """True if a scheduler looks, with its result; ok if no scheduler has ever worked."""
    try:
        async with asyncio.timeout(_PATIENCE):
            rows = await reads.heartbeats(await gateway.database())
    except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
        return "failing", "failing"
    silent = any(row.seconds > SILENT_SECONDS for row in rows)
    stalled = any(row.detail.stalled for row in rows)
    return "failing" if silent else "ok", "failing" if stalled else "ok"


async def _sent(gateway: Gateway) -> State:
    waiting = await sending.waiting(await gateway.database())
    return "failing" if waiting.is_overdue else "ok"


async def _services(gateway: Gateway) -> list[dict[str, Any]]:
    rows = await reads.heartbeats(await gateway.database())
    return [{"service": one.service, "at": one.at, "detail": one.detail.to_json()} for one in rows]


def _since(gateway: Gateway, checks: dict[str, State]) -> dict[str, datetime]:
    """Notes what fails now and forgets what works again."""
    for name, state in checks.items():
        if state == "ok":
            gateway.failing_since.pop(name, None)
        else:
            gateway.failing_since.setdefault(name, gateway.now())
    return {name: at for name, at in gateway.failing_since.items() if name in checks}


def _sum(checks: dict[str, State]) -> State:
    return "ok" if set(checks.values()) == {"ok"} else "failing"
