"""The bus's statements about a case in its state: finished except for signing and sending."""

from __future__ import annotations

from casebus.cases import facets
from casebus.cases.derived import Derived
from casebus.cases.state import Case
from casebus.events.doors import BUS


def derive(case: Case) -> list[Derived]:
    """The events that should exist and that the journal, as the fold saw it, does not have.

    Breaches and lapses that the late act itself shows are among them. For clocks that nobody
    stopped, the scheduler makes the events behind its barrier, by `breach_of` and `lapse_of`: the
    same event with the same id. The scheduler also makes findings that a late event may yet heal,
    by `raised_of`.
    """
    said = [one for facet in facets.FACETS for one in facet.says(case.of(facet), case)]
    if not said:
        return said
    journaled = {event_id for source, event_id in case.order if source == BUS}
    return [one for one in said if one.id not in journaled]
