"""The access log of the gateway: no answer about a case leaves before its row is written.

A request has a row for each case of which it was told something, and one if it asked for something
that does not exist. A request of an operator always has one. Rows of requests that are served at
the same time are written together, so that a row costs little. If the database does not take them,
the request fails.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from functools import partial
from typing import Any
from uuid import UUID

from fastapi import Request

from casebus.now import Now
from gateway.access.looks import Looking
from storage import access
from storage.access import Looked
from storage.handles import Handle, Pool

#: Path parameters that name the wanted thing: a case, an event, a work item, a rejected record.
_ASKED = frozenset({"case", "event_id", "key", "place"})
_FAILED = 500
_LONGEST = 500

_Waiting = tuple[list[Looked], asyncio.Future[None]]


class AccessLog:
    def __init__(self, database: Callable[[], Awaitable[Pool]], now: Now) -> None:
        self._database, self._now = database, now
        self._waiting: list[_Waiting] = []
        self._writing: asyncio.Task[None] | None = None

    async def note(self, request: Request, route: str, status: int) -> None:
        """Write who asked for what, with the answer; raises the database's errors."""
        rows = self._rows(request, route, status)
        if not rows or status >= _FAILED:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((rows, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    def _rows(self, request: Request, route: str, status: int) -> list[Looked]:
        agency = getattr(request.state, "agency", None)
        if agency is None:
            return []
        given = request.path_params
        looking: Looking | None = getattr(request.state, "looking", None)
        streams = looking.streams if looking else frozenset()
        if (asked := _uuid(given.get("case"))) is not None:
            streams |= {asked}
        looked = getattr(request.state, "is_operator", False) or not _ASKED.isdisjoint(given)
        if not streams and not looked:
            return []
        row = partial(
            Looked,
            at=self._now(),
            agency=agency,
            method=request.method,
            route=route,
            source=_text(given.get("source")),
            event_id=_text(given.get("event_id") or given.get("key") or given.get("place")),
            status=status,
            officer=getattr(getattr(request.state, "visitor", None), "pseudonym", None),
            reason=_text(getattr(request.state, "reason", None)),
            break_glass=looking.break_glass if looking else None,
        )
        return [row(stream=stream) for stream in sorted(streams) or (None,)]

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                database = await self._database()
                rows = [row for rows, _ in batch for row in rows]
                await access.note(database, await _placed(database, rows))
            except Exception as error:  # noqa: BLE001 - handed to every request that waits
                _fail(batch, error)
            else:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)


async def _placed(database: Handle, rows: Sequence[Looked]) -> list[Looked]:
    """The rows with the case of each event or work item asked for: its people read who was refused.

    One author may have used the same id in several streams; then each has a row.
    """
    lost = [row for row in rows if row.stream is None and row.event_id]
    if not lost:
        return list(rows)
    asked = {(row.source or "", row.event_id or "") for row in lost}
    streams = await access.streams_of(database, asked)
    return [
        replace(row, stream=stream)
        for row in rows
        for stream in (
            streams.get((row.source or "", row.event_id or "")) if row.stream is None else None
        )
        or (row.stream,)
    ]


def _fail(batch: list[_Waiting], error: Exception) -> None:
    for _, done in batch:
        if not done.done():
            done.set_exception(error)


def _uuid(text: Any) -> UUID | None:
    try:
        return UUID(str(text)) if text else None
    except ValueError:
        return None


def _text(value: Any) -> str | None:
    return str(value)[:_LONGEST].replace("\x00", "") if value else None
