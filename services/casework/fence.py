"""The fence (design rule 6): it checks records below it and refuses records above it."""

from __future__ import annotations

from collections.abc import Sequence

from casebus.errors import CasebusError
from services.casework.context import CaseworkContext
from services.casework.records import Journaled, read
from services.transport import Batch
from storage import journal
from storage.handles import Connection
from storage.journal import RecordedPosition


async def beyond_fence(
    connection: Connection, batch: Batch, context: CaseworkContext, position: RecordedPosition
) -> list[Journaled]:
    """Records not recorded yet. Recorded ones must carry the stored leaf (rule 6, the fence)."""
    first = batch.records[0].offset
    if first > position.next_offset:
        raise CasebusError("journal_gap", f"{first} came, {position.next_offset} is next")
    rows = [
        read(
            record,
            context.schemas,
            epoch=context.epoch,
            partition=batch.partition,
            log_index=position.next_index + record.offset - position.next_offset,
        )
        for record in batch.records
    ]
    if batch.records[-1].offset - first != len(rows) - 1:
        raise CasebusError("journal_gap", f"offsets from {first} are not consecutive")
    old = [row for row in rows if row.row.log_index < position.next_index]
    await _check_stored(connection, old, context.epoch, batch.partition)
    return rows[len(old) :]


async def _check_stored(
    connection: Connection, old: Sequence[Journaled], epoch: int, partition: int
) -> None:
    if not old:
        return
    first, last = old[0].row.log_index, old[-1].row.log_index
    stored = await journal.stored_leaves(connection, epoch, partition, first, last)
    for one in old:
        if stored.get(one.row.log_index) != one.row.log_leaf:
            raise CasebusError("journal_diverged", f"log index {one.row.log_index}")
