"""The order in which a case's events are shown: the fold's; unfolded ones by legal time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Any, NamedTuple

from casebus.cases.visibility import Access, Viewer
from casebus.events.doors import BUS
from casebus.events.legaltime import CHINA
from casebus.events.types import all_of
from casebus.rows import RowLike

#: Who received and opened what, and when, is between the two.
_NOTES = all_of("intake")


def in_fold_order(rows: Sequence[RowLike], order: Sequence[tuple[str, str]]) -> list[Any]:
    """`rows` (mappings with source, id, legal_at) in the order of the fold.

    Events that the fold left out (the bus's own events, those without standing) come before the
    first folded event with a later legal time.
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


class WithheldEvent(NamedTuple):
    """An event of a secret case for a viewer without a role in it: its type and its month."""

    id: str
    type: str
    month: str
    legal_at: datetime


def closed_history(viewer: Viewer, access: Access, rows: Sequence[RowLike]) -> list[Any]:
    """Month by month: first the events withheld from the viewer, then its own in the given order.

    The order and the bus's statements on the case do not reveal its events.
    """
    months: dict[str, list[Any]] = {}
    withheld: dict[str, list[Any]] = {}
    for row in rows:
        at = row["legal_at"].astimezone(CHINA)
        month = f"{at:%Y-%m}"
        if access.level(viewer, row["author"], row["recipients"]) is not None:
            months.setdefault(month, []).append(row)
        elif row["author"] != BUS and not row["type"].startswith(_NOTES):
            withheld.setdefault(month, []).append(row)
    return [
        one
        for month in sorted(months.keys() | withheld.keys())
        for one in (*_withheld(month, withheld.get(month, ())), *months.get(month, ()))
    ]


def _withheld(month: str, rows: Sequence[RowLike]) -> Iterator[WithheldEvent]:
    first = datetime.strptime(f"{month}-01", "%Y-%m-%d").replace(tzinfo=CHINA)
    for at, kind in enumerate(sorted(row["type"] for row in rows), 1):
        yield WithheldEvent(f"{month}-{at}", kind, month, first)
