"""`casebus verify` that is stopped: no process of it is left, and it says what that means."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

PATIENCE_SECONDS = 60
#: The comparison by two processes, as the command runs it, on a database that never answers.
PROGRAM = """
import sys
from aiokafka import TopicPartition
from casebus.settings import Settings
from operations.commands.stopping import run
from operations.commands.verify import _STOPPED
from operations.verify.comparing import PartitionLog
from operations.verify.jobs import Share, side_by_side
from operations.verify.report import VerifyReport
from operations.verify.topics import Span

async def compare():
    spans = {TopicPartition("case.journal", at): Span(0, 9) for at in range(2)}
    settings = Settings(database_url=sys.argv[1])
    share = Share(settings, "none", 1, {0: PartitionLog(), 1: PartitionLog()}, spans, spans)
    async for _ in side_by_side(VerifyReport(), share, 2):
        pass

run(compare(), _STOPPED)
"""


@pytest.fixture
def silent() -> Iterator[socket.socket]:
    """A server that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(PATIENCE_SECONDS)
        yield server


def _alive(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state.split()[0] != "Z"


def _children(process: int) -> list[int]:
    text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    return [int(one) for one in text.split()]


#: How a shell starts it: so that Ctrl-C ends it, or in the background, where it does not.
FRONT, BACKGROUND = signal.SIG_DFL, signal.SIG_IGN


@pytest.mark.slow
@pytest.mark.parametrize(
    ("number", "on_ctrl_c"),
    [(signal.SIGINT, FRONT), (signal.SIGTERM, FRONT), (signal.SIGTERM, BACKGROUND)],
)
def test_whoever_is_stopped_leaves_no_process_and_says_that_nothing_is_proved(
    silent: socket.socket, number: signal.Signals, on_ctrl_c: signal.Handlers
) -> None:
    url = f"postgresql://casebus@127.0.0.1:{silent.getsockname()[1]}/casebus"
    command = [sys.executable, "-c", PROGRAM, url]
    before = signal.signal(signal.SIGINT, on_ctrl_c)
    try:
        parent = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    finally:
        signal.signal(signal.SIGINT, before)
    try:
        # Both processes are at work as soon as they have asked the database.
        asked = [silent.accept()[0] for _ in range(2)]
        children = _children(parent.pid)
        assert len(children) == 2
        os.kill(parent.pid, number)
        said = parent.communicate(timeout=PATIENCE_SECONDS)[1]
        for one in asked:
            one.close()
    finally:
        parent.kill()
    assert parent.returncode == 128 + number
    assert said.strip() == (
        "Stopped before the end: nothing is proved, and nothing of it runs any more."
    )
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(map(_alive, children)):
        assert time.monotonic() < deadline, "a process is left"
        time.sleep(0.1)
