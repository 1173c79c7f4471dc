"""The agencies with a part in a case, during its fold and after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence

from casebus.cases.event import CaseEvent, Identity
from casebus.events.doors import BUS

_INTAKE = "intake."


class Parts:
    """Agencies with a part.

    Parts that only recalled events gave count in the fold, not after it.
    """

    def __init__(self, owners: Collection[str], recalled: Collection[Identity]) -> None:
        self._recalled = recalled
        self.now = set(owners)
        #: Given by events that were not recalled.
        self._lasting = set(owners) if recalled else self.now

    def give(self, event: CaseEvent) -> None:
        """The recipients that the event names."""
        self.now.update(event.to)
        if self._recalled and event.identity not in self._recalled:
            self._lasting.update(event.to)

    def names_anew(self, event: CaseEvent) -> bool:
        """True if an agency with a part in the case names one without a part."""
        return event.agency in self.now and not self._lasting.issuperset(event.to)

    def at_end(self, order: Sequence[CaseEvent], has_role: Callable[[str], bool]) -> set[str]:
        """The parts after the fold. An agency that only a recalled event named has none.

        An agency that holds a role or acted keeps its part: a duty or an act is not recalled.
        """
        if not self._recalled:
            return self.now
        acting = {
            event.agency
            for event in order
            if event.sector != BUS and not event.name.startswith(_INTAKE)
        }
        kept = self._lasting | acting
        return {agency for agency in self.now if agency in kept or has_role(agency)}
