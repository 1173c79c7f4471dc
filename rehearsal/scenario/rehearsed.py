"""One stream of a rehearsal: its events, its fold, and the bus's statements about it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from casebus.cases import Case, CaseEvent, Derived, derive, fold
from casebus.cases.facets.clocks.clock import RUNNING, Clock
from casebus.cases.visibility import Access, Viewer
from casebus.events.doors import BUS
from casebus.events.envelope import agency_of
from casebus.events.legaltime import LegalTime
from casebus.events.schemas import CodecError, Schemas
from casebus.events.types import INTAKE_RECEIVED
from casebus.law import Law, agencies
from casebus.present import present
from casebus.trust.directory import Agency
from gateway.access import redaction
from rehearsal.scenario.world import JSON


class RehearsedOffices:
    """agencies.yaml, in the form of a directory for the law."""

    def __init__(self, known: Iterable[Agency]) -> None:
        self._by_id = {one.id: one for one in known}

    def agency(self, name: str) -> Agency | None:
        return self._by_id.get(name)

    def in_division(self, division: str, sector: str, level: str) -> tuple[Agency, ...]:
        wanted = (division, sector, level)
        return tuple(
            one for one in self._by_id.values() if (one.division, one.sector, one.level) == wanted
        )


class Rehearsed:
    """Folds after each event, and lets the bus make the statements that follow."""

    def __init__(self, stream: str, law: Law, schemas: Schemas, offices: RehearsedOffices) -> None:
        self.stream = stream
        self.events: dict[tuple[str, str], CaseEvent] = {}
        self.case: Case | None = None
        self._law, self._schemas, self._offices = law, schemas, offices
        #: Ids of the bus's statements.
        self.said: set[str] = set()
        #: The statements that it could not make, once each.
        self.problems: dict[str, str] = {}

    def take(self, event: CaseEvent) -> None:
        """Journal an event; the bus's statements about it follow at once."""
        self.events.setdefault(event.identity, event)
        for received in self._received(event):
            self.events.setdefault(received.identity, received)
        self._fold()
        self.follow(event.recorded_at, event.position)

    def follow(self, now: dt.datetime, place: tuple[int, int, int]) -> None:
        """Make the statements that the bus derives, including those from its own events."""
        while fresh := [one for one in derive(self._folded) if one.id not in self.said]:
            for derived in fresh:
                self.say(derived, now, place)

    def _received(self, event: CaseEvent) -> Iterator[CaseEvent]:
        """The statements of the hosted recipients' intakes at the moment of arrival."""
        about = {"event_source": event.source, "event_id": event.id, "event_type": event.type}
        for agency, sector in zip(event.to, event.to_sectors, strict=True):
            office = self._offices.agency(agency)
            if office is not None and office.delivery == "hosted":
                yield replace(
                    event,
                    source=agency,
                    id=f"{event.source} {event.id} {agency}",
                    type=INTAKE_RECEIVED,
                    legal=LegalTime.of(event.recorded_at),
                    causation=(event.id,),
                    sector=sector,
                    to=(),
                    to_sectors=(),
                    data={"agency": agency, **about},
                )

    def say(self, derived: Derived, now: dt.datetime, place: tuple[int, int, int]) -> None:
        """The bus sends it to the agencies of its rules; without words for it, it is a problem."""
        self.said.add(derived.id)
        try:
            event = self._statement(derived, now, place)
        except CodecError as error:
            self.problems[error.detail] = f"the bus cannot say {derived.type}: {error}"
            return
        self.events.setdefault(event.identity, event)
        self._fold()

    def _statement(
        self, derived: Derived, now: dt.datetime, place: tuple[int, int, int]
    ) -> CaseEvent:
        to = agencies.resolve(derived.to, derived.of, self._offices)
        data = derived.body(to)
        _, read = self._schemas.decode(self._schemas.encode(derived.type, data))
        return CaseEvent(
            stream=derived.stream,
            source=BUS,
            id=derived.id,
            type=derived.type,
            legal=derived.legal or LegalTime.of(now),
            sequence=None,
            causation=derived.causation,
            recorded_at=now,
            said_at=now,
            position=place,
            sector=BUS,
            to=to,
            to_sectors=sectors(to, self._offices),
            imported=False,
            data=read,
        )

    @property
    def _folded(self) -> Case:
        return present(self.case)

    def _fold(self) -> None:
        self.case = fold(self.events.values(), self._law)

    def view(self, now: dt.datetime) -> JSON:
        """The case as the gateway shows it."""
        if self.case is None:
            return {}
        view = self.case.to_json()
        view["clocks"] = [
            {**row, "state": _state(clock, now)}
            for clock, row in zip(self.case.clocks, view["clocks"], strict=True)
        ]
        return view

    def history(self) -> list[JSON]:
        if self.case is None:
            return []
        return [_item(self.events[identity]) for identity in self.case.order]

    def sight(self, agency: str, sector: str, access: Access) -> list[JSON]:
        """The history as the gateway shows it to this agency."""
        if self.case is None or agency not in self.case.participants:
            return []
        view = {**self.case.to_json(), "team": self.case.team}
        viewer = redaction.viewer_of(agency, sector, view)
        return [self._seen(self.events[one], viewer, access) for one in self.case.order]

    def _seen(self, event: CaseEvent, viewer: Viewer, access: Access) -> JSON:
        row = {"author": agency_of(event.source), "recipients": event.to}
        schema = self._schemas.latest(event.type)
        legal = str(event.legal)
        seen = redaction.of_event(viewer, access, schema, event.data, row=row, legal=legal)
        return {**_item(event), **seen._asdict()}

    def opened_items(self, agency: str, duty: str) -> list[Any]:
        found = self.case.work if self.case else ()
        return [one for one in found if (one.agency, one.duty) == (agency, duty) and one.is_open]


def sectors(to: Iterable[str], offices: RehearsedOffices) -> tuple[str, ...]:
    known = (offices.agency(name) for name in to)
    return tuple(one.sector for one in known if one is not None)


def _state(clock: Clock, now: dt.datetime) -> str:
    if clock.breach is not None:
        return "breached"
    after = clock.breach_after
    if clock.status == RUNNING and after is not None and after <= now:
        return "unconfirmed"
    return clock.status


def _item(event: CaseEvent) -> JSON:
    return {
        "type": event.type,
        "source": event.source,
        "id": event.id,
        "legal_time": str(event.legal),
        "recorded_at": event.recorded_at.isoformat(),
        "recipients": list(event.to),
        "data": event.data,
    }


def again(event: CaseEvent, place: tuple[int, int, int]) -> CaseEvent:
    """The same event, delivered once more."""
    return replace(event, position=place)
