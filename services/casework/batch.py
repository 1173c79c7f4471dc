"""One batch of the journal, one transaction: fence, journal, fold, derived events."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from typing import Any
from uuid import UUID

from casebus.cases import derive, fold
from casebus.cases.body import plain
from casebus.errors import CasebusError
from casebus.events.numbers import canonical_number
from casebus.events.schemas import Schemas
from casebus.law import Law
from casebus.now import Now
from casebus.trust.directory import BUS, Directory
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from services.casework.deriving import draft_of, rows_of, suspended_rows
from services.casework.evidence import gather
from services.casework.lawbooks import Lawbooks
from services.casework.records import Journaled, read
from services.casework.streams import Stream, Streams
from services.transport import Batch
from storage import cases, journal, outbox
from storage.cases import CaseRows
from storage.journal import Position
from storage.outbox import OutboxRow

log = logging.getLogger(__name__)

LAW_ADOPTED = "casebus.law.adopted.v1"
REINTERPRETED = "casebus.case.reinterpreted.v1"
EVENTS_BUS = "events.bus"
#: Domains whose streams are no cases: they are recorded, never folded.
NO_CASE = frozenset({"relay", "law", "directory", "import"})
#: Characters; the gateway asks for no longer ones.
_LONGEST_NUMBER = 200
_LONGEST_KIND = 64


@dataclass(frozen=True, slots=True)
class Desk:
    """What every batch is worked with."""

    schemas: Schemas
    lawbooks: Lawbooks
    directory: Directory
    key: SigningKey
    now: Now
    streams: Streams
    epoch: int


@dataclass(slots=True)
class Sorted:
    """A batch's records by what they are: new events, and further copies of known ones."""

    fresh: list[Journaled]
    copies: list[tuple[Journaled, bool]]

    def as_journaled(self) -> Iterator[tuple[Journaled, bool]]:
        """All in the journal's order, and whether each is new."""
        new = ((one, True) for one in self.fresh)
        copies = ((one, False) for one, _ in self.copies)
        return merge(new, copies, key=lambda pair: pair[0].row.log_index)


async def record(connection: Any, batch: Batch, desk: Desk) -> dict[UUID, Stream]:
    """Record a batch inside the caller's transaction; the streams to remember after commit."""
    position = await journal.lock_position(connection, desk.epoch, batch.partition)
    rows = await _beyond_fence(connection, batch, desk, position)
    if not rows:
        return {}
    await journal.append(connection, (one.row for one in rows))
    sorted_rows = await _sort(connection, rows)
    await journal.add_events(connection, [one.event_row() for one in sorted_rows.fresh])
    copies = [one.copy_row(same=same) for one, same in sorted_rows.copies]
    await journal.add_copies(connection, copies)
    await journal.add_parties(connection, _parties(sorted_rows))
    await gather(sorted_rows.fresh, desk.schemas).save(connection)
    law = position.law or desk.lawbooks.installed.digest
    touched, law = await _fold(connection, sorted_rows, desk, law)
    await journal.advance_position(
        connection,
        desk.epoch,
        batch.partition,
        Position(
            next_index=position.next_index + len(rows),
            next_offset=batch.records[-1].offset + 1,
            frontier=position.frontier.append([one.row.log_leaf for one in rows]),
            law=law,
        ),
    )
    return touched


async def _beyond_fence(
    connection: Any, batch: Batch, desk: Desk, position: Position
) -> list[Journaled]:
    """Records not recorded yet; those that are must carry the leaf that stands (rule 6)."""
    first = batch.records[0].offset
    if first > position.next_offset:
        raise CasebusError("journal_gap", f"{first} came, {position.next_offset} is next")
    rows = [
        read(
            record,
            desk.schemas,
            epoch=desk.epoch,
            partition=batch.partition,
            log_index=position.next_index + record.offset - position.next_offset,
        )
        for record in batch.records
    ]
    if batch.records[-1].offset - first != len(rows) - 1:
        raise CasebusError("journal_gap", f"offsets from {first} are not consecutive")
    old = [row for row in rows if row.row.log_index < position.next_index]
    await _check_stored(connection, old, desk.epoch, batch.partition)
    return rows[len(old) :]


async def _check_stored(
    connection: Any, old: Sequence[Journaled], epoch: int, partition: int
) -> None:
    if not old:
        return
    first, last = old[0].row.log_index, old[-1].row.log_index
    stored = await journal.stored_leaves(connection, epoch, partition, first, last)
    for one in old:
        if stored.get(one.row.log_index) != one.row.log_leaf:
            raise CasebusError("journal_diverged", f"log index {one.row.log_index}")


async def _sort(connection: Any, rows: Sequence[Journaled]) -> Sorted:
    known = await journal.known_events(connection, list({one.identity for one in rows}))
    found = Sorted([], [])
    for one in rows:
        first = known.get(one.identity)
        if first is None:
            known[one.identity] = one.row.event_leaf
            found.fresh.append(one)
        else:
            found.copies.append((one, first == one.row.event_leaf))
    return found


def _parties(found: Sorted) -> set[tuple[str, UUID]]:
    """Authors and recipients; of a copy with another body nobody becomes a party."""
    named = found.fresh + [one for one, same in found.copies if same]
    return {
        (agency, one.row.stream)
        for one in named
        for agency in (one.envelope.agency, *one.recipients)
        if agency != BUS
    }


async def _fold(
    connection: Any, found: Sorted, desk: Desk, law: str
) -> tuple[dict[UUID, Stream], str]:
    """Fold the cases that the batch touches; gives them and the law in force after the batch."""
    openers: dict[UUID, str] = {}
    for one, is_new in found.as_journaled():
        if is_new and one.envelope.type == LAW_ADOPTED and one.envelope.agency == BUS:
            law = desk.schemas.decode(one.row.value)[1]["digest"]
        if one.domain not in NO_CASE:
            openers.setdefault(one.row.stream, law)
    # What is no case's event is folded with a case that stands in its stream, whichever batches
    # brought the two: a rebuild must find the same.
    others = {one.row.stream for one, _ in found.as_journaled()} - openers.keys()
    wanted = openers.keys() | await cases.among(connection, others)
    touched = await desk.streams.load(connection, wanted)
    _take(found, touched, desk.streams)
    for stream, state in touched.items():
        state.law = state.law or openers[stream]
    await cases.add_numbers(connection, _numbers(found, touched))
    await _save(connection, touched, desk)
    return touched, law


def _take(found: Sorted, touched: dict[UUID, Stream], streams: Streams) -> None:
    for one in found.fresh:
        if one.row.stream in touched:
            event = streams.event_of(one)
            touched[one.row.stream].add(event)
            if event.type == REINTERPRETED and event.agency == BUS:
                touched[one.row.stream].law = event.data["law_after"] or None
    for one, same in found.copies:
        stream = touched.get(one.row.stream)
        if stream is None:
            continue
        if same:
            stream.widen(one.row.source, one.row.event_id, one.sectors)
        else:
            stream.conflict(one.row.source, one.row.event_id)


async def _save(connection: Any, touched: dict[UUID, Stream], desk: Desk) -> None:
    rows: list[CaseRows] = []
    drafts: list[Draft] = []
    known = {stream for stream, state in touched.items() if state.version}
    now = desk.now()
    for stream, state in touched.items():
        law = await desk.lawbooks.get(connection, state.law or "")
        state.version += 1
        try:
            shown, said = _derived(stream, state, law, desk, now)
        except Exception as error:
            log.exception("fold suspended", extra={"case_id": str(stream)})
            rows.append(suspended_rows(stream, error, law.digest, state.version, now))
            continue
        rows.append(shown)
        drafts += said
    before = {stream: state.shown for stream, state in touched.items() if state.shown is not None}
    for stream, marks in (await cases.save(connection, rows, known, before)).items():
        touched[stream].shown = marks
    await _enqueue(connection, drafts, desk)


def _derived(
    stream: UUID, state: Stream, law: Law, desk: Desk, now: datetime
) -> tuple[CaseRows, list[Draft]]:
    """What shows the case, and what the bus has to say about it."""
    case = fold(state.events.values(), law)
    opened_at = state.opened_at(case)
    shown = rows_of(stream, case, law, version=state.version, opened_at=opened_at, updated_at=now)
    fresh = [one for one in derive(case) if one.id not in state.said]
    state.said.update(one.id for one in fresh)
    return shown, [draft_of(one, desk.schemas, desk.directory, now) for one in fresh]


async def _enqueue(connection: Any, drafts: list[Draft], desk: Desk) -> None:
    """Sign what is not in the outbox yet as one tree, and let the relay send it."""
    identities = [(UUID(d.envelope.subject), d.envelope.source, d.envelope.id) for d in drafts]
    there = await outbox.enqueued(connection, identities)
    fresh = [draft for draft in drafts if draft.envelope.id not in there]
    if fresh:
        records = sign(fresh, desk.key, desk.schemas)
        rows = [OutboxRow.of(one, EVENTS_BUS) for one in records]
        await outbox.enqueue(connection, rows)


def _numbers(found: Sorted, touched: dict[UUID, Stream]) -> set[tuple[str, str, UUID, str]]:
    """Local numbers in the new events, canonical, with the agency that gave each.

    What is too long to be a number stays in its event and is not looked up.
    """
    return {
        (number, plain(row["kind"])[:_LONGEST_KIND], one.row.stream, one.envelope.agency)
        for one in found.fresh
        if one.domain not in NO_CASE
        for row in touched[one.row.stream].event(one).data.get("numbers", ())
        if 0 < len(number := canonical_number(row["value"])) <= _LONGEST_NUMBER
    }
