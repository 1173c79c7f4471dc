"""查阅: the first opening of a delivered event, reported by a signed `intake.opened`.

Design rule 17, steps of a hand-over.

The event goes through the outbox. So the reader never waits for a broker, and no reading stays
unreported because a broker was away.
"""

from __future__ import annotations

from casebus.cases.keys import key_of
from casebus.events.doors import door_of
from casebus.events.envelope import Envelope
from casebus.events.types import INTAKE_OPENED
from casebus.rows import RowLike
from casebus.trust.signing import Draft, sign
from gateway.runtime.context import Gateway
from storage import outbox, reads
from storage.outbox import OutboxRow


async def note(gateway: Gateway, agency: str, source: str, event_id: str, *, actor: str) -> None:
    """Say that `agency` opened this event, if it was delivered and is opened for the first time.

    An agency whose key is not here confirms retrieval itself, or is `retrieval unknown`.
    """
    database = await gateway.database()
    row = await reads.inbox_item(database, agency, source, event_id)
    if row is not None:
        await note_row(gateway, agency, row, actor=actor)


async def note_row(gateway: Gateway, agency: str, row: RowLike, *, actor: str) -> None:
    """The same for a row of the inbox."""
    key = None if row["retrieved_at"] is not None else gateway.key_of(agency)
    entry = gateway.directory().agency(agency)
    if key is None or entry is None:
        return
    (record,) = sign([_draft(gateway, agency, row, actor)], key, gateway.schemas)
    database = await gateway.database()
    await outbox.enqueue(database, [OutboxRow.of(record, door_of(entry.sector))])


def _draft(gateway: Gateway, agency: str, row: RowLike, actor: str) -> Draft:
    stream = str(row["stream"])
    offset = row["event_index"] + row["shift"]
    data = {
        "agency": agency,
        "event_source": row["source"],
        "event_id": row["id"],
        "event_type": row["type"],
        "position": f"{row['event_epoch']}/{row['event_partition']}/{offset}",
        "actor": actor,
    }
    envelope = Envelope(
        # Deterministic: an agency opens an event for the first time once.
        id=key_of(stream, INTAKE_OPENED, agency, row["source"], row["id"]),
        type=INTAKE_OPENED,
        source=agency,
        subject=stream,
        time=gateway.now(),
        dataschema=gateway.schemas.latest(INTAKE_OPENED).uri,
        causationid=(row["id"],),
    )
    return Draft(envelope, gateway.schemas.encode(INTAKE_OPENED, data))
