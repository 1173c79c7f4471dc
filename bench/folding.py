"""`python -m bench.folding`: what one event costs the fold, and what loading the law costs.

Processor time: whoever shares the machine does not count. The referral alone has almost empty
bodies; those of all storylines are filled in as offices would.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.visibility import Access
from casebus.events.schemas import Schemas
from casebus.law import Law
from onebox.provision.directory import read_agencies
from onebox.scenario import storyline as storyline_file
from onebox.scenario.rehearse import Rehearser
from tests.case_events import storyline

_ROOT = Path(__file__).parents[1]
_POLICIES = _ROOT / "policies" / "law"
_ROUNDS = 9
#: What folding one event and loading all law may cost.
_MOST_FOLDING_US = 20
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


def storylines(law: Law) -> list[list[CaseEvent]]:
    """The cases of examples/, with all that the bus says of them."""
    files = sorted((_ROOT / "examples").glob("storyline-*.yaml"))
    rehearser = Rehearser(
        [storyline_file.read(one) for one in files],
        schemas=Schemas.load(_ROOT / "schemas"),
        law=law,
        offices=read_agencies(_ROOT / "examples" / "agencies.yaml"),
        access=Access.load(_ROOT / "policies"),
    )
    rehearser.play()
    return [list(one.events.values()) for one in rehearser.streams]


def main() -> None:
    law = Law.load(_POLICIES)
    events = storyline()
    cases = storylines(law)
    folding = best(lambda: fold(events, law), 300) / len(events)
    filled = best(lambda: [fold(one, law) for one in cases], 10) / sum(map(len, cases))
    deriving = best(lambda: derive(fold(events, law)), 300) / len(events)
    loading = best(lambda: Law.load(_POLICIES))
    sys.stdout.write(
        f"{len(law.procedures)} procedures, {len(law.clocks)} clocks\n"
        f"fold      {folding * 1e6:5.1f} µs an event of {_MOST_FOLDING_US}"
        f" ({deriving * 1e6:.1f} with what is derived, {filled * 1e6:.1f} in all storylines)\n"
        f"law load  {loading * 1e3:5.0f} ms of {_MOST_LOADING_MS}\n"
    )


if __name__ == "__main__":
    main()
