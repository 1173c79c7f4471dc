"""Server-sent events: a change, a database that is away, a standstill, or the end.

An event has no content: the page fetches its parts again, with the same rights as before.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import StreamingResponse

from casebus.errors import CasebusError
from gateway.api import cases
from gateway.console.changes import AWAY, Changes, Listener
from gateway.console.route import ConsoleRoute
from gateway.console.signin.current import Current, still_valid
from gateway.console.signin.visitor import Visitor
from gateway.runtime.context import Context, Database, Gateway

router = APIRouter(route_class=ConsoleRoute, prefix="/console", include_in_schema=False)
#: The interval in which a stream checks its session and shows that the connection is open.
_BEAT_SECONDS = 10.0
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}

Places = dict[int, int]


@router.get("/live")
async def live(
    *,
    request: Request,
    visitor: Current,
    gateway: Context,
    database: Database,
    of: Annotated[str, Query(pattern=r"^(work|all|case:[0-9a-f-]{36})$")],
    after: Annotated[str, Query(max_length=2000)] = "",
) -> StreamingResponse:
    """Opens a stream for the page's subject, once its viewer may see it."""
    listener = await _listener(visitor, database, of)
    last = request.headers.get("last-event-id") or after
    changes: Changes = request.app.state.changes
    told = _told(gateway, visitor, changes, listener, _places(last))
    return StreamingResponse(told, media_type="text/event-stream", headers=_HEADERS)


@router.get("/here", status_code=204)
async def here(_: Current) -> None:
    """Whether the session lives: a page asks before it opens its stream again."""


async def _listener(visitor: Visitor, database: Database, of: str) -> Listener:
    kind, _, name = of.partition(":")
    if kind == "case":
        row = await cases.own(database, visitor.reader, name)
        return Listener(case=UUID(str(row["stream"])))
    if visitor.agency is None:
        return Listener()
    return Listener(agency=visitor.agency)


async def _told(
    gateway: Gateway, visitor: Visitor, changes: Changes, listener: Listener, last: Places
) -> AsyncIterator[str]:
    with changes.listening(listener):
        yield _event("at", last or changes.places)
        if last and not changes.away and (now := await changes.missed(listener, last)):
            yield _event("changed", now)
        was_away, still = False, None
        while not changes.ended:
            if not changes.away and not await _may_stay(gateway, visitor, listener):
                yield _event("ended", changes.places)
                return
            if changes.away != was_away:
                was_away = changes.away
                still = None
                yield _event("away" if was_away else "back", changes.places)
            elif not was_away and changes.still_since != still:
                still = changes.still_since
                since = still.isoformat() if still else "."
                yield _event("still" if still else "moves", changes.places, since)
            elif listener.changed:
                listener.changed = False
                yield _event("changed", changes.places)
            else:
                yield ":\n\n"
            await _wait(listener)


async def _may_stay(gateway: Gateway, visitor: Visitor, listener: Listener) -> bool:
    """True if the session lives, and the viewer may still see the case."""
    try:
        database = await gateway.database()
        if not await still_valid(database, visitor):
            return False
        if listener.case is not None:
            await cases.own(database, visitor.reader, str(listener.case))
    except CasebusError:
        return False
    except AWAY:
        # It hears `away` from the watcher, and stays.
        return True
    return True


async def _wait(listener: Listener) -> None:
    try:
        async with asyncio.timeout(_BEAT_SECONDS):
            await listener.woken.wait()
    except TimeoutError:
        return
    listener.woken.clear()


def _event(name: str, places: Places, data: str = ".") -> str:
    return f"id: {_text(places)}\nevent: {name}\ndata: {data}\n\n"


def _text(places: Places) -> str:
    return ",".join(f"{partition}-{index}" for partition, index in places.items())


def _places(text: str) -> Places:
    """The place that a page last heard. A text that is no place counts as none."""
    pairs = [one.split("-") for one in text.split(",") if one]
    try:
        return {int(partition): int(index) for partition, index in pairs}
    except ValueError:
        return {}
