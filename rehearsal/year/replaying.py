"""A history folded alone: the lapses that the bus would have reported are made here.

The bus's statements about clocks and findings are left out. They are derived again by the law in
hand, because lapses are transitions.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from casebus.cases import Case, CaseEvent, Clock, fold, lapse_of
from casebus.events.doors import BUS
from casebus.events.legaltime import LegalTime
from casebus.events.types import CASE_COPY_DUE, all_of, any_version
from casebus.law import Law
from casebus.present import present

#: The bus's own statements in the course of a case. Answers to its questions stay.
_SAID = (all_of("clock"), all_of("finding"), any_version(CASE_COPY_DUE))
#: A law that lets a clock lapse and start without an end is stopped here.
_MOST_LAPSES = 1_000


def replayed(events: Iterable[CaseEvent], law: Law, until: dt.datetime) -> Case:
    """The case that these events give under a law, with the lapses up to a moment."""
    told = [one for one in events if not (one.sector == BUS and one.type.startswith(_SAID))]
    said: set[str] = set()
    while True:
        case = fold(told, law)
        lapsed = [
            clock
            for clock in case.clocks
            if clock.lapse_after is not None
            and clock.lapse_after <= until
            and lapse_of(clock).id not in said
        ]
        if not lapsed or len(said) > _MOST_LAPSES:
            return case
        first = min(lapsed, key=lambda clock: (clock.lapse_after, clock.key))
        said.add(lapse_of(first).id)
        told.append(lapse_event(first))


def lapse_event(clock: Clock) -> CaseEvent:
    """The bus's event when a clock has run out, as the journal would hold it."""
    derived, moment = lapse_of(clock), present(clock.lapse_after)
    return CaseEvent(
        stream=derived.stream,
        source=BUS,
        id=derived.id,
        type=derived.type,
        legal=derived.legal or LegalTime.of(moment),
        sequence=None,
        causation=derived.causation,
        recorded_at=moment,
        position=(0, 0, 0),
        sector=BUS,
        to=(),
        to_sectors=(),
        imported=False,
        data=dict(derived.data),
    )
