"""The router as a worker: copies first, its checkpoint after, the ack last."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from casebus.events.doors import BUS
from casebus.events.schemas import Schemas
from casebus.kafka.directory import following
from casebus.now import now_from
from casebus.signing.signers import Signers
from services.router.checkpoint import Checkpoints
from services.router.routing import copies
from services.transport import Batch, Handler, Producer, WorkerSettings


class Router:
    """The handler of journal batches.

    A stamped topic that does not exist ends the worker. Admission stamps only topics of the
    installation, so the stamp is right and the topic is missing. To skip the recipient would lose a
    hand-over. The worker comes back until the topic is there.
    """

    def __init__(self, producer: Producer, checkpoints: Checkpoints, epoch: int) -> None:
        self._producer, self._checkpoints, self._epoch = producer, checkpoints, epoch

    async def __call__(self, batch: Batch) -> None:
        made = copies(batch, self._epoch)
        if not made:
            return
        await self._producer.send(made)
        await self._producer.send([self._checkpoints.of(batch, len(made))])


@asynccontextmanager
async def open_router(settings: WorkerSettings, producer: Producer) -> AsyncIterator[Handler]:
    """Copying does not wait for the directory: until it is read, the key in the folder signs."""
    schemas = Schemas.load(settings.schemas_dir)
    async with following(settings, schemas, waits=False) as follower:
        signers = Signers(settings.bus_key.parent, follower.directory)
        checkpoints = Checkpoints(
            signers.holder(BUS), schemas, now_from(settings), settings.journal_epoch
        )
        yield Router(producer, checkpoints, settings.journal_epoch)
