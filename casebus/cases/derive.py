"""What the bus has to say about a case, given its state: finished but for signing and sending."""

from __future__ import annotations

from casebus.cases import facets
from casebus.cases.derived import Derived
from casebus.cases.state import Case
from casebus.events.doors import BUS


def derive(case: Case) -> list[Derived]:
    """The events that should exist and that the journal, as the fold saw it, does not hold.

    Breaches and lapses that the late act itself shows are among them; those of clocks that nobody
    stopped are the scheduler's, behind its barrier, by `breach_of` and `lapse_of`: the same event
    with the same id. So are findings that a late event may yet heal, by `raised_of`.
    """
    said = [one for facet in facets.FACETS for one in facet.says(case.of(facet), case)]
    if not said:
        return said
    journaled = {event_id for source, event_id in case.order if source == BUS}
    return [one for one in said if one.id not in journaled]
