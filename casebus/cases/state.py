"""What the fold says of a case; nothing is changed once it is made, all has a JSON form."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import orjson

from casebus.cases.assessed import ActOf, Assessed, Punished
from casebus.cases.event import Identity
from casebus.cases.links import Link
from casebus.cases.proposed import Proposed
from casebus.cases.rights import RightSaid
from casebus.events.legaltime import LegalTime

#: A stream that holds nothing of any procedure: a roster, an import, only the bus's own words.
NO_CASE = "none"
#: Events of a case whose opening has not been journaled (design rule 2).
UNOPENED = "unopened"

RUNNING = "running"
MET = "met"
MET_LATE = "met_late"
CANCELLED = "cancelled"
PAUSED = "paused"
LAPSED = "lapsed"
CLOCK_STATES = frozenset({RUNNING, MET, MET_LATE, CANCELLED, PAUSED, LAPSED})

#: What the end of a clock is: the actor owed an act, or a right or a condition ended.
BREACH = "breach"
LAPSE = "lapse"


# Not frozen, and so made in a third of the time: the fold makes one for every second event.
@dataclass(slots=True, kw_only=True)
class Clock:
    """One statutory period that an event started.

    `tell` names who is told of a breach or a lapse, seen from `actor`: `superior`,
    `same_division:<sector>` or `agency:<id>`; the directory resolves them.
    """

    key: str
    id: str
    title: str
    title_en: str
    stream: str
    actor: str
    actor_role: str
    trigger: Identity
    started: LegalTime
    #: The last moment in time, aware in UTC+8; None where the law says `at once`, and while paused.
    due: datetime | None
    #: From when that is certainly over, whatever the notice of a year says: nothing is told and
    #: nobody is late before. None too where nobody can say.
    certain: datetime | None
    grace: timedelta
    #: `breach` or `lapse`; a lapsed clock is shown and told to nobody.
    expiry: str
    status: str
    stopped_by: Identity | None
    stopped: datetime | None
    #: Its trigger was imported, or recorded after the due moment: never told (design rule 16).
    historic: bool
    #: Counted on days of which no notice of holidays speaks yet: `due` is the best known.
    provisional: bool
    citation: str
    #: From when the version of the clock that was used is in force, and how sure we are of it.
    law_version: str
    confidence: str
    #: Digest of the law bundle.
    law: str
    tell: tuple[str, ...]
    #: The journaled breach that stands; how many breaches or lapses were withdrawn before.
    breach: Identity | None = None
    revision: int = 0
    #: The procedure whose event started it.
    procedure: str = ""
    #: The last day as counted, before it rolled over a day off.
    nominal: date | None = None
    #: When its actor is to be warned, and the journaled warning.
    warn: datetime | None = None
    warned: Identity | None = None
    paused_since: LegalTime | None = None
    #: How many extensions were granted.
    extended: int = 0
    #: Of a clock that counts from receipt: from when, and how that is known (cases.receipts).
    counted_from: LegalTime | None = None
    counted_by: str = ""
    #: Why it could not be kept, as its actor recorded it: LINK_DOWN.
    cause: str = ""
    #: Its lapse is an event: somebody is told of it, or a transition waits for it.
    announced: bool = False

    @property
    def breach_after(self) -> datetime | None:
        """From when on a breach may be told; None where none is to be told.

        A clock that was stopped in time, or whose breach stands in the journal, has none.
        """
        if self.expiry != BREACH or self.breach is not None:
            return None
        return self._over_after

    @property
    def lapse_after(self) -> datetime | None:
        """From when on its lapse may be told; None where none is to be told."""
        return self._over_after if self.announced else None

    @property
    def warn_after(self) -> datetime | None:
        """From when on its actor may be warned; None where nobody is to be."""
        if self.warned is not None or self.historic or self.status != RUNNING or not self.actor:
            return None
        return self.warn

    @property
    def _over_after(self) -> datetime | None:
        if self.certain is None or self.historic or (self.status != RUNNING and not self.missed):
            return None
        return self._last_call

    @property
    def missed(self) -> bool:
        """Whether it ended, but too late by what the author says: after due and grace.

        What lapses does so at its last moment: there the grace only waits for what is on its way.
        """
        last = self.certain if self.expiry == LAPSE else self._last_call
        ended = self.stopped if self.status in (MET_LATE, CANCELLED) else None
        return ended is not None and last is not None and ended > last

    @property
    def _last_call(self) -> datetime | None:
        """Certainly due and grace; at the calendar's end, where nothing is later, without it."""
        if self.certain is None:
            return None
        try:
            return self.certain + self.grace
        except OverflowError:
            return self.certain

    def to_json(self) -> dict[str, Any]:
        due = _moment(self.due)
        return {
            "key": self.key,
            "id": self.id,
            "title": self.title,
            "title_en": self.title_en,
            "stream": self.stream,
            "actor": self.actor,
            "actor_role": self.actor_role,
            "trigger": _identity(self.trigger),
            "started": str(self.started),
            "due": due,
            "certain": due if self.certain is self.due else _moment(self.certain),
            "grace_hours": self.grace.total_seconds() / 3600,
            "expiry": self.expiry,
            "status": self.status,
            "stopped_by": _identity(self.stopped_by),
            "stopped": _moment(self.stopped),
            "historic": self.historic,
            "provisional": self.provisional,
            "citation": self.citation,
            "law_version": self.law_version,
            "confidence": self.confidence,
            "law": self.law,
            "tell": list(self.tell),
            "breach": _identity(self.breach),
            "revision": self.revision,
            "procedure": self.procedure,
            "nominal": None if self.nominal is None else self.nominal.isoformat(),
            "warn": _moment(self.warn),
            "warned": _identity(self.warned),
            "paused_since": None if self.paused_since is None else str(self.paused_since),
            "extended": self.extended,
            "counted_from": None if self.counted_from is None else str(self.counted_from),
            "counted_by": self.counted_by,
            "cause": self.cause,
            "announced": self.announced,
        }

    @classmethod
    def from_json(cls, view: dict[str, Any]) -> Clock:
        """A clock as it was stored, by an older fold too; the inverse of `to_json`."""
        nominal, since = view.get("nominal"), view.get("paused_since")
        counted_from = view.get("counted_from")
        return cls(
            **{name: value for name, value in view.items() if name not in _OF_A_KIND},
            nominal=None if nominal is None else date.fromisoformat(nominal),
            warn=_moment_from(view.get("warn")),
            warned=_identity_from(view.get("warned")),
            paused_since=None if since is None else LegalTime.parse(since),
            counted_from=None if counted_from is None else LegalTime.parse(counted_from),
            trigger=_identity_from(view["trigger"]) or ("", ""),
            started=LegalTime.parse(view["started"]),
            due=_moment_from(view["due"]),
            # Until fold version 4 the due date was told as it was.
            certain=_moment_from(view.get("certain", view["due"])),
            grace=timedelta(hours=view["grace_hours"]),
            stopped_by=_identity_from(view["stopped_by"]),
            stopped=_moment_from(view["stopped"]),
            tell=tuple(view["tell"]),
            breach=_identity_from(view["breach"]),
        )


#: Parts of a clock's view that are no plain values.
_OF_A_KIND = frozenset(
    {
        "breach",
        "certain",
        "counted_from",
        "due",
        "grace_hours",
        "nominal",
        "paused_since",
        "started",
        "stopped",
        "stopped_by",
        "tell",
        "trigger",
        "warn",
        "warned",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a person should know about one event."""

    key: str
    kind: str
    #: INFO, WARNING or SERIOUS.
    severity: str
    event: Identity
    #: Names and values as text.
    detail: dict[str, str]
    #: Agencies to tell; none for what is imported or only shown.
    tell: tuple[str, ...] = ()
    #: From when on they may be told, where a late event may yet heal it and nobody was told.
    tell_after: datetime | None = None
    #: How often the same was told and withdrawn before.
    revision: int = 0

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "severity": self.severity,
            "event": _identity(self.event),
            "detail": self.detail,
            "tell": list(self.tell),
            "tell_after": _moment(self.tell_after),
            "revision": self.revision,
        }

    @classmethod
    def from_json(cls, view: dict[str, Any]) -> Finding:
        """A finding as it was stored, by an older fold too; the inverse of `to_json`."""
        return cls(
            **{
                **view,
                "event": _identity_from(view["event"]) or ("", ""),
                "tell": tuple(view["tell"]),
                "tell_after": _moment_from(view.get("tell_after")),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """What would be a finding, were its event not history: counted for whoever imported it."""

    key: str
    kind: str
    #: What more precisely; empty where the kind says it all.
    reason: str
    event: Identity
    event_name: str
    import_id: str

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "kind": self.kind,
            "reason": self.reason,
            "event": _identity(self.event),
            "event_name": self.event_name,
            "import_id": self.import_id,
        }


@dataclass(slots=True, kw_only=True)
class WorkItem:
    """What an agency still has to do, or had to do, about a case."""

    key: str
    agency: str
    duty: str
    title: str
    title_en: str
    #: Word of the officer -> event type that it publishes.
    actions: dict[str, str]
    opened_by: Identity
    #: The last event that counts in `version`: what the next act on the item follows.
    changed_by: Identity
    #: Of the clock that runs on it, and whether that may still move.
    due: datetime | None
    provisional: bool
    #: Counts the events folded that name or change it, the opening included.
    version: int
    taken_by: str | None
    closed_by: Identity | None
    #: Opened by an imported event.
    historic: bool
    #: The unit that the agency's intake named.
    unit: str | None = None
    #: The procedure whose event opened it.
    procedure: str = ""

    @property
    def is_open(self) -> bool:
        return self.closed_by is None

    def to_json(self) -> dict[str, Any]:
        return {
            "key": self.key,
            "agency": self.agency,
            "duty": self.duty,
            "title": self.title,
            "title_en": self.title_en,
            "actions": self.actions,
            "opened_by": _identity(self.opened_by),
            "changed_by": _identity(self.changed_by),
            "due": _moment(self.due),
            "provisional": self.provisional,
            "version": self.version,
            "taken_by": self.taken_by,
            "closed_by": _identity(self.closed_by),
            "historic": self.historic,
            "unit": self.unit,
            "procedure": self.procedure,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyDue:
    """A copy that the law owes and that the event's recipients do not include."""

    #: Seen from `author`: `same_division:procuratorate`.
    rule: str
    author: str
    event: Identity
    citation: str

    def to_json(self) -> dict[str, Any]:
        return {
            "rule": self.rule,
            "author": self.author,
            "event": _identity(self.event),
            "citation": self.citation,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding or a breach that was told and not withdrawn, as the journal has it."""

    key: str
    event: Identity
    data: dict[str, Any]
    #: How often the same was withdrawn before.
    revision: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Recall:
    """One recalled event."""

    event: Identity
    #: The first of the recalls that name it.
    by: Identity
    author: str
    reasons: str
    #: Were sent it, or a correction of it, and are named by no recall of it: the bus tells them.
    untold: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Region:
    """One procedure of a case: it runs beside the others in a state of its own."""

    procedure: str
    status: str
    #: Of the state.
    title: str
    title_en: str
    opened_by: Identity
    roles: dict[str, tuple[str, ...]]

    def to_json(self) -> dict[str, Any]:
        return {
            "procedure": self.procedure,
            "status": self.status,
            "title": self.title,
            "title_en": self.title_en,
            "opened_by": _identity(self.opened_by),
            "roles": {role: list(agencies) for role, agencies in sorted(self.roles.items())},
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class MatterTitle:
    """案由: what an agency calls the matter; `recipients` were sent it in these words. Sorted."""

    agency: str
    text: str
    recipients: tuple[str, ...]


# Not frozen for the same reason as a clock.
@dataclass(slots=True, kw_only=True)
class Case:
    """The state of one stream; `status` is a state of its procedure, `unopened` or `none`.

    `absorbed` is that of a case which goes on in another one.

    Procedure, status and title are those of the leading region.
    """

    stream: str
    status: str
    procedure: str | None = None
    title: str = ""
    title_en: str = ""
    opener: str | None = None
    #: The leading region, which the first journaled opening event opened, and those beside it.
    regions: tuple[Region, ...] = ()
    #: Of the leading region and, for words that it does not have, of the others.
    roles: dict[str, tuple[str, ...]] = field(default_factory=dict)
    #: Agencies with a part in it: who has standing, and whom such events, breaches and copies
    #: reach. Of a stream that nothing opened, authors and recipients, each with its own. Sorted.
    participants: tuple[str, ...] = ()
    #: (kind, number as written), sorted.
    numbers: tuple[tuple[str, str], ...] = ()
    #: Identities in fold order.
    order: tuple[Identity, ...] = ()
    clocks: tuple[Clock, ...] = ()
    findings: tuple[Finding, ...] = ()
    #: Of imported events, in the order found.
    deviations: tuple[Deviation, ...] = ()
    work: tuple[WorkItem, ...] = ()
    copies: tuple[CopyDue, ...] = ()
    #: What the law says of the figures, after each event that stated some; the last one stands.
    assessments: tuple[Assessed, ...] = ()
    #: What the triage rules propose, of each event that they speak of.
    proposals: tuple[Proposed, ...] = ()
    #: Words by which events mark it secret (商业秘密, 未成年人 ...), sorted. Of a case with any,
    #: only its `team` may know more than that it is there, and other cases nothing.
    secrecy: tuple[str, ...] = ()
    #: What other cases of the same organisations are told of this one.
    punished: tuple[Punished, ...] = ()
    acts: tuple[ActOf, ...] = ()
    #: What other cases of the same right are told of this one; which rights this one is about (by
    #: canonical number), the streams it is linked with, and who is told of them: the holders of
    #: roles in procedures that still run, nobody where all of it is imported.
    rights_said: tuple[RightSaid, ...] = ()
    rights: tuple[str, ...] = ()
    linked: tuple[str, ...] = ()
    hearers: tuple[str, ...] = ()
    #: Who sees it as one who holds a role in it (ADR 40). Sorted.
    team: tuple[str, ...] = ()
    #: What was told of findings and of breaches, by key.
    told_findings: tuple[Told, ...] = ()
    told_breaches: tuple[Told, ...] = ()
    #: Journaled lapses that no longer hold and were not taken back yet.
    unfounded_lapses: tuple[Told, ...] = ()
    #: Cases that share something with this one, those that were merged into it, and the one in
    #: which it goes on.
    links: tuple[Link, ...] = ()
    origins: tuple[Link, ...] = ()
    absorbed_into: Link | None = None
    #: Events that their authors took back; who was sent one and named by no recall is told.
    recalls: tuple[Recall, ...] = ()
    #: What the agencies with a part in it call its matter: no part of its state.
    titles: tuple[MatterTitle, ...] = ()
    #: Digest of the law bundle.
    law: str = ""

    def to_json(self) -> dict[str, Any]:
        return {
            "stream": self.stream,
            "status": self.status,
            "procedure": self.procedure,
            "title": self.title,
            "title_en": self.title_en,
            "opener": self.opener,
            "regions": [one.to_json() for one in self.regions],
            "roles": {role: list(agencies) for role, agencies in sorted(self.roles.items())},
            "numbers": [{"kind": kind, "value": value} for kind, value in self.numbers],
            "order": [_identity(one) for one in self.order],
            "clocks": [one.to_json() for one in self.clocks],
            "findings": [one.to_json() for one in self.findings],
            "deviations": [one.to_json() for one in self.deviations],
            "work": [one.to_json() for one in self.work],
            "copies": [one.to_json() for one in self.copies],
            # The one that stands says how it was computed; the case is written often.
            "assessments": [
                one.to_json(whole=one is self.assessments[-1]) for one in self.assessments
            ],
            "secrecy": list(self.secrecy),
            "proposals": [one.to_json() for one in self.proposals],
            "links": [one.to_json() for one in self.links],
            "origins": [one.to_json() for one in self.origins],
            "absorbed_into": self.absorbed_into and self.absorbed_into.to_json(),
            "law": self.law,
        }

    @property
    def readers(self) -> tuple[str, ...]:
        """Who may know of the case what it holds."""
        return self.team if self.secrecy else self.participants

    def digest(self) -> str:
        return digest_of(self.to_json())


def digest_of(view: dict[str, Any]) -> str:
    """SHA-256 (hex) of a case's canonical JSON; the law's own digest is no part of the state."""
    state = {name: value for name, value in view.items() if name != "law"}
    state["clocks"] = [
        {name: value for name, value in clock.items() if name != "law"} for clock in view["clocks"]
    ]
    return hashlib.sha256(orjson.dumps(state, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _identity(one: Identity | None) -> dict[str, str] | None:
    return None if one is None else {"source": one[0], "id": one[1]}


def _identity_from(view: dict[str, str] | None) -> Identity | None:
    return None if view is None else (view["source"], view["id"])


def _moment(one: datetime | None) -> str | None:
    return None if one is None else one.isoformat()


def _moment_from(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
