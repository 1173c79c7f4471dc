"""Several storylines as one series of moments; entries at one moment keep their order."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby

from rehearsal.scenario.storyline import Entry, Storyline, StorylineStep


@dataclass(frozen=True, slots=True)
class Moment:
    at: dt.datetime
    entries: tuple[tuple[Storyline, Entry], ...]


def moment_of(entry: Entry) -> dt.datetime:
    """The moment of its arrival on the bus, or of the look."""
    return entry.sent_at if isinstance(entry, StorylineStep) else entry.at


def moments(storylines: Iterable[Storyline]) -> Iterator[Moment]:
    both = [(moment_of(entry), one, entry) for one in storylines for entry in one.steps]
    # Sorting is stable: the order in the file decides between entries of one moment.
    both.sort(key=lambda found: found[0])
    for at, found in groupby(both, key=lambda one: one[0]):
        yield Moment(at, tuple((storyline, entry) for _, storyline, entry in found))
