"""The events of the streams at hand, kept in memory between batches."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from casebus.cases import FOLD_VERSION, Case, CaseEvent
from casebus.cases.dating import dated
from casebus.cases.room import Admittance, Room, Rooms
from casebus.cases.stamped import case_event, widened
from casebus.events.doors import BUS, BUS_DOOR
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.events.stamps import Stamps
from casebus.present import present
from services.casework.records import Journaled
from storage import cases, renewing
from storage.cases import CaseState, Shown
from storage.handles import Connection, Row
from storage.journal import Place
from storage.packing import unpack_headers


@dataclass
class Stream:
    """One stream's recorded events by (source, id), as of `version` of its case row."""

    version: int = 0
    #: Digest of the law under which it is derived; None before its first fold.
    law_digest: str | None = None
    #: The fold that derived its rows, and whether a person tied it to its law.
    fold_version: int = FOLD_VERSION
    pinned: bool = False
    #: Id of the event that records its renewal, until the journal holds it.
    renewing: str | None = None
    #: When its rows were last written.
    updated_at: datetime | None = None
    events: dict[tuple[str, str], CaseEvent] = field(default_factory=dict)
    #: The state of its rows, if this process wrote them.
    shown: Shown | None = None
    #: Its parties, as this process last wrote them.
    parties: tuple[str, ...] | None = None
    #: Ids of the derived events that this process put into the outbox or found there.
    said: set[str] = field(default_factory=set)
    #: The room that its authors used. None for a reader of events that are placed already.
    room: Room | None = None
    #: Source, id and whether its author is told, of events not folded and not yet noted so.
    left_out: list[tuple[str, str, bool]] = field(default_factory=list)

    def add(self, event: CaseEvent) -> None:
        """Take the next event in the journal's order, if its author has room.

        Restored events have their places: a batch's own events may be in the tables already.
        """
        if self._is_placed(event):
            return
        place = Admittance.FOLDED if self.room is None else self.room.place(event)
        if place is not Admittance.FOLDED:
            self.left_out.append((*event.identity, place is Admittance.TOLD))
            event = replace(event, beyond=True)
        if place is not Admittance.LEFT_OUT:
            self.events[event.identity] = event

    def _is_placed(self, event: CaseEvent) -> bool:
        """True for the bus's own events: once journaled, they replace the ones on their way."""
        if self.room is None or event.sector == BUS:
            return False
        return event.identity in self.events or self.room.is_out(event.identity)

    def folded(self, journaled: Journaled) -> CaseEvent | None:
        """The event of a journal record, if the fold takes it."""
        found = self.events.get((journaled.row.source, journaled.row.event_id))
        return None if found is None or found.beyond else found

    def opened_at(self, case: Case) -> datetime | None:
        """Legal moment of the first event in fold order.

        None while nothing has opened the stream.
        """
        return dated(self.events[case.order[0]]).legal.moment() if case.procedure else None

    def widen(self, source: str, event_id: str, recipients: dict[str, str]) -> None:
        known = self.events.get((source, event_id))
        if known is not None:
            self.events[source, event_id] = widened(known, recipients)

    def conflict(self, source: str, event_id: str) -> None:
        """Note that another body came under this identity.

        Design rule 1, one identity: the first wins.
        """
        known = self.events.get((source, event_id))
        if known is not None:
            self.events[source, event_id] = replace(known, conflicting=True)


#: Streams restored at once, outside a transaction; then the event loop has its turn.
_AT_ONCE = 16


class Streams:
    """Loads streams, and remembers the last used while nobody else moved their version."""

    def __init__(self, schemas: Schemas, rooms: Rooms, remembered: int = 200_000) -> None:
        """`remembered` counts events, over all streams."""
        self._schemas = schemas
        self._rooms = rooms
        self._remembered = remembered
        self._known: OrderedDict[UUID, Stream] = OrderedDict()
        #: The number of events of each stream when it was remembered, and of all together.
        self._sizes: dict[UUID, int] = {}
        self._size = 0

    def anew(self) -> Streams:
        """A new cache with the same schemas and rooms, which remembers nothing."""
        return Streams(self._schemas, self._rooms, self._remembered)

    async def load(
        self, connection: Connection, wanted: set[UUID], before: Place | None = None
    ) -> dict[UUID, Stream]:
        """Lock the streams' case rows and return their events as recorded before this batch.

        A batch that is already in the tables begins at `before`, because its events are at hand.
        """
        rows = await cases.lock_cases(connection, wanted)
        loaded = {stream: self._recall(stream, rows.get(stream)) for stream in wanted}
        missing = {stream: rows.get(stream) for stream in wanted if loaded[stream] is None}
        fresh = await self._restored(connection, missing, before) if missing else {}
        return {stream: found or fresh[stream] for stream, found in loaded.items()}

    async def warm(self, connection: Connection, wanted: Iterable[UUID]) -> None:
        """Remember the streams before their transaction, which would otherwise wait for them.

        If another session changes a version meanwhile, `load` notices it and reads again.
        """
        cold = sorted(set(wanted) - self._known.keys())
        for at in range(0, len(cold), _AT_ONCE):
            rows = await cases.standing_of(connection, cold[at : at + _AT_ONCE])
            if rows:
                self.keep(await self._restored(connection, rows))
            await asyncio.sleep(0)

    def size(self, stream: UUID) -> int:
        """The number of events to fold if the stream is touched, as far as is known."""
        return self._sizes.get(stream, 0)

    def keep(self, streams: dict[UUID, Stream]) -> None:
        """Remember streams in the state in which the committed transaction left them."""
        for stream, state in streams.items():
            self._forget(stream)
            self._known[stream] = state
            self._sizes[stream] = len(state.events)
            self._size += len(state.events)
        while self._size > self._remembered and len(self._known) > 1:
            self._forget(next(iter(self._known)))

    def _forget(self, stream: UUID) -> Stream | None:
        self._size -= self._sizes.pop(stream, 0)
        return self._known.pop(stream, None)

    def _recall(self, stream: UUID, row: CaseState | None) -> Stream | None:
        known = self._forget(stream)
        version = 0 if row is None else row.version
        return known if known is not None and known.version == version else None

    async def _restored(
        self,
        connection: Connection,
        rows: Mapping[UUID, CaseState | None],
        before: Place | None = None,
    ) -> dict[UUID, Stream]:
        fresh = {stream: self._standing(row) for stream, row in rows.items()}
        for row in await cases.left_out(connection, fresh):
            # Each row comes from _standing.
            present(fresh[row["stream"]].room).leave_out((row["source"], row["id"]))
        for row in await cases.events_of(connection, fresh, before):
            restore(fresh[row["stream"]], row, self._schemas)
        await self._take_what_is_on_its_way(connection, fresh)
        return fresh

    async def _take_what_is_on_its_way(
        self, connection: Connection, fresh: Mapping[UUID, Stream]
    ) -> None:
        """A statement about a renewed case counts from then on, journaled or not."""
        waiting = {
            stream: one.renewing
            for stream, one in fresh.items()
            if one.renewing is not None and (BUS, one.renewing) not in one.events
        }
        if not waiting:
            return
        for row in await renewing.on_their_way(connection, waiting):
            envelope = Envelope.from_headers(unpack_headers(row["headers"]))
            data = self._schemas.decode(row["value"])[1]
            fresh[row["stream"]].add(unrecorded(envelope, data))

    def _standing(self, row: CaseState | None) -> Stream:
        """A stream without its events, in the state of its row."""
        room = Room(self._rooms)
        if row is None:
            return Stream(room=room)
        return Stream(
            version=row.version,
            law_digest=row.law,
            fold_version=row.fold_version,
            pinned=row.pinned,
            renewing=row.renewing,
            updated_at=row.updated_at,
            room=room,
        )

    def event_of(self, journaled: Journaled) -> CaseEvent:
        """The part of a journal record that the fold takes."""
        row = journaled.row
        return case_event(
            journaled.envelope,
            self._schemas.decode(row.value)[1],
            journaled.stamps,
            (row.epoch, row.partition, row.log_index),
        )


def unrecorded(envelope: Envelope, data: dict[str, Any]) -> CaseEvent:
    """An event of the bus on its way to the journal, as the fold takes it."""
    return case_event(envelope, data, Stamps(envelope.time, BUS_DOOR), (2**31, 0, 0))


def restore(stream: Stream, row: Row, schemas: Schemas) -> None:
    """Take an event from the journal's table, with the stamps of its copies."""
    headers = unpack_headers(row["headers"])
    event = case_event(
        Envelope.from_headers(headers),
        schemas.decode(row["value"])[1],
        Stamps.of(headers),
        (row["epoch"], row["partition"], row["log_index"]),
    )
    stream.add(replace(event, beyond=row["beyond"]))
    for packed in row["copies"]:
        stamps = Stamps.of(unpack_headers(packed))
        stream.widen(event.source, event.id, stamps.sector_by_recipient)
    if row["conflicting"]:
        stream.conflict(event.source, event.id)
