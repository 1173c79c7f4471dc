"""What a caller wants to say, before it has an envelope."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from casebus.events.legaltime import LegalTime


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEvent:
    """One event to publish. The publisher fills in what is None."""

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
    #: Ids of events of the same stream that led to this one.
    causation: tuple[str, ...] = ()
    correlation: str | None = None
    #: Given where a retry must not make a second event.
    id: str | None = None
    #: Aware; None is the publisher's now.
    time: datetime | None = None
    importid: str | None = None
    testdata: bool = False
    #: Whether it takes a number of its source's sequence in the stream. Not where machines that
    #: share no store speak as one source: each would count from 1.
    counted: bool = True

    @property
    def ce_type(self) -> str:
        return self.type if self.type.startswith("casebus.") else f"casebus.{self.type}.v1"


@dataclass(frozen=True, slots=True)
class Published:
    """An event that Kafka has taken: where it is, or where it was first."""

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
