"""Sequence numbers (design rule 3): what a source counted and the stream does not hold."""

from __future__ import annotations

from collections.abc import Iterable

from casebus.cases.event import CaseEvent
from casebus.cases.findings import DATA_QUALITY, GAP, Findings


def check_sequences(events: Iterable[CaseEvent], findings: Findings) -> None:
    """A finding for each run of numbers missing below one that is there, counted from 1."""
    counted: dict[str, list[tuple[int, str, CaseEvent]]] = {}
    for event in events:
        if event.sequence is not None:
            counted.setdefault(event.source, []).append((event.sequence, event.id, event))
    for source in sorted(counted):
        expected = 1
        for number, _, event in sorted(counted[source], key=lambda one: one[:2]):
            if number > expected:
                missing = str(expected) if number - expected == 1 else f"{expected}-{number - 1}"
                findings.add(GAP, event, {"missing": missing})
            elif number < expected:
                detail = {"reason": "sequence_used_twice", "sequence": str(number)}
                findings.add(DATA_QUALITY, event, detail, tell=[event.agency], about="sequence")
            expected = max(expected, number + 1)
