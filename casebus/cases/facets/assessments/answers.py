"""What other cases say of the organisations of this one, as the bus answers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from casebus.cases import body
from casebus.cases import figures as reading
from casebus.cases.event import CaseEvent
from casebus.events.types import PRIOR_SANCTIONS_FOUND, event_name
from casebus.law.figures import ActDays, Figures, Sanction
from casebus.law.items import GoodsItem

ANSWER = event_name(PRIOR_SANCTIONS_FOUND)


@dataclass(slots=True)
class Answer:
    """The statements of other cases about one organisation and family."""

    revision: int
    sanctions: tuple[Sanction, ...]
    acts: tuple[Other, ...]


class Other(NamedTuple):
    """The acts of the organisation as another case states them."""

    figures: Figures
    items: tuple[GoodsItem, ...]
    acts: ActDays
    #: Stated as an offence of this family, not only as acts against its rights.
    sure: bool


def others(event: CaseEvent) -> Iterator[Other]:
    """The acts that other cases have, by the answer."""
    for row in body.rows(event.data, "unpunished"):
        sources, numbers = reading.rights(row)
        known: dict[str, Any] = {**reading.amounts(row)}
        figures = Figures(**known, right_sources=sources, right_numbers=numbers)
        when = reading.acts(row, event.legal.date)
        items = reading.items(row, frozenset())
        if (figures or items) and when is not None:
            # Answers from before there were items tell only of acts of the family that is asked.
            sure = bool(items or body.text(row, "offence")) or "items" not in row
            yield Other(figures, items, when, sure)
