"""No number that a shared view leaves out can be worked out from those that it shows."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from casebus.statistics.suppression import ALL, SMALL, Cell, Dimension, Totals, hidden
from tests.examples import examples

MONTHS = ["2026-01", "2026-02", "2026-03", "2026-04"]
COUNTIES = ["d:330102", "d:330106", "d:330203", "d:330100", "d:440103"]
PLACES = Dimension("division", {one: (f"c:{one[2:6]}00", f"p:{one[2:4]}0000") for one in COUNTIES})
COUNT = st.integers(min_value=0, max_value=14)


def counts(*coordinates: list[str]) -> st.SearchStrategy[dict[Cell, int]]:
    cell = st.tuples(*(st.sampled_from(one) for one in coordinates))
    return st.dictionaries(cell, COUNT, max_size=12)


TABLES = st.one_of(
    counts(MONTHS).map(lambda found: Totals((Dimension("month"),), found)),
    counts(COUNTIES).map(lambda found: Totals((PLACES,), found)),
    counts(MONTHS, COUNTIES).map(lambda found: Totals((Dimension("month"), PLACES), found)),
    counts(MONTHS, COUNTIES, ["yes", "no"]).map(
        lambda found: Totals((Dimension("month"), PLACES, Dimension("met")), found)
    ),
)


@given(TABLES)
@settings(max_examples=examples(150))
def test_every_small_number_is_left_out(table: Totals) -> None:
    small = {cell for cell, count in table.cells.items() if 0 < count < SMALL}
    assert small <= hidden(table)


@given(TABLES)
@settings(max_examples=examples(150))
def test_what_is_left_out_follows_from_no_sums_of_what_is_shown(table: Totals) -> None:
    """Linear algebra: no hidden number is a combination of the shown ones."""
    left_out = hidden(table)
    leaves = sorted(table.leaves)
    shown = [_row(table, leaves, cell) for cell in table.cells if cell not in left_out]
    basis = _reduced(shown)
    for cell in left_out:
        assert not _spans(basis, _row(table, leaves, cell)), cell


@given(TABLES)
@settings(max_examples=examples(100))
def test_counts_that_are_positive_tell_no_more(table: Totals) -> None:
    """For each hidden number there is another table of counts, none of them gone, shown alike."""
    left_out = hidden(table)
    for cell in left_out:
        assert any(_differs(table, left_out, cell, by) for by in (1, -1)), cell


def test_a_lone_small_number_takes_another_with_it() -> None:
    table = Totals((Dimension("month"),), {("1",): 3, ("2",): 20, ("3",): 9})
    left_out = hidden(table)
    assert ("1",) in left_out
    assert len(left_out) == 2
    assert (ALL,) not in left_out


def test_nothing_is_left_out_where_nothing_is_small() -> None:
    assert hidden(Totals((Dimension("month"),), {("1",): 5, ("2",): 20})) == set()


def test_two_small_numbers_whose_sum_is_small_hide_more_than_themselves() -> None:
    # 1 + 1 = 2: whoever sees the total and knows that both are there has both.
    table = Totals((Dimension("month"),), {("1",): 1, ("2",): 1, ("3",): 50})
    assert len(hidden(table)) > 2


def _row(table: Totals, leaves: list[Cell], cell: Cell) -> list[Fraction]:
    under = set(table.under(cell))
    return [Fraction(int(leaf in under)) for leaf in leaves]


def _reduced(rows: list[list[Fraction]]) -> list[tuple[int, list[Fraction]]]:
    basis: list[tuple[int, list[Fraction]]] = []
    for row in rows:
        rest = _rest(basis, row)
        pivot = next((at for at, value in enumerate(rest) if value), None)
        if pivot is not None:
            basis.append((pivot, [value / rest[pivot] for value in rest]))
    return basis


def _rest(basis: list[tuple[int, list[Fraction]]], row: list[Fraction]) -> list[Fraction]:
    for pivot, known in basis:
        if row[pivot]:
            by = row[pivot]
            row = [value - by * other for value, other in zip(row, known, strict=True)]
    return row


def _spans(basis: list[tuple[int, list[Fraction]]], row: list[Fraction]) -> bool:
    return not any(_rest(basis, row))


def _differs(table: Totals, left_out: set[Cell], cell: Cell, by: int) -> bool:
    """Whether some table of positive counts has another number there and shows the same.

    Searched breadth first over small changes of leaves; the shown numbers are the bounds.
    """
    leaves = sorted(table.leaves)
    equations = [
        [at for at, leaf in enumerate(leaves) if leaf in set(table.under(shown))]
        for shown in table.cells
        if shown not in left_out
    ]
    target = [at for at, leaf in enumerate(leaves) if leaf in set(table.under(cell))]
    room = [table.leaves[leaf] for leaf in leaves]
    return _search(equations, target, room, by)


def _search(equations: list[list[int]], target: list[int], room: list[int], by: int) -> bool:
    """Changes of -1, 0 and 1 that keep the equations, sum to `by` on the target, leave counts."""
    order = sorted(range(len(room)), key=lambda at: at not in target)
    place_of = {at: place for place, at in enumerate(order)}
    ends: dict[int, list[list[int]]] = {}
    for equation in equations:
        ends.setdefault(max(place_of[at] for at in equation), []).append(equation)
    change = [0] * len(room)

    def step(place: int) -> bool:
        if place == len(order):
            return sum(change[at] for at in target) == by
        at = order[place]
        for change[at] in (0, 1, -1):
            kept = all(not sum(change[one] for one in row) for row in ends.get(place, ()))
            if room[at] + change[at] > 0 and kept and step(place + 1):
                return True
        change[at] = 0
        return False

    return step(0)
