"""Tells a batch's records apart: new events, and further copies of known ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge

from services.casework.records import Journaled
from storage import journal
from storage.handles import Connection
from storage.journal import Place


@dataclass(slots=True)
class Sorted:
    """A batch's records by what they are: new events, and further copies of known ones."""

    fresh: list[Journaled]
    copies: list[tuple[Journaled, bool]]

    @property
    def begins(self) -> Place | None:
        """The place of the first of them in the journal; None if there is none."""
        rows = (*self.fresh, *(one for one, _ in self.copies))
        return min((one.row.place for one in rows), default=None)

    def as_journaled(self) -> Iterator[tuple[Journaled, bool]]:
        """All records in the journal's order, and whether each is new."""
        new = ((one, True) for one in self.fresh)
        copies = ((one, False) for one, _ in self.copies)
        return merge(new, copies, key=lambda pair: pair[0].row.log_index)


async def sort(connection: Connection, rows: Sequence[Journaled]) -> Sorted:
    known = await journal.known_events(connection, list({one.identity for one in rows}))
    found = Sorted([], [])
    for one in rows:
        first = known.get(one.identity)
        if first is None:
            known[one.identity] = one.row.event_leaf
            found.fresh.append(one)
        else:
            found.copies.append((one, first == one.row.event_leaf))
    return found
