"""Why a case is stuck, in one sentence: the first thing that holds it, from the bus outwards.

A cause inside the bus comes before an agency's debt: nobody is called while we have a fault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from storage.operating import (
    CaseStanding,
    OpenDuty,
    RecordedStep,
    RefusedEvent,
    ServicePlace,
    UnsentEvent,
)

#: Code -> the sentence of the API; the console has its own in both languages.
SENTENCES = {
    "restricted": "It is restricted: without a grant nothing more is shown.",
    "law": "Its partition {partition} waits for a law bundle: {says}.",
    "suspended": "It cannot be derived ({says}); it goes on with a release that can.",
    "stands": "{service} stands still in its partition {partition}: {lag} records wait.",
    "refused": "No broker takes {event} of {agency} ({says}).",
    "unsent": "{event} of {agency} is signed and stored, and not sent since {since}.",
    "rejected": "{event} of {agency} was rejected: {says}. It is not in the journal.",
    "behind": "{service} is {lag} records behind in its partition {partition}.",
    "not_routed": "{event} is recorded and not routed since {since}.",
    "not_delivered": "{event} was not delivered to {agency} since {since}.",
    "unopened": "Nothing has opened it: its events are kept, and wait for one that does.",
    "overdue": "{agency} owes: {says}. It was due at {since}.",
    "owed": "{agency} owes: {says}.",
    "not_opened": "{event} was delivered to {agency} and is not opened since {since}.",
    "nothing": "Nothing holds it: nobody owes anything, and nothing is on its way.",
}


@dataclass(frozen=True, slots=True)
class Stuck:
    """The cause, and the values in its sentence."""

    code: str
    partition: int | None = None
    service: str = ""
    lag: int = 0
    agency: str = ""
    event: str = ""
    since: datetime | None = None
    says: str = ""

    def in_words(self) -> str:
        named = {name: getattr(self, name) for name in self.__slots__ if name != "code"}
        return SENTENCES[self.code].format(**named)


class EventWay(NamedTuple):
    """An event of a case, and how it came to its recipients."""

    step: RecordedStep
    #: Of each recipient in the directory whether the gateway is its inbox.
    hosted: Mapping[str, bool]
    #: Recipient -> when.
    delivered: Mapping[str, datetime]
    opened: Mapping[str, datetime]


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts about a case's place."""

    partition: int
    now: datetime
    standing: CaseStanding | None
    law: str = ""
    places: Sequence[ServicePlace] = ()
    unsent: Sequence[UnsentEvent] = ()
    refusals: Sequence[RefusedEvent] = ()
    steps: Sequence[EventWay] = ()
    owed: Sequence[OpenDuty] = ()
    #: (service, topic, partition) of each standstill.
    stalled: frozenset[tuple[str, str, int]] = field(default_factory=frozenset)


def why(facts: Facts) -> Stuck:
    """The first cause that holds."""
    for look in (_inside, _on_its_way, _behind, _handed_over, _owed):
        if (found := look(facts)) is not None:
            return found
    return Stuck("nothing")


def _inside(facts: Facts) -> Stuck | None:
    row, at = facts.standing, facts.partition
    if facts.law:
        return Stuck("law", partition=at, says=facts.law)
    if row is not None and row.suspended:
        return Stuck("suspended", says=row.suspended)
    for one in facts.places:
        if (one.service, one.topic, one.partition) in facts.stalled:
            return _of_place("stands", one)
    return None


def _on_its_way(facts: Facts) -> Stuck | None:
    for one in facts.unsent:
        code, says = ("refused", one.refused) if one.refused else ("unsent", "")
        return Stuck(code, says=says, event=one.event_id, agency=one.source, since=one.created_at)
    for refused in facts.refusals:
        return Stuck(
            "rejected",
            says=refused.reason,
            event=refused.event_id or "",
            agency=refused.source or "",
            since=refused.rejected_at,
        )
    return None


def _behind(facts: Facts) -> Stuck | None:
    behind = [one for one in facts.places if one.ends > one.done]
    if not behind:
        return None
    return _of_place("behind", max(behind, key=lambda one: one.ends - one.done))


def _handed_over(facts: Facts) -> Stuck | None:
    for one in facts.steps:
        if one.step.recipients and one.step.routed_at is None:
            return Stuck("not_routed", event=one.step.id, since=one.step.recorded_at)
    for one in facts.steps:
        for agency in one.step.recipients:
            if one.hosted.get(agency) and agency not in one.delivered:
                return Stuck(
                    "not_delivered", event=one.step.id, agency=agency, since=one.step.routed_at
                )
    row = facts.standing
    return Stuck("unopened") if row is not None and row.status == "unopened" else None


def _owed(facts: Facts) -> Stuck | None:
    for one in facts.owed:
        if one.due is not None and one.due <= facts.now:
            says = one.title or one.duty
            return Stuck("overdue", since=one.due, agency=one.agency, says=says)
    for one in facts.owed:
        says = one.title or one.duty
        return Stuck("owed", agency=one.agency, says=says, since=one.due)
    for way in facts.steps:
        for agency, at in way.delivered.items():
            if agency not in way.opened:
                return Stuck("not_opened", event=way.step.id, agency=agency, since=at)
    return None


def _of_place(code: str, one: ServicePlace) -> Stuck:
    lag = one.ends - one.done
    return Stuck(code, partition=one.partition, service=one.service, lag=lag)


def stages(way: EventWay, *, folded: bool) -> list[dict[str, Any]]:
    """An event's way, stage by stage, each with the time since the one before."""
    step = way.step
    known: list[tuple[str, datetime | None, str]] = [
        ("stored", step.stored_at, ""),
        ("sent", step.sent_at, ""),
        ("recorded", step.appended_at, ""),
        ("folded", step.recorded_at if folded else None, ""),
        ("routed", step.routed_at, ""),
        *(("delivered", at, agency) for agency, at in sorted(way.delivered.items())),
        *(("opened", at, agency) for agency, at in sorted(way.opened.items())),
    ]
    return list(_waited([one for one in known if one[1] is not None]))


def _waited(known: Sequence[tuple[str, Any, str]]) -> Iterable[dict[str, Any]]:
    last: datetime | None = None
    for stage, at, agency in known:
        waited = None if last is None else max((at - last).total_seconds(), 0.0)
        yield {"stage": stage, "at": at, "agency": agency or None, "waited_seconds": waited}
        last = at if last is None else max(last, at)
