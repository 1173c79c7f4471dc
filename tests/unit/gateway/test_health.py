"""What fails is told with the moment from which it was seen to fail."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.api import health
from tests.world import NOW


async def test_a_check_that_fails_keeps_the_moment_when_it_was_first_seen_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, found = NOW, {"database": "ok", "broker": "failing"}
    gateway: Any = SimpleNamespace(now=lambda: now, failing_since={})

    async def checks(_: Any) -> dict[str, Any]:
        return dict(found)

    monkeypatch.setattr(health, "_checks", checks)
    assert (await health.ready_of(gateway)).failing_since == {"broker": NOW}
    now = NOW + timedelta(minutes=5)
    assert (await health.ready_of(gateway)).failing_since == {"broker": NOW}
    found["broker"] = "ok"
    assert (await health.ready_of(gateway)).failing_since == {}
    found["broker"] = "failing"
    assert (await health.ready_of(gateway)).failing_since == {"broker": now}
