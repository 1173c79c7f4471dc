from __future__ import annotations

import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from casebus.now import ScenarioNow, set_scenario_time

BEGAN = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)


def test_a_scenarios_time_is_what_its_file_says_now(tmp_path: Path) -> None:
    path = tmp_path / "now"
    now = ScenarioNow(path)
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)
    for hours in range(200):
        set_scenario_time(path, BEGAN + timedelta(hours=hours))
        assert now() == BEGAN + timedelta(hours=hours)
    path.unlink()
    assert abs(now() - datetime.now(UTC)) < timedelta(minutes=1)


def test_a_file_that_lay_there_unchanged_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "now"
    set_scenario_time(path, BEGAN)
    long_ago = time.time() - 60
    os.utime(path, (long_ago, long_ago))
    now = ScenarioNow(path)
    assert now() == BEGAN
    with monkeypatch.context() as closed:
        closed.setattr(Path, "read_text", lambda _: pytest.fail("read again"))
        assert now() == BEGAN
    set_scenario_time(path, BEGAN + timedelta(days=1))
    assert now() == BEGAN + timedelta(days=1)
