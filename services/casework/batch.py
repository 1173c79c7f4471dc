"""One batch of the journal, one transaction: fence, journal, events, evidence, cases."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from casebus.cases.renewing import refuse_newer
from services.casework.adopting import note_voids, standing
from services.casework.desk import Desk
from services.casework.evidence import gather
from services.casework.fence import beyond_fence
from services.casework.folding import fold_touched
from services.casework.sorting import sort
from services.casework.streams import Stream
from services.transport import Batch
from storage import journal
from storage.journal import Position


async def record(connection: Any, batch: Batch, desk: Desk) -> dict[UUID, Stream]:
    """Record a batch inside the caller's transaction; the streams to remember after commit."""
    position = await journal.lock_position(connection, desk.epoch, batch.partition)
    refuse_newer(position.newest_fold)
    law = await standing(connection, desk, batch.partition, position.law)
    rows = await beyond_fence(connection, batch, desk, position)
    if not rows:
        return {}
    await journal.append(connection, (one.row for one in rows))
    found = await sort(connection, rows)
    note_voids(found, desk)
    await journal.add_events(connection, [one.event_row() for one in found.fresh])
    copies = [one.copy_row(same=same) for one, same in found.copies]
    await journal.add_copies(connection, copies)
    await gather(found.fresh, desk.schemas).save(connection)
    touched, law = await fold_touched(connection, found, desk, law)
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
