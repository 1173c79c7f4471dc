"""`python -m bench.year [CASES]`: a year of all procedures, made and folded in this process.

It also counts the faults put into the year and those found in it, and names the cases that differ.
"""

from __future__ import annotations

import sys
import time

from bench.records import ROOT
from casebus.cases import derive, fold
from rehearsal.year.admitted import case_event
from rehearsal.year.judging import found, put_in
from rehearsal.year.lines import YearLine
from rehearsal.year.mistakes import Spoiler
from rehearsal.year.world import YearOrder, YearWorld
from rehearsal.year.year import case_lines

CASES = 1_000


def main(count: int) -> None:
    world = YearWorld.make(YearOrder(count, 2025, 2025, ROOT / "schemas", ROOT / "policies"))
    spoiler = Spoiler(world)
    began = time.perf_counter()
    cases = [case_lines(world, spoiler, number) for number in range(count)]
    made = time.perf_counter() - began
    events = [[case_event(world, line, at) for at, line in enumerate(one)] for one in cases if one]
    whole = sum(map(len, events))
    began = time.perf_counter()
    folded = [fold(one, world.law) for one in events]
    folding = time.perf_counter() - began
    for case in folded:
        derive(case)
    deriving = time.perf_counter() - began
    procedures = {region.procedure for case in folded for region in case.regions}
    sys.stdout.write(
        f"{count:,} cases, {whole:,} events, {len(procedures)} procedures: made in {made:.1f} s"
        f" ({whole / made:,.0f} a second on one core), folded at {folding / whole * 1e6:.1f} µs an"
        f" event ({deriving / whole * 1e6:.1f} with what is derived)\n"
    )
    compare(world, [one for one in cases if one])


def compare(world: YearWorld, cases: list[list[YearLine]]) -> None:
    """The year as it happens: overrun periods and omitted transfers, by name."""
    said = [put_in(lines, world.law) for lines in cases]
    shown = [found(world, lines) for lines in cases]
    late = sum(len(line.late) for lines in cases for line in lines)
    clocks = {name[1] for one in said for name in one.overrun}
    differing = [
        lines[0].case for lines, put, got in zip(cases, said, shown, strict=True) if put != got
    ]
    sys.stdout.write(
        f"put in: {sum(len(one.overrun) for one in said):,} periods overrun"
        f" ({late:,} by a late act) of {len(clocks)} clocks,"
        f" {sum(len(one.omissions) for one in said):,} omissions; found:"
        f" {sum(len(one.overrun) for one in shown):,} and"
        f" {sum(len(one.omissions) for one in shown):,}; cases that differ: {len(differing)}"
        f" {' '.join(differing)}\n"
    )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else CASES)
