"""The whole year: every case walked and spoilt, all events in the order in which they arrive."""

from __future__ import annotations

import multiprocessing
import os
import random
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

from rehearsal.year.lines import YearLine
from rehearsal.year.mistakes import Spoiler
from rehearsal.year.walking import Walk
from rehearsal.year.world import YearOrder, YearWorld

#: Cases that one process makes before it hands them over.
_CHUNK = 100
_made: list[tuple[YearWorld, Spoiler]] = []
Advance = Callable[[int], None]
#: The time of its arrival, its case, its place there, and the line.
_Row = tuple[str, int, int, bytes]


def _nobody(_cases: int) -> None:
    """Nobody watches the progress."""


def case_lines(world: YearWorld, spoiler: Spoiler, number: int) -> list[YearLine]:
    """One case as it comes to the bus; the rest of the year changes nothing about it."""
    wanted = world.wanted
    rng = random.Random(f"{wanted.seed}/{wanted.year}/{number}/mistakes")
    crime = world.kinds[number].crime
    return spoiler.spoil(Walk(world, number).lines(), rng, crime=crime)


def generate(
    wanted: YearOrder, advance: Advance = _nobody, processes: int | None = None
) -> Iterator[bytes]:
    """Each line as JSON, in the order of arrival. `advance` gets the number of cases made."""
    with tempfile.TemporaryFile() as made:
        places: list[tuple[str, int, int, int, int]] = []
        for rows in _chunks(wanted, processes or os.cpu_count() or 1):
            for arrives, number, at, text in rows:
                places.append((arrives, number, at, made.tell(), len(text)))
                made.write(text)
            advance(_CHUNK)
        for _, _, _, start, length in sorted(places):
            made.seek(start)
            yield made.read(length)


def generate_by_case(
    wanted: YearOrder, advance: Advance = _nobody, processes: int | None = None
) -> Iterator[bytes]:
    """The same lines case by case, each case in its order of arrival, as a ledger is read in."""
    for rows in _chunks(wanted, processes or os.cpu_count() or 1):
        for _, _, _, text in sorted(rows, key=lambda row: (row[1], row[0], row[2])):
            yield text
        advance(_CHUNK)


def _chunks(wanted: YearOrder, processes: int) -> Iterator[list[_Row]]:
    starts = range(0, wanted.cases, _CHUNK)
    if processes == 1 or len(starts) == 1:
        _begin(wanted)
        yield from map(_chunk, starts)
        return
    # Spawned: a fork would carry the caller's threads and connections.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, context, initializer=_begin, initargs=(wanted,)) as pool:
        yield from pool.map(_chunk, starts)


def _begin(wanted: YearOrder) -> None:
    world = YearWorld.make(wanted)
    _made[:] = [(world, Spoiler(world))]


def _chunk(start: int) -> list[_Row]:
    [(world, spoiler)] = _made
    numbers = range(start, min(start + _CHUNK, world.wanted.cases))
    return [
        (line.arrives, number, at, line.to_json())
        for number in numbers
        for at, line in enumerate(case_lines(world, spoiler, number))
    ]
