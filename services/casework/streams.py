"""The events of the streams at hand, kept in memory between batches."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.cases import FOLD_VERSION, Case, CaseEvent
from casebus.cases.dating import dated
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.trust.directory import BUS
from services.casework.records import Journaled, admitted_at, sector_of, sectors_of, stamps_of
from storage import cases, renewing
from storage.cases import Shown, Standing
from storage.packing import unpack_headers


@dataclass
class Stream:
    """One stream's recorded events by (source, id), as of `version` of its case row."""

    version: int = 0
    #: Digest of the law it is derived under; None before its first fold.
    law: str | None = None
    #: By which fold its rows were derived, and whether a person tied it to its law.
    fold_version: int = FOLD_VERSION
    pinned: bool = False
    #: Id of the event that says it was derived anew, until the journal holds it.
    renewing: str | None = None
    #: When its rows were last written.
    updated_at: datetime | None = None
    events: dict[tuple[str, str], CaseEvent] = field(default_factory=dict)
    #: What the tables show of it, where this process wrote it.
    shown: Shown | None = None
    #: Who has a part in it, as this process last wrote it.
    parties: tuple[str, ...] | None = None
    #: Ids of the derived events that this process put into the outbox or found there.
    said: set[str] = field(default_factory=set)

    def add(self, event: CaseEvent) -> None:
        self.events[event.source, event.id] = event

    def event(self, journaled: Journaled) -> CaseEvent:
        return self.events[journaled.row.source, journaled.row.event_id]

    def opened_at(self, case: Case) -> datetime | None:
        """Legal moment of the first event in fold order; None while nothing opened the stream."""
        return dated(self.events[case.order[0]]).legal.moment() if case.procedure else None

    def widen(self, source: str, event_id: str, recipients: dict[str, str]) -> None:
        """Recipients of an event are the union over its equal copies (design rule 8)."""
        known = self.events[source, event_id]
        both = dict(zip(known.to, known.to_sectors, strict=True)) | recipients
        # The first copy's order stays: the first recipient of a sector takes its role.
        self.events[source, event_id] = replace(
            known, to=tuple(both), to_sectors=tuple(both.values())
        )

    def conflict(self, source: str, event_id: str) -> None:
        """Another body came under this identity; the first journaled wins (design rule 1)."""
        known = self.events[source, event_id]
        self.events[source, event_id] = replace(known, conflicting=True)


class Streams:
    """Loads streams, and remembers the last used while nobody else moved their version."""

    def __init__(self, schemas: Schemas, remembered: int = 20_000) -> None:
        self._schemas = schemas
        self._remembered = remembered
        self._known: OrderedDict[UUID, Stream] = OrderedDict()

    async def load(self, connection: Any, wanted: set[UUID]) -> dict[UUID, Stream]:
        """Lock the streams' case rows and give their events as recorded before this batch."""
        rows = await cases.lock_cases(connection, wanted)
        loaded = {stream: self._recall(stream, rows.get(stream)) for stream in wanted}
        missing = [stream for stream, found in loaded.items() if found is None]
        fresh = {stream: _standing(rows.get(stream)) for stream in missing}
        if missing:
            for row in await cases.events_of(connection, missing):
                restore(fresh[row["stream"]], row, self._schemas)
            await self._take_what_is_on_its_way(connection, fresh)
        return {stream: found or fresh[stream] for stream, found in loaded.items()}

    def keep(self, streams: dict[UUID, Stream]) -> None:
        """Remember streams as the committed transaction left them."""
        for stream, state in streams.items():
            self._known[stream] = state
            self._known.move_to_end(stream)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)

    def _recall(self, stream: UUID, row: Standing | None) -> Stream | None:
        known = self._known.pop(stream, None)
        version = 0 if row is None else row.version
        return known if known is not None and known.version == version else None

    async def _take_what_is_on_its_way(self, connection: Any, fresh: Mapping[UUID, Stream]) -> None:
        """What was said of a renewed case counts from then on, journaled or not."""
        waiting = {
            stream: one.renewing
            for stream, one in fresh.items()
            if one.renewing is not None and ("bus", one.renewing) not in one.events
        }
        if not waiting:
            return
        for row in await renewing.on_their_way(connection, waiting):
            envelope = Envelope.from_headers(unpack_headers(row["headers"]))
            data = self._schemas.decode(row["value"])[1]
            fresh[row["stream"]].add(unrecorded(envelope, data))

    def event_of(self, journaled: Journaled) -> CaseEvent:
        """What the fold takes of a journal record."""
        row = journaled.row
        return case_event(
            journaled.envelope,
            self._schemas.decode(row.value)[1],
            journaled.stamps,
            (row.epoch, row.partition, row.log_index),
        )


def _standing(row: Standing | None) -> Stream:
    """A stream without its events, as its row says it stands."""
    if row is None:
        return Stream()
    return Stream(
        version=row.version,
        law=row.law,
        fold_version=row.fold_version,
        pinned=row.pinned,
        renewing=row.renewing,
        updated_at=row.updated_at,
    )


def unrecorded(envelope: Envelope, data: dict[str, Any]) -> CaseEvent:
    """An event of the bus on its way to the journal, as the fold takes it."""
    stamps = {"cb-admitted-at": envelope.time.isoformat(), "cb-origin": f"events.{BUS}"}
    return case_event(envelope, data, stamps, (2**31, 0, 0))


def restore(stream: Stream, row: Any, schemas: Schemas) -> None:
    """Take an event as the journal's table has it, with what its copies said."""
    headers = unpack_headers(row["headers"])
    event = case_event(
        Envelope.from_headers(headers),
        schemas.decode(row["value"])[1],
        stamps_of(headers),
        (row["epoch"], row["partition"], row["log_index"]),
    )
    stream.add(event)
    for packed in row["copies"]:
        stream.widen(event.source, event.id, sectors_of(stamps_of(unpack_headers(packed))))
    if row["conflicting"]:
        stream.conflict(event.source, event.id)


def case_event(
    envelope: Envelope, data: dict[str, Any], stamps: dict[str, str], position: tuple[int, int, int]
) -> CaseEvent:
    return CaseEvent(
        stream=envelope.subject,
        source=envelope.source,
        id=envelope.id,
        type=envelope.type,
        legal=envelope.legal,
        sequence=envelope.sequence,
        causation=envelope.causationid,
        recorded_at=admitted_at(stamps),
        position=position,
        sector=sector_of(stamps),
        to=tuple(stamps.get("cb-recipients", "").split()),
        to_sectors=tuple(stamps.get("cb-sectors", "").split()),
        imported=envelope.importid is not None,
        data=data,
        flags=tuple(stamps.get("cb-flags", "").split()),
        import_id=envelope.importid or "",
    )
