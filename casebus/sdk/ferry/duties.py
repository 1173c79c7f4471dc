"""The open work of an office behind a ferry, folded here from the events it received and sent.

The office does not see events that went only to others. A duty that such an event ends stays open
here until the office hears of it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from casebus.cases import CaseEvent, fold
from casebus.cases.facets.work.item import WorkItem
from casebus.cases.stamped import case_event
from casebus.cases.state import Case
from casebus.errors import CasebusError
from casebus.events.doors import door_of
from casebus.events.envelope import Envelope, Record
from casebus.events.stamps import POSITION, Position, Stamps, texts_of
from casebus.law import Law
from casebus.sdk.ferry.folder_office import JSON, FerryOffice

#: The place of events without proof of admission: after all the others.
_NO_EPOCH = 1 << 31


@dataclass(frozen=True, slots=True)
class Duties:
    desk: FerryOffice
    law: Law
    #: Items of the office's own.
    sector: str

    def page(
        self, now: datetime, *, status: str, stream: str | None, limit: int, first: int
    ) -> JSON:
        """Work items as the gateway lists them, the most urgent first; `next` is a number."""
        found = sorted(self._items(stream), key=lambda one: (one["due"] or "9", one["key"]))
        wanted = [one for one in found if status == "all" or one["is_open"] is (status == "open")]
        late = [one for one in wanted if one["is_open"] and _is_late(one, now)]
        until = first + limit
        return {
            "items": wanted[first:until],
            "next": str(until) if until < len(wanted) else None,
            "total": len(wanted),
            "overdue": len(late),
        }

    def _items(self, stream: str | None) -> Iterator[JSON]:
        for events in self._cases(stream):
            case = fold(events, self.law)
            known = {one.identity: one for one in events}
            title = next((one.data["title"] for one in events if one.data.get("title")), "")
            for item in case.work:
                if item.agency == self.desk.agency:
                    yield _told(item, case, known[item.opened_by]) | {"case_title": title}

    def _cases(self, stream: str | None) -> Iterator[list[CaseEvent]]:
        """The events of each case that are known here."""
        came: dict[str, list[CaseEvent]] = {}
        sectors = {self.desk.agency: self.sector}
        for record in self.desk.came():
            event = self._journaled(record)
            if event is not None and stream in (None, event.stream):
                came.setdefault(event.stream, []).append(event)
                sectors |= {event.agency: event.sector}
                sectors |= dict(zip(event.to, event.to_sectors, strict=True))
        refused = self.desk.refused()
        for one in dict.fromkeys([*came, *self.desk.store.streams()]):
            if stream in (None, one):
                own = self.desk.store.of_stream(one)
                standing = [it for it in own if (it.source, it.stream, it.id) not in refused]
                said = (self._said(it.record, it.place, sectors) for it in standing)
                if events := [*came.get(one, ()), *filter(None, said)]:
                    yield events

    def _journaled(self, record: Record) -> CaseEvent | None:
        try:
            envelope, data = self._read(record)
            texts = texts_of(record.headers)
            position = Position.parse(texts[POSITION])
            stamps = Stamps.read(texts)
            _ = stamps.sector_by_recipient  # where one lacks its sector it is another version's
            return case_event(envelope, data, stamps, position)
        except (CasebusError, ValueError, KeyError):
            # An event of another schema version. It stays readable, but the fold here skips it.
            return None

    def _said(self, record: Record, place: int, sectors: dict[str, str]) -> CaseEvent | None:
        """The record with its stamps as admission will write them, as far as they are known."""
        try:
            envelope, data = self._read(record)
        except CasebusError:
            return None
        stamps = Stamps(envelope.time, door_of(self.sector, self.desk.agency))
        event = case_event(envelope, data, stamps, (_NO_EPOCH, 0, place))
        to_sectors = tuple(sectors.get(one, "") for one in envelope.to)
        return replace(event, to=envelope.to, to_sectors=to_sectors)

    def _read(self, record: Record) -> tuple[Envelope, dict[str, Any]]:
        _, data = self.desk.schemas.decode(record.value)
        return Envelope.from_headers(record.headers), data


def _told(item: WorkItem, case: Case, opened_by: CaseEvent) -> JSON:
    return item.to_json() | {
        "case": case.stream,
        "is_open": item.is_open,
        "numbers": [{"kind": kind, "value": value} for kind, value in case.numbers],
        "sender": opened_by.source,
        "received": opened_by.recorded_at.isoformat(),
    }


def _is_late(item: JSON, now: datetime) -> bool:
    return item["due"] is not None and datetime.fromisoformat(item["due"]) <= now
