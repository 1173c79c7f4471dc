"""Chooses the cells that a shared view hides, so that nobody can compute a small cell. Pure.

A table is counts by coordinates, one coordinate for each dimension, together with every total over
dimensions and over levels of one (county, city, province). A small cell (1 to 4) is hidden, and
with it a whole *move*. A move adds whole numbers to some cells and takes them from others, and
every shown number stays the same. Each hidden cell is changed by a move that keeps counts positive.
So another table would have been shown in the very same way, and nobody can recompute a hidden
number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice, product
from typing import NamedTuple

#: Cells below this are small; a hidden cell can differ by at least this less one.
SMALL = 5
ALL = ""
#: Leaves tried as the start of a move, and moves weighed for one cell.
_STARTS, _TRIED = 3, 200

Cell = tuple[str, ...]
"""A coordinate a dimension; ALL where it is a total over the dimension."""


class Dimension(NamedTuple):
    """`above` gives the coordinates of the totals above one coordinate, the nearest first."""

    name: str
    above: Mapping[str, tuple[str, ...]] = {}

    def levels(self, at: str) -> tuple[str, ...]:
        return (at, *self.above.get(at, ()), ALL)


class Totals:
    """Counts at the finest level, and all their totals."""

    def __init__(self, dimensions: tuple[Dimension, ...], counts: Mapping[Cell, int]) -> None:
        self.dimensions = dimensions
        self.leaves = {cell: count for cell, count in counts.items() if count}
        self.cells: Counter[Cell] = Counter()
        self._under: dict[Cell, list[Cell]] = {}
        for leaf, count in sorted(self.leaves.items()):
            for cell in self.totals(leaf):
                self.cells[cell] += count
                self._under.setdefault(cell, []).append(leaf)

    def totals(self, leaf: Cell) -> Iterator[Cell]:
        """The leaf and every total that it is part of."""
        levels = (one.levels(at) for one, at in zip(self.dimensions, leaf, strict=True))
        return product(*(dict.fromkeys(found) for found in levels))

    def changed_by(self, move: Mapping[Cell, int]) -> set[Cell]:
        """The cells and totals whose count the move changes."""
        change: Counter[Cell] = Counter()
        for leaf, by in move.items():
            for cell in self.totals(leaf):
                change[cell] += by
        return {cell for cell, by in change.items() if by}

    def room(self, move: Mapping[Cell, int]) -> int:
        """The number of times the move can be made, in both directions, with counts above 0."""
        up = min((self.leaves[leaf] - 1 for leaf, by in move.items() if by < 0), default=SMALL)
        down = min((self.leaves[leaf] - 1 for leaf, by in move.items() if by > 0), default=SMALL)
        return up + down

    def under(self, cell: Cell) -> list[Cell]:
        return self._under[cell]


def hidden(table: Totals) -> set[Cell]:
    """The cells and totals that a shared view leaves out."""
    found: set[Cell] = set()
    small = sorted(
        (cell for cell, count in table.cells.items() if 0 < count < SMALL),
        key=lambda cell: (table.cells[cell], cell),
    )
    for cell in small:
        if cell not in found:
            found |= _cheapest(table, cell, found)
    return found


def _cheapest(table: Totals, cell: Cell, already: set[Cell]) -> set[Cell]:
    """The cells of the one move that changes the cell and hides the fewest shown numbers."""
    best: tuple[int, int, list[Cell]] | None = None
    for move in islice(_moves(table, cell), _TRIED):
        if table.room(move) < SMALL - 1:
            continue
        changed = table.changed_by(move)
        if cell not in changed:
            continue
        more = changed - already
        cost = (len(more), sum(table.cells[one] for one in more), sorted(changed))
        if best is None or cost < best:
            best = cost
    # Always possible: the leaf alone, with every total above it.
    return set(best[2]) if best else table.changed_by({table.under(cell)[0]: 1})


def _moves(table: Totals, cell: Cell) -> Iterator[dict[Cell, int]]:
    """Moves along each choice of dimensions in which the cell is not a total."""
    fixed = [at for at, where in enumerate(cell) if where != ALL]
    for leaf in table.under(cell)[:_STARTS]:
        for size in range(1, len(fixed) + 1):
            for chosen in combinations(fixed, size):
                yield from _along(table, leaf, chosen)


def _along(table: Totals, leaf: Cell, chosen: tuple[int, ...]) -> Iterator[dict[Cell, int]]:
    """Moves from the leaf to each other place in the chosen dimensions, with alternating signs."""
    others = (_others(table, leaf, at) for at in chosen)
    for place in product(*others):
        move: dict[Cell, int] = {}
        for corner in product((False, True), repeat=len(chosen)):
            at = list(leaf)
            for index, moved, there in zip(chosen, corner, place, strict=True):
                at[index] = there if moved else at[index]
            move[tuple(at)] = -1 if sum(corner) % 2 else 1
        if all(one in table.leaves for one in move):
            yield move


def _others(table: Totals, leaf: Cell, at: int) -> Iterable[str]:
    return sorted({one[at] for one in table.leaves} - {leaf[at]})
