"""The content of `case.reinterpreted`, read by the fold: the parts that are history since then."""

from __future__ import annotations

from datetime import datetime

from casebus.cases.body import text
from casebus.cases.event import CaseEvent


class Renewals:
    """Collected while a fold runs; empty for almost every case."""

    def __init__(self) -> None:
        #: (as of, keys of the clocks that only the newer reading found over by then).
        self._cuts: list[tuple[datetime, frozenset[str]]] = []
        #: Ids of what only the newer reading would say. It is told to nobody.
        self.hushed: set[str] = set()

    def note(self, event: CaseEvent) -> None:
        """Note an event. Events from before there was `as_of` leave nothing to history."""
        try:
            as_of = datetime.fromisoformat(text(event.data, "as_of"))
        except ValueError:
            return
        if as_of.tzinfo is None:
            return
        self._cuts.append((as_of, frozenset(_words(event, "history"))))
        self.hushed.update(_words(event, "hushed"))

    @property
    def has_history(self) -> bool:
        return bool(self._cuts)

    def is_history(self, key: str, over: datetime | None) -> bool:
        """Whether only the newer reading found this clock over, and that before the renewal.

        Clocks are named one by one. An event that starts or moves a clock may have been on its way
        when the case was renewed, and no reading had covered such a clock.
        """
        return over is not None and any(
            over <= as_of and key in history for as_of, history in self._cuts
        )


def _words(event: CaseEvent, name: str) -> list[str]:
    given = event.data.get(name)
    return [one for one in given if isinstance(one, str)] if isinstance(given, list) else []
