"""`python -m bench.folding`: the cost of one event in the fold, and of loading the law.

Processor time: other users of the machine do not count. The referral alone has almost empty bodies;
those of all storylines are filled in as offices would.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from casebus.cases import CaseEvent, derive, fold
from casebus.cases.visibility import Access
from casebus.events.schemas import Schemas
from casebus.law import Law
from operations.provision.agencies import read_agencies
from rehearsal.scenario import storyline as storyline_file
from rehearsal.scenario.rehearse import Rehearser
from tests.case_events import storyline

_ROOT = Path(__file__).parents[1]
_POLICIES = _ROOT / "policies" / "law"
_ROUNDS = 9
#: The most that folding one event and loading all law may cost.
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
    """The cases of examples/, with all events of the bus about them."""
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


class Kernel(NamedTuple):
    """Processor seconds: an event folded, the same with derived events, with filled bodies.

    All law loaded. And the size of that law.
    """

    folding: float
    deriving: float
    filled: float
    loading: float
    procedures: int
    clocks: int


def measure() -> Kernel:
    law = Law.load(_POLICIES)
    events = storyline()
    cases = storylines(law)
    return Kernel(
        folding=best(lambda: fold(events, law), 300) / len(events),
        deriving=best(lambda: derive(fold(events, law)), 300) / len(events),
        filled=best(lambda: [fold(one, law) for one in cases], 10) / sum(map(len, cases)),
        loading=best(lambda: Law.load(_POLICIES)),
        procedures=len(law.procedures),
        clocks=len(law.clocks),
    )


def shown(kernel: Kernel) -> dict[str, str]:
    """The figures as the page words them."""
    return {
        "folding": f"{kernel.folding * 1e6:.1f}",
        "deriving": f"{kernel.deriving * 1e6:.1f}",
        "filled": f"{kernel.filled * 1e6:.1f}",
        "loading": f"{kernel.loading * 1e3:.0f}",
        "procedures": str(kernel.procedures),
        "clocks": str(kernel.clocks),
    }


def main() -> None:
    sys.stdout.write(
        "{procedures} procedures, {clocks} clocks\n"
        "fold      {folding} µs an event of {most_us}"
        " ({deriving} with what is derived, {filled} in all storylines)\n"
        "law load  {loading} ms of {most_ms}\n".format(
            **shown(measure()), most_us=_MOST_FOLDING_US, most_ms=_MOST_LOADING_MS
        )
    )


if __name__ == "__main__":
    main()
