"""An event as a caller gives it, before it has an envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casebus.events.legaltime import LegalTime
from casebus.events.types import in_full


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event to publish. The publisher fills in each field that is None."""

    #: `referral.sent`, or the whole `casebus.referral.sent.v1`.
    type: str
    data: Mapping[str, Any] = field(default_factory=dict)
    #: The case; None opens a new one.
    stream: str | None = None
    #: The author; None is the publisher's own agency.
    source: str | None = None
    #: Agencies to send it to.
    to: tuple[str, ...] = ()
    legal: LegalTime | None = None
    #: Ids of events of the same stream that caused this one.
    causation: tuple[str, ...] = ()
    correlation: str | None = None
    #: Given if a retry must not make a second event.
    id: str | None = None
    #: Aware; None means the publisher's present time.
    time: datetime | None = None
    importid: str | None = None
    testdata: bool = False
    #: True if it takes a number of its source's sequence in the stream. Must be False if several
    #: machines without a shared store act as one source: each of them would count from 1.
    counted: bool = True

    @property
    def ce_type(self) -> str:
        return in_full(self.type)


@dataclass(frozen=True, slots=True)
class Published:
    """An event that Kafka has taken, with its place, or the place of its first copy."""

    source: str
    id: str
    stream: str
    sequence: int | None
    topic: str
    partition: int | None = None
    offset: int | None = None

    @property
    def sent(self) -> bool:
        return self.offset is not None
