"""One batch of the journal, one transaction: fence, journal, events, evidence, cases."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

from casebus.cases.renewing import refuse_newer
from services.casework.adopting import note_voids, standing
from services.casework.context import CaseworkContext
from services.casework.evidence import gather
from services.casework.fence import beyond_fence
from services.casework.folding import fold_touched, renew_stale, save
from services.casework.records import Journaled
from services.casework.sorting import sort
from services.casework.streams import Stream
from services.transport import Batch
from storage import journal, speaking
from storage.handles import Connection
from storage.journal import RecordedPosition

#: The number of records whose cases speak in one transaction.
_SAID_AT_ONCE = 500


async def record(
    connection: Connection,
    batch: Batch,
    context: CaseworkContext,
    *,
    end: int = 0,
    wanted: Callable[[Journaled], bool] = lambda _: True,
) -> dict[UUID, Stream]:
    """Record a batch inside the caller's transaction; returns the streams to remember after commit.

    Its statements leave with it if nothing before it is unsaid, and if it reaches `end`, the
    journal's end at the start. Below that end the journal itself may hold statements (ADR 48). A
    caller that derives a sample again gives the `wanted` streams. The log holds every record in any
    case.
    """
    position = await journal.lock_position(connection, context.epoch, batch.partition)
    refuse_newer(position.newest_fold)
    digest = await standing(connection, context, batch.partition, position.law)
    rows = await beyond_fence(connection, batch, context, position)
    if not rows:
        return {}
    after = position.next_index + len(rows)
    spoken = (
        await speaking.spoken(connection, context.epoch, batch.partition) if context.speaks else 0
    )
    if after <= spoken:
        # All its statements were sent in an earlier life: it is recorded as a rebuild does it.
        context = replace(context, speaks=False)
    reaches = batch.records[-1].offset + 1 >= end
    says = context.speaks and reaches and position.next_index == spoken
    taken = [one for one in rows if wanted(one)]
    await journal.append(connection, (one.row for one in taken))
    found = await sort(connection, taken)
    note_voids(found, context)
    await journal.add_events(connection, [one.event_row() for one in found.fresh])
    copies = [one.copy_row(same=same) for one, same in found.copies]
    await journal.add_copies(connection, copies)
    await gather(found.fresh, context.schemas).save(connection)
    touched, digest = await fold_touched(connection, found, context, digest, says=says)
    await journal.advance_position(
        connection,
        context.epoch,
        batch.partition,
        RecordedPosition(
            next_index=after,
            next_offset=batch.records[-1].offset + 1,
            frontier=position.frontier.append([one.row.log_leaf for one in rows]),
            law=digest,
        ),
    )
    if says:
        await speaking.note_spoken(connection, context.epoch, batch.partition, after)
    return touched


async def say_owed(
    connection: Connection, partition: int, context: CaseworkContext
) -> dict[UUID, Stream] | None:
    """Say what the cases of the next silently recorded records owe; None at the end.

    The caller's transaction keeps both the statements and the progress.
    """
    position = await journal.lock_position(connection, context.epoch, partition)
    refuse_newer(position.newest_fold)
    first = await speaking.spoken(connection, context.epoch, partition)
    until = min(first + _SAID_AT_ONCE, position.next_index)
    if until <= first:
        return None
    digest = await standing(connection, context, partition, position.law)
    named = await speaking.cases_among(connection, context.epoch, partition, first, until)
    touched = await context.streams.load(connection, named)
    drafts = await renew_stale(connection, touched, digest, context)
    await save(connection, touched, context, drafts, renewed=True)
    await speaking.note_spoken(connection, context.epoch, partition, until)
    return touched
