"""Waiting for what tells nobody: another process, a table, a file, the thread of a library."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from inspect import isawaitable


async def until(holds: Callable[[], bool | Awaitable[bool]], every: float) -> None:
    """Return when the condition holds; check at once, and again every `every` seconds.

    If something can report the end, wait for that instead: an event, a queue, a notification.
    """
    while True:
        found = holds()
        if await found if isawaitable(found) else found:
            return
        await asyncio.sleep(every)
