"""The rhythm of repeated looks: the next one at once while there is something to do."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

ROUND_SECONDS = 1.0


async def in_rounds(look: Callable[[], Awaitable[int]], seconds: float = ROUND_SECONDS) -> None:
    """Look for ever, with a pause after each round that found nothing."""
    while True:
        if not await look():
            await asyncio.sleep(seconds)
