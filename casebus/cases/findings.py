"""Findings of one fold: what a person should know, each under a deterministic key."""

from __future__ import annotations

from collections.abc import Iterable

from casebus.cases.body import plain
from casebus.cases.event import CaseEvent
from casebus.cases.keys import Keys
from casebus.cases.state import Finding

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

_SEVERITY = {
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
}


class Findings:
    """Collects; the same finding about the same event counts once."""

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._found: dict[str, Finding] = {}

    def add(
        self,
        kind: str,
        event: CaseEvent,
        detail: dict[str, str],
        *,
        tell: Iterable[str] = (),
        about: str = "",
    ) -> None:
        """Keep a finding; `about` tells apart two of a kind on one event.

        What an import minted is told to nobody: it is history.
        """
        key = self._keys.of("finding", kind, event.source, event.id, about)
        self._found[key] = Finding(
            key=key,
            kind=kind,
            severity=_SEVERITY[kind],
            event=(event.source, event.id),
            detail={name: plain(value) for name, value in detail.items()},
            tell=() if event.imported else tuple(dict.fromkeys(tell)),
        )

    def all(self) -> tuple[Finding, ...]:
        """In the order found, which is fold order."""
        return tuple(self._found.values())
