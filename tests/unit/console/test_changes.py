"""What open pages are told where nothing comes: the database is away, or all stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from casebus import polling
from gateway.api.health import Ready
from gateway.console import changes
from gateway.console.changes import Changes, Listener

SINCE = datetime(2026, 3, 5, tzinfo=UTC)
pytestmark = pytest.mark.asyncio


class Health:
    """Says what it is told to say."""

    def __init__(self, **failing: datetime) -> None:
        self.failing = failing

    async def now(self) -> Ready:
        return Ready(status="failing", checks={}, failing_since=self.failing)


async def silent() -> Any:
    """A pool whose connections are all taken by what waits for a database that is away."""
    await asyncio.Event().wait()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(2):
        await polling.until(holds, 0.01)


async def test_a_pool_that_gives_no_connection_is_a_database_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "_PATIENCE_SECONDS", 0.05)
    told = Changes(silent, Health())  # type: ignore[arg-type]
    with told.listening(Listener()) as listener:
        await until(lambda: told.away)
        assert listener.woken.is_set()
    told.end()


async def test_what_stands_still_is_told_with_the_moment_and_so_is_its_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(changes, "_ASK_SECONDS", 0.01)
    health = Health(broker=SINCE)
    told = Changes(silent, health)  # type: ignore[arg-type]
    with told.listening(Listener()) as listener:
        await until(lambda: told.still_since == SINCE)
        assert listener.woken.is_set()
        health.failing = {}
        await until(lambda: told.still_since is None)
        # Without the database nothing is known of the rest, and without its law a case alone waits.
        health.failing = {"database": SINCE, "moving": SINCE, "derived": SINCE}
        await asyncio.sleep(0.05)
        assert told.still_since is None
    told.end()
