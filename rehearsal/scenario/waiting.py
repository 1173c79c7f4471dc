"""Waiting for the bus, in the machine's time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from casebus.errors import CasebusError

#: How long the bus may take for one thing before the play gives up.
PATIENCE_SECONDS = 60.0
_FIRST_LOOK_SECONDS = 0.01
_LAST_LOOK_SECONDS = 0.2
_SLOWER = 1.5

Found = TypeVar("Found")


def until(ask: Callable[[], Found | None], what: str, seconds: float = PATIENCE_SECONDS) -> Found:
    """Ask ever more slowly; raises CasebusError `no_answer` when the time is up."""
    deadline = time.monotonic() + seconds
    pause = _FIRST_LOOK_SECONDS
    while not (found := ask()):
        if time.monotonic() > deadline:
            raise CasebusError("no_answer", f"after {seconds:.0f} s, not yet: {what}")
        time.sleep(pause)
        pause = min(pause * _SLOWER, _LAST_LOOK_SECONDS)
    return found
