"""`python -m bench.searching`: every kind of search, at ten and at a hundred thousand cases.

The first page and its count, as four viewers ask; milliseconds of one that asks alone.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
import time
from typing import NamedTuple

from onebox.testing import Stack
from storage import searching
from storage.handles import Pool
from storage.pool import open_pool
from storage.searching import CaseFilter, Page, Sort, Viewing
from tests.integration.database import fresh_database
from tests.integration.many_cases import fill, searches

CASES = (10_000, 100_000)
_PAGE = 51


class Searched(NamedTuple):
    cases: int
    searches: int
    #: Milliseconds: the median, the maximum, and its search.
    middle: float
    most: float
    slowest: str

    def __str__(self) -> str:
        return (
            f"{self.cases:,} cases, {self.searches} searches: p50 {self.middle:.0f} ms, "
            f"at most {self.most:.0f} ms ({self.slowest})"
        )


def measure(stack: Stack) -> list[Searched]:
    return [asyncio.run(_at(stack, cases)) for cases in CASES]


async def _at(stack: Stack, cases: int) -> Searched:
    async with fresh_database(stack) as url:
        pool = await open_pool(url, application="bench", most=2)
        await fill(pool, cases)
        took = {
            name: await _one(pool, viewing, wanted, sort)
            for name, viewing, wanted, sort in searches()
        }
        await pool.close()
    slowest = max(took, key=lambda name: took[name])
    middle = statistics.median(took.values())
    return Searched(cases, len(took), middle, took[slowest], slowest)


async def _one(pool: Pool, viewing: Viewing, wanted: CaseFilter, sort: Sort) -> float:
    """The better of two: the first may find its pages on the disk."""
    tries = []
    for _ in range(2):
        began = time.perf_counter()
        await searching.page(pool, viewing, wanted, Page(sort, None, _PAGE))
        await searching.counts(pool, viewing, wanted, "all")
        tries.append((time.perf_counter() - began) * 1000)
    return min(tries)


def main() -> None:
    with Stack(only=("kafka", "postgres")) as stack:
        for one in measure(stack):
            sys.stdout.write(f"{one}\n")


if __name__ == "__main__":
    main()
