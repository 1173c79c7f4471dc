"""Folds the touched cases again: their rows, their parties, and the statements of the bus."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from casebus.cases import FOLD_VERSION, Case, CaseEvent, Derived, derive, fold, named
from casebus.events.doors import BUS, BUS_DOOR
from casebus.events.types import CASE_REINTERPRETED
from casebus.law import Law
from casebus.trust.signing import Draft, sign
from services.casework import facts, lookups
from services.casework.adopting import adopted
from services.casework.context import CaseworkContext
from services.casework.deriving import draft_of, rows_of, suspended_rows
from services.casework.holding import held_back
from services.casework.lookups import UNFOLDED
from services.casework.renewing import is_stale, renew
from services.casework.sorting import Sorted
from services.casework.streams import Stream, Streams
from storage import cases, journal, outbox
from storage.cases import CaseRows
from storage.handles import Connection
from storage.outbox import OutboxRow

log = logging.getLogger(__name__)


async def fold_touched(
    connection: Connection, found: Sorted, context: CaseworkContext, digest: str, *, says: bool
) -> tuple[dict[UUID, Stream], str]:
    """Fold the cases that the batch touches; return them, and the law in force after the batch.

    With `says` the bus now sends the statements that they owe. Without it, the bus sends them when
    the journal is read.
    """
    opened: set[UUID] = set()
    for one, is_new in found.as_journaled():
        if is_new:
            digest = await adopted(connection, one, context, digest)
        if one.domain not in UNFOLDED:
            opened.add(one.row.stream)
    # An event of no case is folded with a case in its stream, whichever batches brought the two,
    # because a rebuild must find the same.
    others = {one.row.stream for one, _ in found.as_journaled()} - opened
    wanted = opened | await cases.among(connection, others)
    touched = await context.streams.load(connection, wanted, found.begins)
    drafts = await renew_stale(connection, touched, digest, context)
    _take(found, touched, context.streams)
    for state in touched.values():
        state.law_digest = state.law_digest if state.pinned else digest
    await journal.add_parties(connection, _parties(found, touched))
    await lookups.save(connection, found, touched)
    await facts.save(connection, found, touched, context.schemas)
    await save(connection, touched, context, drafts, says=says)
    return touched, digest


async def renew_stale(
    connection: Connection, touched: dict[UUID, Stream], digest: str, context: CaseworkContext
) -> list[Draft]:
    """Derive cases of an older fold or law again; return the events that record it."""
    stale = {stream: state for stream, state in touched.items() if is_stale(state, digest)}
    return await renew(connection, stale, digest, context) if stale else []


def _take(found: Sorted, touched: dict[UUID, Stream], streams: Streams) -> None:
    for one in found.fresh:
        if one.row.stream in touched:
            event = streams.event_of(one)
            touched[one.row.stream].add(event)
            if event.type == CASE_REINTERPRETED and event.agency == BUS:
                _reinterpret(touched[one.row.stream], event)
    for one, same in found.copies:
        stream = touched.get(one.row.stream)
        if stream is None:
            continue
        if same:
            stream.widen(one.row.source, one.row.event_id, one.stamps.sector_by_recipient)
        else:
            stream.conflict(one.row.source, one.row.event_id)


def _reinterpret(state: Stream, event: CaseEvent) -> None:
    """A person ties the case to a law. The bus's own events leave it under the law in force."""
    if event.data.get("pinned", True):
        state.law_digest = event.data["law_after"] or None
        state.pinned = state.law_digest is not None
    if state.renewing == event.id:
        state.renewing = None


async def save(
    connection: Connection,
    touched: dict[UUID, Stream],
    context: CaseworkContext,
    drafts: list[Draft],
    *,
    renewed: bool = False,
    says: bool = True,
) -> None:
    """Fold the streams, write their rows, and send `drafts` and, with `says`, what they owe.

    If they were only `renewed` and nobody is told, the day of the last change stays.
    """
    told = {UUID(one.envelope.subject) for one in drafts if one.envelope.to}
    rows: list[CaseRows] = []
    owed: list[tuple[Derived, Draft]] = []
    known = {stream for stream, state in touched.items() if state.version}
    parties: dict[UUID, tuple[str, ...]] = {}
    await _leave_out(connection, touched)
    moment = context.now()
    for stream, state in touched.items():
        still = renewed and stream not in told
        now = (state.updated_at if still else None) or moment
        state.updated_at, state.fold_version = now, FOLD_VERSION
        law = await context.laws.get(connection, state.law_digest or "")
        state.version += 1
        try:
            case = fold(state.events.values(), law)
            shown = _shown(case, state, law, now)
            said = _owed(case, state, context, now) if says and context.speaks else []
        except Exception as error:
            log.exception("fold suspended", extra={"case_id": str(stream)})
            rows.append(_by(state, suspended_rows(stream, error, law.digest, state.version, now)))
            if stream not in known:
                parties[stream] = named(state.events.values())
            continue
        rows.append(_by(state, shown))
        owed += said
        if case.participants != state.parties:
            parties[stream] = state.parties = case.participants
    before = {stream: state.shown for stream, state in touched.items() if state.shown is not None}
    for stream, marks in (await cases.save(connection, rows, known, before)).items():
        touched[stream].shown = marks
    await journal.replace_parties(connection, parties)
    await lookups.forget(connection, touched)
    if context.speaks:
        # A change is told before its consequences.
        await _enqueue(connection, [*drafts, *await _unheld(connection, owed, touched)], context)


async def _leave_out(connection: Connection, touched: dict[UUID, Stream]) -> None:
    """Note the events that found no room, so that the next reader of the stream leaves them out."""
    await cases.leave_out(
        connection, [(stream, *one) for stream, state in touched.items() for one in state.left_out]
    )
    for state in touched.values():
        state.left_out.clear()


async def _unheld(
    connection: Connection, owed: list[tuple[Derived, Draft]], touched: dict[UUID, Stream]
) -> list[Draft]:
    """Keep the statements that may be sent now. The others are owed again at the next fold."""
    held = await held_back(connection, (one for one, _ in owed))
    for one, _ in owed:
        if one.id in held:
            touched[UUID(one.stream)].said.discard(one.id)
    return [draft for one, draft in owed if one.id not in held]


def _by(state: Stream, rows: CaseRows) -> CaseRows:
    """Note in the case's row the fold and law of the rows."""
    return replace(rows, case=replace(rows.case, pinned=state.pinned, renewing=state.renewing))


def _shown(case: Case, state: Stream, law: Law, now: datetime) -> CaseRows:
    opened_at = state.opened_at(case)
    stream = UUID(case.stream)
    return rows_of(stream, case, law, version=state.version, opened_at=opened_at, updated_at=now)


def _owed(
    case: Case, state: Stream, context: CaseworkContext, now: datetime
) -> list[tuple[Derived, Draft]]:
    """Draft the statements about the case that the bus owes and has not sent yet."""
    fresh = [one for one in derive(case) if one.id not in state.said]
    said = [(one, draft_of(one, context.schemas, context.directory, now)) for one in fresh]
    state.said.update(one.id for one in fresh)
    return said


async def _enqueue(connection: Connection, drafts: list[Draft], context: CaseworkContext) -> None:
    """Sign the drafts that are not in the outbox yet, in one tree; the relay sends them."""
    identities = [(UUID(d.envelope.subject), d.envelope.source, d.envelope.id) for d in drafts]
    there = await outbox.enqueued(connection, identities)
    fresh = [draft for draft in drafts if draft.envelope.id not in there]
    if fresh:
        records = sign(fresh, context.key.current(), context.schemas)
        rows = [OutboxRow.of(one, BUS_DOOR) for one in records]
        await outbox.enqueue(connection, rows)


def _parties(found: Sorted, touched: dict[UUID, Stream]) -> set[tuple[str, UUID]]:
    """The authors and recipients in streams that are no cases; the fold names those of a case.

    A copy with another body makes nobody a party.
    """
    named = found.fresh + [one for one, same in found.copies if same]
    return {
        (agency, one.row.stream)
        for one in named
        if one.row.stream not in touched
        for agency in (one.envelope.agency, *one.stamps.recipients)
        if agency != BUS
    }
