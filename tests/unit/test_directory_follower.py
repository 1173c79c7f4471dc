from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from casebus.events.schemas import Schemas
from casebus.kafka.directory import DirectoryFollower
from casebus.settings import Settings

SCHEMAS = Schemas.load(Path(__file__).parents[2] / "schemas")


def test_who_waits_for_the_directory_is_told_when_its_follower_is_stopped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A process that is ended while it starts would not end before its wait does."""
    monkeypatch.setattr(DirectoryFollower, "_follow", lambda self: self._stop.wait(30))
    follower = DirectoryFollower(Settings(), SCHEMAS).start()
    with ThreadPoolExecutor(1) as threads:
        waiting = threads.submit(follower.wait, 60)
        follower.stop()
        assert waiting.result(10) is False
    assert not follower.caught_up
