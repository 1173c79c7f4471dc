"""`python -m bench.street`: 20,000 events of the synthetic year through the front door.

Processor time of all processes of the stack, from the first event sent until none is on its way.
"""

from __future__ import annotations

import sys
import time
from itertools import islice
from typing import NamedTuple

from bench.records import ROOT
from bench.spending import Spent, spending
from onebox.testing import Stack
from rehearsal.year.lines import YearLine
from rehearsal.year.loading import IMPORTER, Loader, backlog, register
from rehearsal.year.world import YearOrder, YearWorld
from rehearsal.year.year import generate_by_case

EVENTS, CASES, SEED, YEAR = 20_000, 4_000, 2025, 2025


class Walked(NamedTuple):
    events: int
    seconds: float
    spent: Spent

    def __str__(self) -> str:
        each = self.spent.each(self.events)
        most = ", ".join(f"{name} {ms:.2f}" for name, ms in each.items())
        rate = f"{self.events:,} events, {self.events / self.seconds:,.0f} a second"
        return f"{rate}, {sum(each.values()):.2f} ms of processor time an event: {most}"


def measure(stack: Stack) -> Walked:
    settings = stack.settings("admin").model_copy(update={"database_url": stack.database_url})
    wanted = YearOrder(CASES, SEED, YEAR, ROOT / "schemas", ROOT / "policies")
    offices = list(YearWorld.make(wanted).offices)
    lines = list(islice(map(YearLine.from_json, generate_by_case(wanted)), EVENTS))
    register(stack.home, settings, offices)
    with spending(stack) as spent:
        began = time.perf_counter()
        loaded = Loader(settings, offices, IMPORTER, wanted.name).load(lines)
        for _ in backlog(settings):
            pass
        seconds = time.perf_counter() - began
    return Walked(loaded.events, seconds, spent)


def main() -> None:
    with Stack() as stack:
        sys.stdout.write(f"{measure(stack)}\n")


if __name__ == "__main__":
    main()
