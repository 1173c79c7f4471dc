"""Rows for finding a case: the numbers in its events, and the traits of its matter."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from uuid import UUID

from casebus.cases import CaseEvent
from casebus.cases.body import plain
from casebus.cases.facets.recalls.recalled import Recalls
from casebus.cases.matching import profile
from casebus.events.doors import BUS
from casebus.events.limits import LONGEST_NUMBER, LONGEST_NUMBER_KIND
from casebus.events.numbers import canonical_number
from services.casework.sorting import Sorted
from services.casework.streams import Stream
from storage import cases, evidence, matching
from storage.handles import Connection

#: Domains whose streams are no cases: they are recorded, never folded.
UNFOLDED = frozenset({"relay", "law", "directory", "import"})
#: Canonical number, its kind, stream, and the agency that gave it.
_Number = tuple[str, str, UUID, str]


async def save(connection: Connection, found: Sorted, touched: Mapping[UUID, Stream]) -> None:
    """Add the numbers and traits of the batch's new events."""
    events = [
        event
        for one in found.fresh
        if one.domain not in UNFOLDED
        if (event := touched[one.row.stream].folded(one)) is not None
    ]
    await cases.add_numbers(connection, _numbers(events))
    await matching.add_traits(connection, _traits(events))


async def forget(connection: Connection, touched: Mapping[UUID, Stream]) -> None:
    """Delete rows that only recalled events support, whatever came first."""
    for stream, state in touched.items():
        recalls = Recalls(list(state.events.values()))
        if not recalls.events:
            continue
        # Domains from before there was a step for it are in no row yet.
        await evidence.note_recalls(
            connection, stream, [(*one.event, *one.by) for one in recalls.all()]
        )
        recalled: list[CaseEvent] = []
        others: list[CaseEvent] = []
        for event in filter(_is_looked_up, state.events.values()):
            (recalled if event.identity in recalls.events else others).append(event)
        await cases.drop_numbers(connection, _numbers(recalled) - _numbers(others))
        await matching.drop_traits(connection, _traits(recalled) - _traits(others))


def _is_looked_up(event: CaseEvent) -> bool:
    return not event.beyond and event.type.split(".", 2)[1] not in UNFOLDED


def _numbers(events: Collection[CaseEvent]) -> set[_Number]:
    """The numbers of an event; none of the bus's own events, which only repeat earlier numbers.

    A text that is too long for a number stays in its event and is not looked up.
    """
    return {number for event in events if event.agency != BUS for number in _numbers_of(event)}


def _numbers_of(event: CaseEvent) -> Iterator[_Number]:
    for row in event.data.get("numbers", ()):
        if 0 < len(number := canonical_number(row["value"])) <= LONGEST_NUMBER:
            yield number, plain(row["kind"])[:LONGEST_NUMBER_KIND], UUID(event.stream), event.agency


def _traits(events: Collection[CaseEvent]) -> set[matching.Trait]:
    """The traits of seller and right from the events. The bus's own events have no new ones."""
    return {
        trait
        for event in events
        for trait in matching.traits_of(UUID(event.stream), profile(event.data))
    }
