"""The kinds of findings, and how to report one; the facet of findings keeps them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from casebus.cases.event import CaseEvent

OUT_OF_PROCEDURE = "out_of_procedure"
NO_STANDING = "no_standing"
DATA_QUALITY = "data_quality"
SUPERSEDED = "superseded"
DISCREPANCY = "discrepancy"
CYCLE = "cycle"
GAP = "gap"
ID_CONFLICT = "id_conflict"
UNDELIVERABLE = "undeliverable"
OMISSION = "omission"
#: For a case of an import only. In other cases the scheduler asks (design rule 2, whose case it
#: is).
NEVER_OPENED = "never_opened"
#: A standard may be reached, but the act is not stated.
OPEN_OFFENCE = "open_offence"

#: By kind, of what a fold finds.
SEVERITY = {
    OUT_OF_PROCEDURE: "WARNING",
    NO_STANDING: "WARNING",
    DATA_QUALITY: "INFO",
    SUPERSEDED: "WARNING",
    DISCREPANCY: "SERIOUS",
    CYCLE: "WARNING",
    GAP: "INFO",
    ID_CONFLICT: "SERIOUS",
    UNDELIVERABLE: "WARNING",
    OMISSION: "SERIOUS",
    NEVER_OPENED: "INFO",
    OPEN_OFFENCE: "INFO",
}
#: What a fold can find.
KINDS = frozenset(SEVERITY)

#: No fold finds these. The fold of a case failed:
FOLD_SUSPENDED = "fold_suspended"
#: Other cases add to the figures of this one, or say something of its rights (design rule 13,
#: questions across cases).
COUNTS_ELSEWHERE = "counts_elsewhere"
LINKED_ELSEWHERE = "linked_elsewhere"
#: The same source and id stand in more than one stream (design rule 1, one identity).
ID_REUSED = "id_reused"
OTHER_KINDS = frozenset({FOLD_SUSPENDED, COUNTS_ELSEWHERE, LINKED_ELSEWHERE, ID_REUSED})


class Reports(Protocol):
    """Takes findings while a fold runs (casebus.cases.facets.findings.collected)."""

    def add(
        self,
        kind: str,
        event: CaseEvent,
        detail: dict[str, str],
        *,
        tell: Iterable[str] = (),
        about: str = "",
        quotes: bool = False,
    ) -> None: ...

    def is_recalled(self, event: CaseEvent) -> bool: ...
