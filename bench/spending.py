"""The cost of a stack: processor seconds of each of its processes, with their children."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

import psutil

from onebox.testing import Stack

Seconds = Mapping[str, float]
"""By service."""


@dataclass
class Spent:
    """Filled when the block has ended."""

    seconds: float = 0.0
    by_service: dict[str, float] = field(default_factory=dict)

    def each(self, count: int) -> dict[str, float]:
        """Milliseconds of each service for one of so many, the most first."""
        shares = {name: one / count * 1000 for name, one in self.by_service.items()}
        return dict(sorted(shares.items(), key=lambda share: -share[1]))

    def of_one(self, count: int) -> float:
        return sum(self.each(count).values())


@contextmanager
def spending(stack: Stack) -> Iterator[Spent]:
    spent, before, began = Spent(), _now(stack), time.perf_counter()
    yield spent
    spent.seconds = time.perf_counter() - began
    spent.by_service = less(_now(stack), before)


def less(after: Seconds, before: Seconds) -> dict[str, float]:
    return {name: at - before.get(name, 0.0) for name, at in after.items()}


def _now(stack: Stack) -> dict[str, float]:
    return {name: _of(stack.pid(name)) for name in stack.options.only}


def _of(pid: int) -> float:
    """The process, its children, and the ended ones among them."""
    process, found = psutil.Process(pid), 0.0
    for one in (process, *process.children(recursive=True)):
        try:
            times = one.cpu_times()
        except psutil.NoSuchProcess:
            continue
        found += times.user + times.system + times.children_user + times.children_system
    return found
