"""A stream that no procedure opened: the agencies named in it, and the parts kept of it."""

from __future__ import annotations

from collections.abc import Collection

from casebus.cases import body
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.facet import Moved
from casebus.cases.facets.findings import DeviationsFacet
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.facets.recalls import RecallsFacet
from casebus.cases.facets.recalls.recalled import Recalls
from casebus.cases.facets.recalls.words import is_recall, unworded
from casebus.cases.keys import StreamKeys
from casebus.cases.order import fold_order
from casebus.cases.reporting import NEVER_OPENED
from casebus.cases.state import NO_CASE, UNOPENED, Case
from casebus.events.doors import BUS
from casebus.law import Law

_INTAKE = "intake."


def unopened(events: list[CaseEvent], law: Law) -> Case:
    """The stream as a case: kept and shown; its findings wait for an opener."""
    # A stream that an import brought and nothing opened waits for nobody.
    belongs = any(
        event.sector != BUS and not event.imported and event.name in law.known_events
        for event in events
    )
    order, _ = fold_order(events)
    recalls = Recalls(events)
    findings = Findings(StreamKeys(order[0].stream), law.waits, recalls.events)
    known = [one for one in order if one.imported and one.name in law.known_events]
    if known and not belongs:
        findings.add(NEVER_OPENED, known[0], {})
    moved = Moved(order[0].stream, (findings, recalls))
    return Case(
        stream=order[0].stream,
        status=UNOPENED if belongs else NO_CASE,
        participants=named(order, recalls.events),
        numbers=tuple(
            sorted(
                {pair for one in unworded(order, recalls.events) for pair in body.numbers(one.data)}
            )
        ),
        order=tuple(event.identity for event in order),
        known={one.name: one.after(moved) for one in (DeviationsFacet, RecallsFacet)},
        law=law.digest,
    )


def named(events: Collection[CaseEvent], recalled: Collection[Identity] = ()) -> tuple[str, ...]:
    """Authors and recipients, sorted, without the bus and authors of mere receipts.

    Each is shown the events that it wrote or was sent (ADR 40). A recipient of a recall, or of a
    recalled event, gets no part by that.
    """
    authors = {
        event.agency
        for event in events
        if event.sector != BUS and not event.name.startswith(_INTAKE)
    }
    naming = (
        event.to for event in events if event.identity not in recalled and not is_recall(event.type)
    )
    return tuple(sorted(authors.union(*naming)))
