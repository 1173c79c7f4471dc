"""`python -m bench.folding`: what one event costs the fold, and what loading the law costs."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from casebus.cases import derive, fold
from casebus.law import Law
from tests.case_events import storyline

_POLICIES = Path(__file__).parents[1] / "policies" / "law"
_ROUNDS = 5
#: What loading all law may cost.
_MOST_LOADING_MS = 300


def best(work: Callable[[], Any], times: int = 1) -> float:
    """Seconds of processor that one run takes, the best of a few rounds."""
    seconds = []
    for _ in range(_ROUNDS):
        began = time.process_time()
        for _ in range(times):
            work()
        seconds.append((time.process_time() - began) / times)
    return min(seconds)


def main() -> None:
    law = Law.load(_POLICIES)
    events = storyline()
    folding = best(lambda: fold(events, law), 300) / len(events)
    deriving = best(lambda: derive(fold(events, law)), 300) / len(events)
    loading = best(lambda: Law.load(_POLICIES))
    sys.stdout.write(
        f"{len(law.procedures)} procedures, {len(law.clocks)} clocks\n"
        f"fold      {folding * 1e6:5.1f} µs an event ({deriving * 1e6:.1f} with what is derived)\n"
        f"law load  {loading * 1e3:5.0f} ms of {_MOST_LOADING_MS}\n"
    )


if __name__ == "__main__":
    main()
