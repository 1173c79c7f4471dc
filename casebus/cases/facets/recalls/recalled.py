"""The recalls of one stream: which events their authors took back, and whom nobody told of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from casebus.cases import body
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.findings.collected import Findings
from casebus.cases.facets.recalls.words import is_hidden, is_recall, may_recall, recalled_by
from casebus.cases.order import sort_key
from casebus.cases.reporting import DATA_QUALITY, NO_STANDING
from casebus.events.doors import BUS


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


class Recalls:
    """The recalls in the events of one stream."""

    def __init__(self, events: Sequence[CaseEvent]) -> None:
        self._all = events
        self._by: dict[Identity, list[CaseEvent]] = {}
        self._wrong: list[tuple[CaseEvent, CaseEvent | None]] = []
        #: Recalled events and their corrections, which repeat their words.
        self.events: frozenset[Identity] = frozenset()
        # The bus's events about a recall only pass it on.
        words = [one for one in self._all if is_recall(one.type) and one.sector != BUS]
        if words:
            self._take(words)

    def _take(self, words: list[CaseEvent]) -> None:
        known = {event.identity: event for event in self._all}
        for recall in sorted(words, key=sort_key):
            target = known.get(recalled_by(recall.data))
            if target is not None and may_recall(recall.agency, target.agency, target.type):
                self._by.setdefault(target.identity, []).append(recall)
            else:
                self._wrong.append((recall, target))
        if self._by:
            self.events = frozenset(one.identity for one in self._all if self._is_hidden(one))

    def _is_hidden(self, event: CaseEvent) -> bool:
        return is_hidden(event.identity, event.type, event.data, self._by)

    def tell(self, findings: Findings) -> None:
        """Tell of a recall without effect: its author, and the author of the named event."""
        for recall, target in self._wrong:
            if target is None:
                findings.add(
                    DATA_QUALITY, recall, {"reason": "no_such_event"}, tell=[recall.agency]
                )
            elif target.agency == recall.agency:
                detail = {"reason": "recall_of_recall"}
                findings.add(DATA_QUALITY, recall, detail, tell=[recall.agency])
            else:
                tell = [recall.agency, *([] if target.sector == BUS else [target.agency])]
                findings.add(NO_STANDING, recall, {"reason": "not_its_event"}, tell=tell)

    def all(self) -> tuple[Recall, ...]:
        """By identity of the recalled event."""
        return tuple(self._recall(event, by) for event, by in sorted(self._by.items()))

    def _recall(self, event: Identity, by: list[CaseEvent]) -> Recall:
        author = by[0].agency
        sent = {name for one in self._all if _is_part(one, event) for name in one.to}
        told = {author, *(name for recall in by for name in recall.to)}
        return Recall(
            event=event,
            by=by[0].identity,
            author=author,
            reasons=body.text(by[0].data, "reasons"),
            untold=tuple(sorted(sent - told)),
        )


def _is_part(event: CaseEvent, recalled: Identity) -> bool:
    return is_hidden(event.identity, event.type, event.data, {recalled})
