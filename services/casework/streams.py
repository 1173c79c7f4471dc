"""The events of the streams at hand, kept in memory between batches."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.cases import Case, CaseEvent
from casebus.cases.dating import dated
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from services.casework.records import Journaled, admitted_at, sector_of, sectors_of, stamps_of
from storage import cases
from storage.cases import Shown
from storage.packing import unpack_headers


@dataclass
class Stream:
    """One stream's recorded events by (source, id), as of `version` of its case row."""

    version: int = 0
    #: Digest of the law it is derived under; None before its first fold.
    law: str | None = None
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
        states = {stream: rows.get(stream, (0, None)) for stream in wanted}
        loaded = {stream: self._recall(stream, state[0]) for stream, state in states.items()}
        missing = [stream for stream, found in loaded.items() if found is None]
        fresh = {stream: Stream(*states[stream]) for stream in missing}
        if missing:
            for row in await cases.events_of(connection, missing):
                restore(fresh[row["stream"]], row, self._schemas)
        return {stream: found or fresh[stream] for stream, found in loaded.items()}

    def keep(self, streams: dict[UUID, Stream]) -> None:
        """Remember streams as the committed transaction left them."""
        for stream, state in streams.items():
            self._known[stream] = state
            self._known.move_to_end(stream)
        while len(self._known) > self._remembered:
            self._known.popitem(last=False)

    def _recall(self, stream: UUID, version: int) -> Stream | None:
        known = self._known.pop(stream, None)
        return known if known is not None and known.version == version else None

    def event_of(self, journaled: Journaled) -> CaseEvent:
        """What the fold takes of a journal record."""
        row = journaled.row
        return case_event(
            journaled.envelope,
            self._schemas.decode(row.value)[1],
            journaled.stamps,
            (row.epoch, row.partition, row.log_index),
        )


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
