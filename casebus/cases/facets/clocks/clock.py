"""A clock of a case as the fold leaves it, and its JSON form."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from casebus.cases import jsonforms
from casebus.cases.event import Identity
from casebus.events.legaltime import LegalTime

RUNNING = "running"
MET = "met"
MET_LATE = "met_late"
CANCELLED = "cancelled"
PAUSED = "paused"
LAPSED = "lapsed"
CLOCK_STATES = frozenset({RUNNING, MET, MET_LATE, CANCELLED, PAUSED, LAPSED})

#: The end of a clock: the actor owed an act, or a right or a condition ended.
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
    #: The last moment in time, aware in UTC+8; None if the law says `at once`, and while paused.
    due: datetime | None
    #: The moment from which it is certainly over, whatever the notice of a year says. Before it
    #: nobody is told and nobody is late. None also if nobody can know it.
    certain: datetime | None
    grace: timedelta
    #: `breach` or `lapse`; a lapsed clock is shown and told to nobody.
    expiry: str
    status: str
    stopped_by: Identity | None
    stopped: datetime | None
    #: Its trigger was imported, or recorded after the due moment: never told (design rule 16,
    #: provisional and historic).
    historic: bool
    #: Counted on days of which no notice of holidays speaks yet: `due` is the best known.
    provisional: bool
    citation: str
    #: The first day of force of the used version of the clock, and our confidence in it.
    law_version: str
    confidence: str
    #: Digest of the law bundle.
    law: str
    tell: tuple[str, ...]
    #: The journaled breach in force, and the number of breaches or lapses withdrawn before.
    breach: Identity | None = None
    revision: int = 0
    #: The procedure whose event started it.
    procedure: str = ""
    #: The last day as counted, before it rolled over a day off.
    nominal: date | None = None
    #: The moment at which its actor is to be warned, and the journaled warning.
    warn: datetime | None = None
    warned: Identity | None = None
    paused_since: LegalTime | None = None
    #: How many extensions were granted.
    extended: int = 0
    #: For a clock that counts from receipt: the receipt, and the evidence for it (cases.receipts).
    counted_from: LegalTime | None = None
    counted_by: str = ""
    #: The reason why it could not be kept, as its actor recorded it: LINK_DOWN.
    cause: str = ""
    #: Its lapse is an event: somebody is told of it, or a transition waits for it.
    announced: bool = False

    @property
    def breach_after(self) -> datetime | None:
        """The moment from which a breach may be told. None if none is to be told.

        A clock that was stopped in time, or whose breach stands in the journal, has none.
        """
        if self.expiry != BREACH or self.breach is not None:
            return None
        return self._over_after

    @property
    def lapse_after(self) -> datetime | None:
        """The moment from which its lapse may be told. None if none is to be told."""
        return self._over_after if self.announced else None

    @property
    def warn_after(self) -> datetime | None:
        """The moment from which its actor may be warned. None if nobody is to be warned."""
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
        """True if it ended, but after due and grace, by the time that the author states.

        A lapse comes at the last moment. There the grace only waits for records on their way.
        """
        if self.stopped is None or self.status not in (MET_LATE, CANCELLED):
            return False
        last = self.certain if self.expiry == LAPSE else self._last_call
        return last is not None and self.stopped > last

    @property
    def _last_call(self) -> datetime | None:
        """Certainly due plus grace.

        Without the grace at the calendar's end, where nothing is later.
        """
        if self.certain is None:
            return None
        try:
            return self.certain + self.grace
        except OverflowError:
            return self.certain

    def to_json(self) -> dict[str, Any]:
        due = jsonforms.moment(self.due)
        return {
            "key": self.key,
            "id": self.id,
            "title": self.title,
            "title_en": self.title_en,
            "stream": self.stream,
            "actor": self.actor,
            "actor_role": self.actor_role,
            "trigger": jsonforms.identity(self.trigger),
            "started": str(self.started),
            "due": due,
            "certain": due if self.certain is self.due else jsonforms.moment(self.certain),
            "grace_hours": self.grace.total_seconds() / 3600,
            "expiry": self.expiry,
            "status": self.status,
            "stopped_by": jsonforms.identity(self.stopped_by),
            "stopped": jsonforms.moment(self.stopped),
            "historic": self.historic,
            "provisional": self.provisional,
            "citation": self.citation,
            "law_version": self.law_version,
            "confidence": self.confidence,
            "law": self.law,
            "tell": list(self.tell),
            "breach": jsonforms.identity(self.breach),
            "revision": self.revision,
            "procedure": self.procedure,
            "nominal": None if self.nominal is None else self.nominal.isoformat(),
            "warn": jsonforms.moment(self.warn),
            "warned": jsonforms.identity(self.warned),
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
            warn=jsonforms.moment_from(view.get("warn")),
            warned=jsonforms.identity_from(view.get("warned")),
            paused_since=None if since is None else LegalTime.parse(since),
            counted_from=None if counted_from is None else LegalTime.parse(counted_from),
            trigger=jsonforms.identity_from(view["trigger"]) or ("", ""),
            started=LegalTime.parse(view["started"]),
            due=jsonforms.moment_from(view["due"]),
            # Up to fold version 4 a clock had no `certain`: its due date counted as certain.
            certain=jsonforms.moment_from(view.get("certain", view["due"])),
            grace=timedelta(hours=view["grace_hours"]),
            stopped_by=jsonforms.identity_from(view["stopped_by"]),
            stopped=jsonforms.moment_from(view["stopped"]),
            tell=tuple(view["tell"]),
            breach=jsonforms.identity_from(view["breach"]),
        )


#: Parts of a clock's view that are not plain values.
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
