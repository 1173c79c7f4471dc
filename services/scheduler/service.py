"""The scheduler's process: wait for the lead, then do everything at once until SIGTERM."""

from __future__ import annotations

import asyncio
import logging
import signal
from contextlib import AsyncExitStack
from functools import partial
from typing import Any

import uvloop

from casebus import telemetry
from casebus.cases.listed import PenaltyEntryRules
from casebus.events.doors import BUS
from casebus.events.schemas import Schemas
from casebus.events.topics import JOURNAL, Topics
from casebus.kafka.directory import following
from casebus.now import now_from
from casebus.signing.signers import Signers
from casebus.tasks import together
from casebus.trust.witnessing import Witnessing
from services.scheduler.barrier import ADMISSION, Barrier
from services.scheduler.clocks import ClockTeller
from services.scheduler.directory import DirectoryHeartbeat, DirectoryReplicator
from services.scheduler.disclosure import Disclosure
from services.scheduler.heads import HeadSigner
from services.scheduler.hearing import PartitionHearing
from services.scheduler.heartbeat import SchedulerHeartbeat, still_before
from services.scheduler.imports import Imports
from services.scheduler.leader import leading
from services.scheduler.offsets import BrokerOffsets
from services.scheduler.organisations import Organisations
from services.scheduler.penalties import Penalties
from services.scheduler.questions import Questions
from services.scheduler.receipts import ReceiptSender
from services.scheduler.relay import Relay, until_sent
from services.scheduler.rights import Rights
from services.scheduler.standing import GroupProgress
from services.scheduler.statements import StatementSigner, own_word
from services.scheduler.waiting import FindingTeller
from services.transport import Producer, WorkerSettings
from services.transport.worker import end_process
from storage import scheduling
from storage.pool import open_pool
from storage.resaying import keep_saying

log = logging.getLogger(__name__)

NAME = "scheduler"


def run(settings: WorkerSettings) -> None:
    """Run until SIGTERM. Any failure ends the process, and the supervisor starts it again."""
    telemetry.setup(NAME)
    uvloop.run(_until_told(settings))


async def _until_told(settings: WorkerSettings) -> None:
    told = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, told.set)
    work = asyncio.create_task(serve(settings))
    stop = asyncio.create_task(told.wait())
    await asyncio.wait((work, stop), return_when=asyncio.FIRST_COMPLETED)
    if work.done():
        end_process("scheduler_failed", work.exception())
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def serve(settings: WorkerSettings) -> None:
    """Lead, or wait for it; runs until cancelled, raises any failure."""
    async with AsyncExitStack() as stack:
        leadership = await stack.enter_async_context(leading(settings))
        pool = await open_pool(settings.database_url, application=NAME, most=4)
        stack.push_async_callback(pool.close)
        producer = await stack.enter_async_context(Producer(settings, client_id=NAME))
        offsets = await stack.enter_async_context(BrokerOffsets(settings, producer))
        schemas = Schemas.load(settings.schemas_dir)
        follower = await stack.enter_async_context(following(settings, schemas))
        now = now_from(settings)
        signers = Signers(settings.bus_key.parent, follower.directory)
        signer = StatementSigner(signers.holder(BUS), schemas, now)
        topics = Topics.load(settings.schemas_dir)
        doors = topics.followed(ADMISSION)
        recorded = partial(scheduling.journal_offsets, pool)
        barrier = Barrier(offsets, recorded, doors)
        whole = Barrier(offsets, recorded, doors, partial(until_sent, pool))
        witnessing = Witnessing.load(settings.policies_dir)
        partitions = partial(producer.partitions, JOURNAL)
        standing = GroupProgress(
            offsets, topics.watched(NAME), recorded=recorded, before=await still_before(pool)
        )
        tells = await asyncio.to_thread(Disclosure.load, settings.policies_dir)
        asking = await asyncio.to_thread(PenaltyEntryRules.load, settings.policies_dir)
        knows: dict[str, Any] = {"directory": follower.directory, "asking": asking}
        hearing = PartitionHearing(barrier, partitions)
        shared: dict[str, Any] = {
            "pool": pool,
            "barrier": barrier,
            "signer": signer,
            "directory": follower.directory,
            "now": now,
            "partitions": partitions,
        }
        await together(
            leadership.watch(),
            hearing.run(),
            Relay(leadership.connection, producer, hearing.has_heard).run(),
            ClockTeller(**shared).run(),
            FindingTeller(**shared).run(),
            Questions(pool, signer, barrier, partitions, now=now).run(),
            Organisations(pool, signer, whole, partitions, disclosure=tells, now=now).run(),
            Rights(pool, signer, whole, partitions).run(),
            Imports(pool, signer, whole, partitions).run(),
            Penalties(pool, signer, whole, partitions, **knows).run(),
            DirectoryHeartbeat(offsets, producer).run(),
            DirectoryReplicator(settings, pool, producer).run(),
            HeadSigner(pool, signers.holder(BUS), settings.root_digest).run(),
            ReceiptSender(pool, producer, follower.directory, witnessing).run(),
            standing.run(),
            SchedulerHeartbeat(pool, standing, hearing.shown).run(),
            keep_saying(pool, partial(own_word, signers.holder(BUS)), schemas),
        )
