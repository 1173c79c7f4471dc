"""The order in which a case's events are shown: the fold's, and the unfolded ones by legal time."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from typing import Any


def in_fold_order(rows: Sequence[Any], order: Sequence[tuple[str, str]]) -> list[Any]:
    """`rows` (mappings with source, id, legal_at) as the fold ordered them.

    What the fold left out (the bus's own events, those without standing) stands before the first
    folded event with a later legal time.
    """
    rank = {identity: at for at, identity in enumerate(order)}
    folded = sorted(
        (row for row in rows if (row["source"], row["id"]) in rank),
        key=lambda row: rank[row["source"], row["id"]],
    )
    # A cause may carry a later legal time than its effect: never step back in time.
    latest = list(accumulate((row["legal_at"] for row in folded), max))
    placed = [(latest[at], 0, at, row) for at, row in enumerate(folded)]
    rest = [row for row in rows if (row["source"], row["id"]) not in rank]
    placed += [(row["legal_at"], 1, at, row) for at, row in enumerate(rest)]
    return [row for *_, row in sorted(placed, key=lambda one: one[:3])]
