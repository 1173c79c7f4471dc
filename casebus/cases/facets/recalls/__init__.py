"""Events that their authors took back. The bus tells recipients whom no recall names.

Owns the recalls of one stream, and the words of a case without those of recalled events. Touches
events.
"""

from __future__ import annotations

from collections.abc import Iterator

from casebus.cases.core import Core
from casebus.cases.derived import Derived
from casebus.cases.facets.facet import Facet, Moved
from casebus.cases.facets.recalls.recalled import Recall, Recalls
from casebus.cases.keys import key_of
from casebus.events.types import CASE_RECALLED


class RecallsFacet(Facet[tuple[Recall, ...]]):
    name = "recalls"
    seen_at = None

    @classmethod
    def after(cls, moved: Moved) -> tuple[Recall, ...]:
        return moved.of(Recalls).all()

    @classmethod
    def says(cls, known: tuple[Recall, ...], case: Core) -> Iterator[Derived]:
        return (_told(case, recall, agency) for recall in known for agency in recall.untold)


def _told(case: Core, recall: Recall, agency: str) -> Derived:
    """The bus passes a recall on to recipients of the event whom the recall does not name.

    There is one event for each, so that a recipient who is found later is told alone.
    """
    source, event_id = recall.event
    return Derived(
        stream=case.stream,
        id=key_of(case.stream, "recall_told", source, event_id, agency),
        type=CASE_RECALLED,
        to=(agency,),
        of=recall.author,
        causation=(recall.by[1],),
        legal=None,
        data={
            "recalled_source": source,
            "recalled_id": event_id,
            "asked": [],
            "reasons": recall.reasons,
            "actor": "",
            "work_item": "",
            "work_version": 0,
            "numbers": [],
            "note": "",
        },
        told_in="asked",
    )
