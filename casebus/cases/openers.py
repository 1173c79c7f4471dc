"""Finds whose case a stream is (design rule 2, whose case it is, ADR 40).

Ids of imported streams are made from a source and a number (design rule 20, what imports mint), so
anyone can compute one and be first in it. If an agency's own source and number make the id, the
stream is proved to be its own.
"""

from __future__ import annotations

from collections.abc import Sequence

from casebus.cases.event import CaseEvent
from casebus.cases.reading import numbers_of, read_once
from casebus.events.minted import is_minted, mints
from casebus.law import Law


def openings_of(events: Sequence[CaseEvent], law: Law) -> list[CaseEvent]:
    """The events that may open a case, by a sector that may."""
    opening = law.opening
    return [
        event
        for event in events
        if (procedure := opening.get(event.name)) is not None
        and event.sector in procedure.roles[procedure.opener]
    ]


def _opener(openings: Sequence[CaseEvent], law: Law) -> str:
    """Among rivals, the agency that gave the number in the id, or the first journaled one."""
    first, *later = sorted(openings, key=lambda event: event.position)
    if all(event.agency == first.agency for event in later):
        return first.agency
    return next(
        (event.agency for event in (first, *later) if read_once(_gave_the_number, event, law)),
        first.agency,
    )


def _gave_the_number(event: CaseEvent, law: Law) -> bool:
    numbers = read_once(numbers_of, event, law)
    return any(mints(name, numbers, event.stream) for name in {event.source, event.agency})


def owners_of(recorded: Sequence[CaseEvent], opening: CaseEvent, law: Law) -> set[str]:
    """The agencies with a part from the beginning: the opener, and the one that gave the number.

    An agency that opens what another has begun, without being named by it, opened it unasked.
    """
    opener = opening.agency
    if not is_minted(opening.stream) or read_once(_gave_the_number, opening, law):
        return {opener}
    given = [
        one for one in recorded if one.data.get("numbers") and read_once(_gave_the_number, one, law)
    ]
    givers = {event.agency for event in given}
    unasked = givers and opener not in givers and not any(opener in event.to for event in given)
    return givers if unasked else givers | {opener}


def leading(openings: Sequence[CaseEvent], order: Sequence[CaseEvent], law: Law) -> CaseEvent:
    """The first in fold order of the opener's own events (ADR 28)."""
    opener = _opener(openings, law)
    own = {event.identity for event in openings if event.agency == opener}
    # Corrections count in the order.
    return next(event for event in order if event.identity in own)
