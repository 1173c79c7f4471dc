"""An event as the fold reads it: envelope, stamps and decoded body in one place."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from casebus.events.legaltime import LegalTime
from casebus.events.types import event_name

#: The time of an event without a time: before all others.
UNSAID = datetime.min.replace(tzinfo=UTC)
#: (source, id): the identity of an event inside its stream (design rule 1, one identity).
Identity = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseEvent:
    """One journaled event of a stream."""

    stream: str
    source: str
    id: str
    type: str
    legal: LegalTime
    sequence: int | None
    #: Ids of events of the same stream that caused this one.
    causation: tuple[str, ...]
    #: The broker's append time of the first journaled copy, aware.
    recorded_at: datetime
    #: (epoch, partition, log index) of the first journaled copy.
    position: tuple[int, int, int]
    #: Sector of the author's agency.
    sector: str
    #: Agencies as admission stamped them, including copies.
    to: tuple[str, ...]
    #: The sector of each agency in `to`, in the same order, by the directory at admission.
    to_sectors: tuple[str, ...]
    #: Minted by an import: its clocks are historic, and findings about it are counted.
    imported: bool
    data: dict[str, Any]
    #: The flags of admission (casebus.rejections.Flag).
    flags: tuple[str, ...] = ()
    #: Another body came under the same identity; the first journaled wins (design rule 1, one
    #: identity).
    conflicting: bool = False
    #: The author's time of the event, aware: among two without a number the earlier comes first.
    said_at: datetime = UNSAID
    #: The import that minted it; empty for present events.
    import_id: str = ""
    #: Its author's room was used up: the first such event is told to the author and not folded (ADR
    #: 42).
    beyond: bool = False

    #: The identity of an event, and its author (the part of the source before its system's suffix).
    #: They are made once, because the fold asks for both again and again.
    identity: Identity = field(init=False, repr=False, compare=False)
    agency: str = field(init=False, repr=False, compare=False)
    #: `referral.sent` of the type `casebus.referral.sent.v1`.
    name: str = field(init=False, repr=False, compare=False)
    #: Its place among events that do not wait for each other (cases.order).
    place: Any = field(init=False, repr=False, compare=False)
    #: The moment of its legal time.
    moment: datetime = field(init=False, repr=False, compare=False)
    #: True if it is known to count by the legal time that it states (cases.dating).
    is_timely: bool = field(init=False, repr=False, compare=False)
    #: Results of folds for the next one: keys (cases.keys), and the clocks and work items that it
    #: began, in their last form.
    made: dict[Any, Any] = field(init=False, repr=False, compare=False)
    #: Digest of the law under which it was read, and the result of each reader (cases.reading).
    readings: tuple[str, dict[Any, Any]] | None = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "identity", (self.source, self.id))
        object.__setattr__(self, "agency", self.source.partition("/")[0])
        object.__setattr__(self, "name", event_name(self.type))
        object.__setattr__(self, "place", None)
        object.__setattr__(self, "moment", self.legal.moment())
        object.__setattr__(self, "is_timely", False)
        object.__setattr__(self, "made", {})
        object.__setattr__(self, "readings", None)


def first_journaled(events: list[CaseEvent]) -> list[CaseEvent]:
    """One event an identity: copies count as the first journaled one."""
    kept = {event.identity: event for event in events}
    if len(kept) == len(events):
        return events
    kept.clear()
    for event in events:
        identity = event.identity
        known = kept.get(identity)
        if known is None or event.position < known.position:
            kept[identity] = event
    return list(kept.values())
