from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from casebus.errors import AwayError
from casebus.events.schemas import Schemas
from casebus.kafka import directory
from casebus.kafka.directory import DirectoryFollower, following
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


async def test_a_process_whose_directory_is_not_read_in_time_does_not_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(directory, "_START_SECONDS", 0.01)
    followers: list[DirectoryFollower] = []

    def still(self: DirectoryFollower) -> None:
        followers.append(self)
        self._stop.wait(30)

    monkeypatch.setattr(DirectoryFollower, "_follow", still)
    with pytest.raises(AwayError, match="directory_unread"):
        async with following(Settings(), SCHEMAS):
            pytest.fail("it started")
    assert not followers[0]._thread.is_alive()


async def test_what_needs_no_directory_yet_starts_before_it_is_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(DirectoryFollower, "_follow", lambda self: self._stop.wait(30))
    async with following(Settings(), SCHEMAS, waits=False) as follower:
        assert not follower.caught_up
