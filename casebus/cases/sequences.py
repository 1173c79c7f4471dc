"""Sequence numbers (design rule 3): numbers that a source counted and the stream lacks."""

from __future__ import annotations

from collections.abc import Iterable

from casebus.cases.event import CaseEvent
from casebus.cases.reporting import DATA_QUALITY, GAP, Reports

USED_TWICE = "sequence_used_twice"
#: The remedy for its agency; the bus has lost nothing.
_ADVICE = (
    "同一来源名下有两套系统在编号，或者本地库被删除、复制：请只留一套使用该名称，另一套改用“单位/名称”。"
    "Two systems count under one name, or a local store was deleted or copied: let one keep the "
    "name and give the other AGENCY/NAME (casebus doctor)."
)


def check_sequences(events: Iterable[CaseEvent], findings: Reports) -> None:
    """A finding for each run of missing numbers below an existing one, counted from 1.

    If the numbers of a source come twice, its agency is told once, at the first of them.
    """
    counted: dict[str, list[tuple[int, str, CaseEvent]]] = {}
    for event in events:
        if event.sequence is not None:
            counted.setdefault(event.source, []).append((event.sequence, event.id, event))
    for source in sorted(counted):
        expected, again = 1, list[CaseEvent]()
        for number, _, event in sorted(counted[source], key=lambda one: one[:2]):
            if number > expected:
                missing = str(expected) if number - expected == 1 else f"{expected}-{number - 1}"
                findings.add(GAP, event, {"missing": missing})
            elif number < expected:
                again.append(event)
            expected = max(expected, number + 1)
        if again:
            _add_repeated(again, findings)


def _add_repeated(again: list[CaseEvent], findings: Reports) -> None:
    first = again[0]
    detail = {
        "reason": USED_TWICE,
        "sequence": str(first.sequence),
        "times": str(len(again)),
        "advice": _ADVICE,
    }
    findings.add(DATA_QUALITY, first, detail, tell=[first.agency], about="sequence")
