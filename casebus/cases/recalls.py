"""Recalls: an author takes back the words of an event that went astray (ADR 53).

Design rule 19, who sees what.

The effects of the event remain: state, roles, clocks, verdicts, and everything told about them. Its
words are shown to nobody but their author. Agencies that only it named keep no part. A recall is
read as it was journaled: no correction and no other recall undoes it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from casebus.cases import body
from casebus.cases.clock import CLOCK_STATES
from casebus.cases.corrections import named_by
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.recalls import Recall
from casebus.cases.findings import DATA_QUALITY, NO_STANDING, Findings
from casebus.cases.order import sort_key
from casebus.events.doors import BUS
from casebus.events.envelope import agency_of
from casebus.events.types import CASE_CORRECTED, CASE_RECALLED, any_version, event_name

RECALLED = event_name(CASE_RECALLED)
_PREFIX = any_version(CASE_RECALLED)
_CORRECTING = any_version(CASE_CORRECTED)
#: Words of a body that the fold shows where it shows what the event did.
_SHOWN_WORDS: Mapping[str, Any] = {"actor": "", "cause": "", "numbers": []}
#: The cause that a breach gives for its clock if no event did.
_OWN_CAUSES = frozenset({"", "open", *CLOCK_STATES})


class Recalls:
    """The recalls in the events of one stream."""

    def __init__(self, events: Sequence[CaseEvent]) -> None:
        self._all = events
        self._by: dict[Identity, list[CaseEvent]] = {}
        self._wrong: list[tuple[CaseEvent, CaseEvent | None]] = []
        #: Recalled events and their corrections, which repeat their words.
        self.events: frozenset[Identity] = frozenset()
        # The bus's events about a recall only pass it on.
        words = [one for one in self._all if one.type.startswith(_PREFIX) and one.sector != BUS]
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


def is_recall(ce_type: str) -> bool:
    return ce_type.startswith(_PREFIX)


def recalled_by(data: Mapping[str, Any]) -> Identity:
    """The event that a recall names."""
    read = dict(data)
    return body.text(read, "recalled_source"), body.text(read, "recalled_id")


def may_recall(agency: str, author: str, ce_type: str) -> bool:
    """True if its author sent it. A recalled event stays recalled."""
    return agency == author and not is_recall(ce_type)


def is_hidden(
    event: Identity, ce_type: str, data: Mapping[str, Any], recalled: Collection[Identity]
) -> bool:
    """True if the event is recalled, or corrects one that is and so has the same words."""
    return event in recalled or (
        ce_type.startswith(_CORRECTING) and _own(event, named_by(dict(data))) in recalled
    )


def _own(correction: Identity, target: Identity) -> Identity | None:
    """The target of a correction by its own author. A correction by another has its own words."""
    return target if agency_of(correction[0]) == agency_of(target[0]) else None


def _is_part(event: CaseEvent, recalled: Identity) -> bool:
    return is_hidden(event.identity, event.type, event.data, {recalled})


@dataclass(frozen=True, slots=True)
class Standing:
    """The words of a case in force, without those of recalled events; all in JSON form."""

    numbers: Sequence[Mapping[str, str]]
    #: By key of the clock.
    causes: Mapping[str, str]
    #: By key of the finding.
    details: Mapping[str, Mapping[str, str]]

    def quoted(self, author: str, data: Mapping[str, Any]) -> frozenset[str]:
        """Fields in which the bus repeats words that no longer stand."""
        says = {"numbers": self._has_numbers, "cause": self._has_cause, "detail": self._has_detail}
        if author != BUS:
            return frozenset()
        return frozenset(name for name, stands in says.items() if name in data and not stands(data))

    def _has_numbers(self, data: Mapping[str, Any]) -> bool:
        return all(number in self.numbers for number in data["numbers"])

    def _has_cause(self, data: Mapping[str, Any]) -> bool:
        stands = self.causes.get(data.get("clock_key", ""))
        return data["cause"] in _OWN_CAUSES or data["cause"] == stands

    def _has_detail(self, data: Mapping[str, Any]) -> bool:
        stands = self.details.get(data.get("key", ""), {})
        return all(stands.get(name) == word for name, word in data["detail"].items())


#: For a case that no fold could read.
NOTHING_STANDS = Standing((), {}, {})


def unworded(events: Iterable[CaseEvent], recalled: Collection[Identity]) -> Iterator[CaseEvent]:
    """The events; recalled ones without the words that the fold would show."""
    for event in events:
        yield _unworded(event) if event.identity in recalled else event


def _unworded(event: CaseEvent) -> CaseEvent:
    blank = {name: empty for name, empty in _SHOWN_WORDS.items() if name in event.data}
    return replace(event, data={**event.data, **blank})
