"""The access log of the gateway: no answer about a case leaves before its row is written.

Rows of requests that are served at the same time are written together, so that a row costs
little; a database that does not take them fails the request.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

from fastapi import Request

from casebus.now import Now
from storage import access
from storage.access import Looked

#: Path parameters that say what was asked for: a case, an event, a work item.
_ASKED = frozenset({"case", "event_id", "key"})
_FAILED = 500
_LONGEST = 500


class AccessLog:
    def __init__(self, database: Callable[[], Awaitable[Any]], now: Now) -> None:
        self._database, self._now = database, now
        self._waiting: list[tuple[Looked, asyncio.Future[None]]] = []
        self._writing: asyncio.Task[None] | None = None

    async def note(self, request: Request, route: str, status: int) -> None:
        """Write who asked for what and what they got; raises as the database does."""
        row = self._row(request, route, status)
        if row is None or status >= _FAILED:
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((row, done))
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        await done

    def _row(self, request: Request, route: str, status: int) -> Looked | None:
        agency = getattr(request.state, "agency", None)
        given = request.path_params
        if agency is None or _ASKED.isdisjoint(given):
            return None
        return Looked(
            at=self._now(),
            agency=agency,
            method=request.method,
            route=route,
            stream=_uuid(given.get("case")),
            source=_text(given.get("source")),
            event_id=_text(given.get("event_id") or given.get("key")),
            status=status,
        )

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await access.note(await self._database(), [row for row, _ in batch])
            except Exception as error:  # noqa: BLE001 - handed to every request that waits
                _fail(batch, error)
            else:
                for _, done in batch:
                    if not done.done():
                        done.set_result(None)


def _fail(batch: list[tuple[Looked, asyncio.Future[None]]], error: Exception) -> None:
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
