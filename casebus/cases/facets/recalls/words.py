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
from casebus.cases.corrections import named_by
from casebus.cases.event import CaseEvent, Identity
from casebus.cases.facets.clocks.clock import CLOCK_STATES
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
