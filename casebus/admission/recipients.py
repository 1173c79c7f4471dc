"""The recipients of an event: those that the author names, and those whom its type owes a copy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from casebus.events.envelope import Envelope
from casebus.events.legaltime import LegalTime
from casebus.events.topics import hosted_inbox_of, inbox_of
from casebus.law import Law, agencies
from casebus.law.venues import VENUE, VenueMatter
from casebus.rejections import Flag
from casebus.trust.directory import Agency, Directory


class AuthoredEvent(NamedTuple):
    """The author's own words: the envelope and the decoded body."""

    envelope: Envelope
    body: dict[str, Any]
    #: The legal time by which it counts: no later than the day of its admission.
    legal: LegalTime


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Recipients, the topics that reach them, and names that nothing here reaches."""

    recipients: tuple[str, ...]
    #: The sector of each recipient, in the same order.
    sectors: tuple[str, ...]
    routes: tuple[str, ...]
    unknown: tuple[str, ...]


def resolve(
    event: AuthoredEvent, source: Agency, directory: Directory, law: Law, hosted: frozenset[str]
) -> Deliveries:
    """Resolve `ce_to` and the owed copies; nobody is sent its own events.

    The word `venue` means the office that the law's venue rules find. If they find none, the word
    stays, as a name that reaches nobody.
    """
    envelope = event.envelope
    named = dict.fromkeys(
        _venue(event, source, directory, law) if name == VENUE else name for name in envelope.to
    )
    copies = law.copies(envelope.type)
    named.update(dict.fromkeys(agencies.resolve(copies, source.id, directory)))
    named.pop(source.id, None)
    reached: dict[Agency, str] = {}
    unknown = []
    for name in named:
        agency = directory.agency(name)
        topic = None if agency is None else _inbox_of(agency, hosted)
        if agency is None or topic is None:
            unknown.append(name)
        else:
            reached[agency] = topic
    return Deliveries(
        recipients=tuple(agency.id for agency in reached),
        sectors=tuple(agency.sector for agency in reached),
        routes=tuple(dict.fromkeys(reached.values())),
        unknown=tuple(unknown),
    )


def misplaced(
    event: AuthoredEvent, source: Agency, delivery: Deliveries, directory: Directory, law: Law
) -> tuple[Flag, ...]:
    """Flags where the venue rules mean another author, or other recipients, than the event has."""
    ce_type = event.envelope.type
    if not law.venues.rules(ce_type):
        return ()
    # The copies that are owed go where the law sends them.
    named = [directory.agency(name) for name in event.envelope.to if name in delivery.recipients]
    recipients = [one for one in named if one is not None]
    found = law.venues.flags(ce_type, _matter(event, source, directory), recipients)
    return tuple(Flag(one) for one in found)


def _venue(event: AuthoredEvent, source: Agency, directory: Directory, law: Law) -> str:
    found = law.venues.find(event.envelope.type, _matter(event, source, directory))
    return found.agencies[0] if found else VENUE


def _matter(event: AuthoredEvent, source: Agency, directory: Directory) -> VenueMatter:
    return VenueMatter(event.body, source, event.legal.date, directory)


def _inbox_of(agency: Agency, hosted: frozenset[str]) -> str | None:
    """The topic that reaches an agency: its sector's hosted inbox, or its own."""
    if agency.delivery == "kafka":
        return inbox_of(agency.id)
    reached = agency.delivery == "hosted" and agency.sector in hosted
    return hosted_inbox_of(agency.sector) if reached else None
