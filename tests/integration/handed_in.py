"""Records as the gateway stores them before it sends them."""

from __future__ import annotations

from datetime import timedelta

from casebus.events.envelope import Envelope, Record
from storage import submissions
from storage.handles import WriteHandle
from storage.submissions import Finished

#: More than the gateway's own time to send.
LONG_AGO = timedelta(minutes=5)


async def hand_in(
    db: WriteHandle, record: Record, topic: str, *, age: timedelta = timedelta(0)
) -> Finished:
    """Store a record that was handed in so long ago and that nobody sent."""
    envelope = Envelope.from_headers(record.headers)
    finished = Finished.of(record, envelope, agency=envelope.agency, digest=b"d" * 32, topic=topic)
    await submissions.store(db, finished)
    await db.execute(
        "update own.submission set created_at = now() - $2::interval where event_id = $1",
        finished.event_id,
        age,
    )
    return finished
