"""Turns one entry of a log into its event, with notes on everything odd about it. Pure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from casebus.events.minted import stream_id
from casebus.events.types import PROCEEDING_STEP_RECORDED
from casebus.present import present
from casebus.sdk.importing.issues import CellError, Issue, IssueCode
from casebus.sdk.importing.logs.entries import LogEntry, attribute_name
from casebus.sdk.importing.logs.mapping import Activity, LogMapping, Who
from casebus.sdk.importing.logs.times import read_time, refuse_absurd
from casebus.sdk.importing.minting import MintedEvent
from casebus.sdk.importing.rows import RowReading, RowRefusedError, body_of, refuse_secrets
from casebus.trust.agency_names import AgencyNames


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """The result of an entry: an event still without causes, or a refusal among its issues."""

    issues: tuple[Issue, ...]
    number: str = ""
    #: The giver of the number.
    giver: str = ""
    event: MintedEvent | None = None
    #: Attributes of the case, which go into `raw` of its first event.
    about: tuple[tuple[str, str], ...] = ()
    #: Attributes for which the event's type has no field.
    dropped: tuple[str, ...] = ()

    @property
    def taken(self) -> MintedEvent:
        """The event of an entry that was not refused."""
        return present(self.event)


class EntryReader:
    """Reads entries by one mapping; `keeps_raw` tells if a type has a field `raw`."""

    def __init__(
        self,
        mapping: LogMapping,
        agencies: AgencyNames,
        keeps_raw: Collection[str],
        latest: dt.date,
    ) -> None:
        self._mapping = mapping
        self._agencies = agencies
        self._keeps_raw = keeps_raw
        self._latest = mapping.log.latest or latest
        self._streams: dict[tuple[str, str], str] = {}

    @cached_property
    def _mapped(self) -> frozenset[str]:
        return frozenset(attribute_name(one) for one in self._mapping.attributes())

    def read(self, entry: LogEntry) -> ReadEntry:
        cells = {**entry.about, **entry.attributes}
        reading = RowReading(entry.place, cells, self._agencies)
        try:
            return self._read(reading, entry)
        except RowRefusedError:
            return ReadEntry(tuple(reading.issues))

    def _read(self, reading: RowReading, entry: LogEntry) -> ReadEntry:
        refuse_secrets(reading)
        case, number = self._mapping.case, reading.number(self._mapping.case.id)
        if not number:
            raise reading.refuse(case.id, IssueCode.MISSING_VALUE)
        name = self._needed(reading, self._mapping.event.activity)
        activity = self._mapping.activity(name)
        if activity is None:
            where = self._mapping.event.activity
            raise reading.refuse(where, IssueCode.UNKNOWN_ACTIVITY, name[:80])
        giver = self._agency(reading, case.source)
        who = activity.source or self._mapping.event.source
        author = self._agency(reading, who) if who else giver
        event = self._event(reading, activity, name, (self._stream(giver, number), author))
        if author == giver:
            event.data["numbers"] = [{"kind": case.kind, "value": number}]
        raw = {key: text for key, text in entry.attributes.items() if key not in self._mapped}
        about = tuple((key, text) for key, text in entry.about.items() if key not in self._mapped)
        if event.type not in self._keeps_raw:
            return ReadEntry(tuple(reading.issues), number, giver, event, (), (*raw, *dict(about)))
        event.data.setdefault("raw", {}).update(raw)
        return ReadEntry(tuple(reading.issues), number, giver, event, about)

    def _event(
        self, reading: RowReading, activity: Activity, name: str, whose: tuple[str, str]
    ) -> MintedEvent:
        stream, author = whose
        part, ce_type = self._mapping.event, activity.ce_type
        fields = (
            {**self._mapping.step, **activity.fields}
            if ce_type == PROCEEDING_STEP_RECORDED
            else activity.fields
        )
        data = body_of(reading, fields)
        if ce_type == PROCEEDING_STEP_RECORDED:
            data.setdefault("step", name)
            if part.resource and (resource := reading.raw(part.resource)):
                data.setdefault("resource", resource)
        written = self._needed(reading, part.time)
        try:
            legal = read_time(written, self._mapping.log)
            refuse_absurd(legal, self._mapping.log.earliest, self._latest)
        except CellError as error:
            raise reading.refuse(part.time, error.issue_code, error.detail) from error
        to = part.to if activity.to is None else activity.to
        own_id = reading.raw(part.id) if part.id else ""
        return MintedEvent(
            slot=own_id,
            type=ce_type,
            stream=stream,
            source=author,
            to=tuple(dict.fromkeys(filter(None, (self._recipient(reading, one) for one in to)))),
            legal=legal,
            data=data,
            key=f"id {own_id}" if own_id else f"{name} {written}",
        )

    def _needed(self, reading: RowReading, attribute: str) -> str:
        found = reading.raw(attribute)
        if not found:
            raise reading.refuse(attribute, IssueCode.MISSING_VALUE)
        return found

    def _stream(self, giver: str, number: str) -> str:
        """The case's stream; the last few are remembered, since events of a case come together."""
        known = self._streams.get((giver, number))
        if known is None:
            if len(self._streams) > _REMEMBERED:
                self._streams.clear()
            known = stream_id(giver, self._mapping.case.kind, number)
            self._streams[giver, number] = known
        return known

    def _agency(self, reading: RowReading, who: Who) -> str:
        found = self._found(reading, who)
        if found is None:
            said = reading.raw(who.attribute) if who.attribute else who.value
            code = IssueCode.UNKNOWN_SOURCE if said else IssueCode.MISSING_VALUE
            raise reading.refuse(who.attribute or "", code, (said or "")[:80])
        return found

    def _recipient(self, reading: RowReading, who: Who) -> str | None:
        found = self._found(reading, who)
        if found is None:
            reading.note(who.attribute or "", IssueCode.UNKNOWN_AGENCY)
        return found

    def _found(self, reading: RowReading, who: Who) -> str | None:
        said = who.value or reading.raw(who.attribute)
        name = who.agencies.get(said, said)
        known = self._agencies.find(name) if name else None
        if known is None and who.otherwise:
            known = self._agencies.find(who.otherwise)
        return known.id if known else None


_REMEMBERED = 10_000
