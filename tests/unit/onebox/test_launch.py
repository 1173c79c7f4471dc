from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from casebus.errors import CasebusError
from onebox import launch, state
from onebox.options import Options
from onebox.state import ServiceState, StackState


def test_a_service_that_dies_at_each_start_ends_the_waiting_with_its_last_words(
    tmp_path: Path,
) -> None:
    options = Options(tmp_path, 20000)
    options.place.make()
    services = {
        "gateway": ServiceState("gateway", "starting"),
        "casework": ServiceState(
            "casework", "backing_off", None, launch.HOPELESS_RESTARTS, "ended with code 1"
        ),
    }
    now = StackState("starting", os.getpid(), psutil.Process().create_time(), {}, services)
    state.write(options.place.state, now)
    options.place.log("casework").write_text("ImportError: no such thing\n", encoding="utf-8")
    with (
        subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as living,
        pytest.raises(CasebusError, match=r"casework is backing_off.*no such thing"),
    ):
        launch.wait_ready(options, living)


def test_a_home_that_cannot_be_written_is_told_by_its_code(tmp_path: Path) -> None:
    taken = tmp_path / "home"
    taken.write_text("a file", encoding="utf-8")
    with pytest.raises(CasebusError, match="home_not_writable"):
        launch.start(Options(taken / "below", 20000))
