"""`relay.checkpoint`: the bus's signed statement that a stretch of the journal is delivered.

The inboxes hold its copies.
"""

from __future__ import annotations

import uuid

from uuid6 import uuid7

from casebus.events.doors import BUS_DOOR
from casebus.events.envelope import Envelope
from casebus.events.schemas import Schemas
from casebus.events.types import RELAY_CHECKPOINT
from casebus.now import Now
from casebus.trust.keys import Holder
from casebus.trust.signing import Draft, sign
from services.transport import Batch, Outgoing

SOURCE = "bus/router"
_STREAMS = uuid.UUID("6f1c9a52-8c0e-5d57-9f0b-0f6f2f6a3a11")


class Checkpoints:
    """Makes the finished record for a batch whose copies every in-sync replica has."""

    def __init__(self, key: Holder, schemas: Schemas, now: Now, epoch: int) -> None:
        self._key, self._schemas, self._now, self._epoch = key, schemas, now, epoch
        self._dataschema = schemas.latest(RELAY_CHECKPOINT).uri

    def of(self, batch: Batch, relayed: int) -> Outgoing:
        """The checkpoint of `relayed` copies made of `batch`, addressed to nobody."""
        now = self._now()
        envelope = Envelope(
            # A batch handled twice is reported twice: two statements, two identities.
            id=str(uuid7()),
            type=RELAY_CHECKPOINT,
            source=SOURCE,
            # One stream for each day and partition, so that none grows without end.
            subject=str(uuid.uuid5(_STREAMS, f"{self._epoch}/{batch.partition}/{now:%Y-%m-%d}")),
            time=now,
            dataschema=self._dataschema,
        )
        body = {
            "epoch": self._epoch,
            "partition": batch.partition,
            "first_offset": batch.records[0].offset,
            "last_offset": batch.records[-1].offset,
            "records": relayed,
        }
        draft = Draft(envelope, self._schemas.encode(RELAY_CHECKPOINT, body))
        [record] = sign([draft], self._key.current(), self._schemas)
        return Outgoing(BUS_DOOR, None, record.key, record.value, record.headers)
