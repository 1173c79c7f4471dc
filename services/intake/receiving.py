"""Turns inbox records into the intake's statements, for each hosted recipient. Pure.

There is `intake.received` for every event. For an event that a recall takes back there is also
`intake.erased`: the gateway keeps the inbox of a hosted agency, and no longer shows its body.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from casebus.cases import Identity
from casebus.cases.facets.recalls.words import is_recall, recalled_by
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Header, agency_of, is_attribute
from casebus.events.schemas import Schemas
from casebus.events.stamps import DIRECTORY, POSITION, RECIPIENTS, texts_of
from casebus.events.types import INTAKE_ERASED, INTAKE_RECEIVED, event_name
from casebus.now import Now
from casebus.trust.directory import Agency, Directory
from casebus.trust.signing import Draft
from services.intake.checks import Check, run_checks, unreadable
from services.intake.rules import SectorRules

HOSTED = "hosted"
#: Domains about hand-overs themselves: answering them would never end.
NEVER_ANSWERED = frozenset({"intake", "relay"})


@dataclass(frozen=True, slots=True)
class InboxArrival:
    """An inbox record: the author's envelope and bytes, and the bus's stamps."""

    envelope: Envelope
    value: bytes
    recipients: tuple[str, ...]
    #: `epoch/partition/offset` of the journal record.
    position: str
    #: The number of directory entries that admission had read.
    directory: int

    @classmethod
    def read(cls, value: bytes | None, headers: Iterable[Header]) -> Self:
        """Read a record that admission let through."""
        listed = [(name, text or b"") for name, text in headers]
        stamps = texts_of(listed)
        return cls(
            envelope=Envelope.from_headers(listed),
            value=value or b"",
            recipients=tuple(stamps.get(RECIPIENTS, "").split()),
            position=stamps.get(POSITION, ""),
            directory=int(stamps.get(DIRECTORY) or 0),
        )

    @property
    def is_answered(self) -> bool:
        return self.envelope.type.split(".")[1] not in NEVER_ANSWERED


def received_id(envelope: Envelope, agency: str) -> str:
    """The same for every delivery of the same event to the same agency."""
    words = (event_name(INTAKE_RECEIVED), envelope.source, envelope.id, agency)
    return str(uuid.uuid5(uuid.UUID(envelope.subject), "\x1f".join(words)))


def erased_id(subject: str, recalled: Identity, agency: str) -> str:
    """The same for every recall of the same event."""
    words = (event_name(INTAKE_ERASED), *recalled, agency)
    return str(uuid.uuid5(uuid.UUID(subject), "\x1f".join(words)))


def hosted_recipients(arrival: InboxArrival, sector: str, directory: Directory) -> Iterator[Agency]:
    """The recipients of this intake: those of the inbox's sector without a system of their own."""
    for name in arrival.recipients:
        agency = directory.agency(name)
        if agency is not None and agency.sector == sector and agency.delivery == HOSTED:
            yield agency


class Reception:
    """Makes the drafts; the same event and directory always give the same body."""

    def __init__(
        self, schemas: Schemas, directory: Directory, rules: Mapping[str, SectorRules], now: Now
    ) -> None:
        self._schemas, self._directory = schemas, directory
        self._rules, self._now = rules, now
        self._uri = schemas.latest(INTAKE_RECEIVED).uri

    def draft(self, arrival: InboxArrival, agency: Agency) -> Draft:
        about = arrival.envelope
        rules = self._rules.get(agency.sector)
        body = {
            "agency": agency.id,
            "event_source": about.source,
            "event_id": about.id,
            "event_type": about.type,
            "position": arrival.position,
            "unit": rules.unit_for(about.type) if rules else "",
            "checks": self._checks(arrival, agency, rules),
        }
        return Draft(self._envelope(about, agency), self._schemas.encode(INTAKE_RECEIVED, body))

    def recalled(self, arrival: InboxArrival) -> Identity | None:
        """The event that a recall takes back, named by its author or passed on by the bus."""
        about = arrival.envelope
        if not is_recall(about.type):
            return None
        try:
            event = recalled_by(self._schemas.decode(arrival.value)[1])
        except CasebusError:
            return None
        by = about.agency in {agency_of(event[0]), BUS}
        return event if by and all(map(is_attribute, event)) else None

    def erasure(self, arrival: InboxArrival, agency: Agency, recalled: Identity) -> Draft:
        """The statement that this agency's inbox no longer holds the event's words."""
        source, event_id = recalled
        body = {
            "agency": agency.id,
            "event_source": source,
            "event_id": event_id,
            "held": True,
            "position": arrival.position,
        }
        about = arrival.envelope
        envelope = replace(
            self._envelope(about, agency),
            id=erased_id(about.subject, recalled, agency.id),
            type=INTAKE_ERASED,
            dataschema=self._schemas.latest(INTAKE_ERASED).uri,
        )
        return Draft(envelope, self._schemas.encode(INTAKE_ERASED, body))

    def _envelope(self, about: Envelope, agency: Agency) -> Envelope:
        return Envelope(
            id=received_id(about, agency.id),
            type=INTAKE_RECEIVED,
            source=agency.id,
            subject=about.subject,
            time=self._now(),
            dataschema=self._uri,
            correlationid=about.correlationid,
            causationid=(about.id,),
            testdata=about.testdata,
        )

    def _checks(
        self, arrival: InboxArrival, agency: Agency, rules: SectorRules | None
    ) -> list[Check]:
        asked = rules.checks_for(arrival.envelope.type) if rules else ()
        if not asked:
            return []
        try:
            data: dict[str, Any] = self._schemas.decode(arrival.value)[1]
        except CasebusError:
            return [unreadable()]
        author = self._directory.agency(arrival.envelope.agency)
        return run_checks(asked, data, author, agency)
