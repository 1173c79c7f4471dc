"""Events that their authors took back. The bus tells recipients whom no recall names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from casebus.cases.core import Core
from casebus.cases.derived import Derived
from casebus.cases.event import Identity
from casebus.cases.facets.facet import Facet
from casebus.cases.keys import key_of
from casebus.events.types import CASE_RECALLED


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One recalled event."""

    event: Identity
    #: The first of the recalls that name it.
    by: Identity
    author: str
    reasons: str
    #: Agencies that got it, or a correction of it, and that no recall names. The bus tells them.
    untold: tuple[str, ...]


class RecallsFacet(Facet[tuple[Recall, ...]]):
    name = "recalls"
    seen_at = None

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
