"""The fold's questions about each event of an agency, whatever came before it; read once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from casebus.cases import body, facets
from casebus.cases.event import CaseEvent
from casebus.cases.reading import numbers_of, read_once
from casebus.law import Law

#: The word of bodies that are open.
_OPEN = "NONE"


# Not frozen for the same reason as a clock.
@dataclass(slots=True)
class EventReading:
    #: (kind, number as written).
    numbers: tuple[tuple[str, str], ...]
    #: Its meaning for figures by its name: `restates`, `punishes`, ...
    figures: frozenset[str]
    #: Its statements for facets, each with its place in READ_FACETS.
    facets: tuple[tuple[int, Any], ...]
    #: The word by which it marks the case secret; None for most events.
    secrecy: str | None
    #: True if the law asks such an act for certain parts.
    must_bear: bool
    #: True if it belongs to procedures whatever is open, or beside all of them.
    is_procedural: bool
    is_beside: bool
    #: True if some of its content is to be taken besides its transitions.
    says: bool


def read(event: CaseEvent, law: Law) -> EventReading:
    """Read an event; call it through `read_once`."""
    name, data = event.name, event.data
    figures = law.thresholds.detection.says(name)
    said = facets.read(event, law)
    marks = bool(mark := data.get("secrecy")) and mark != _OPEN
    return EventReading(
        numbers=read_once(numbers_of, event, law),
        figures=figures,
        facets=said,
        secrecy=body.text(data, "secrecy") if marks else None,
        must_bear=name in law.acts,
        is_procedural=name in law.common or name in law.opening,
        is_beside=law.is_beside(name),
        says=bool(figures or said or marks),
    )
