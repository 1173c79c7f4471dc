"""The Faust worker: judges each batch and hands it on before it is acked."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import ConsumerRecord

from casebus import telemetry
from casebus.admission.judge import Arrival, Judge, appended_at
from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.events.topics import JOURNAL, REJECTED, Topics
from casebus.kafka.directory import DirectoryFollower, following
from casebus.law import Law
from casebus.now import Now, now_from
from casebus.polling import until
from services.admission.pace import Pace
from services.admission.stamps import journal_headers, rejected_record
from services.transport import Batch, Handler, Outgoing, Producer, WorkerSettings

log = logging.getLogger(__name__)

#: Records judged before another door has its turn: some hundredths of a second.
RECORDS_AT_ONCE = 100
_PAUSE_SECONDS = 0.1


class Admission:
    """The front door's state: the judge, and the directory it judges by."""

    def __init__(
        self,
        judge: Judge,
        follower: DirectoryFollower,
        producer: Producer,
        law: str,
        now: Now,
        *,
        pace: Pace,
    ) -> None:
        self._judge = judge
        self._follower = follower
        self._producer = producer
        self._law = law
        self._now = now
        self._pace = pace

    async def handle(self, batch: Batch) -> None:
        """Judge a batch and send the results, in order, before returning.

        It takes some records at a time. Between them other doors have their turn, and a door above
        its quota waits alone.
        """
        await self._until_fresh()
        partitions = await self._producer.partitions(batch.topic)
        for at in range(0, len(batch.records), RECORDS_AT_ONCE):
            some = batch.records[at : at + RECORDS_AT_ONCE]
            rejected = await self._admit([_arrival(batch, one, partitions) for one in some])
            admitted, now = len(some) - rejected, time.monotonic()
            await asyncio.sleep(self._pace.owed(batch.topic, admitted, rejected, now))

    async def _admit(self, arrivals: list[Arrival]) -> int:
        """Send the result of each, and return the number of rejects."""
        outgoing = [self._decide(arrival) for arrival in arrivals]
        await self._producer.send(outgoing)
        rejected = sum(one.topic == REJECTED for one in outgoing)
        telemetry.count("casebus.admission.admitted", len(outgoing) - rejected)
        telemetry.count("casebus.admission.rejected", rejected)
        return rejected

    async def _until_fresh(self) -> None:
        """Wait while the directory is stale by 5 s.

        Reject nothing (design rule 9, the directory).
        """
        if self._follower.fresh():
            return
        log.warning("paused: the directory is stale")
        await until(self._follower.fresh, _PAUSE_SECONDS)
        log.warning("goes on: the directory is fresh")

    def _decide(self, arrival: Arrival) -> Outgoing:
        try:
            admitted = self._judge(arrival)
        except CasebusError as error:
            return self._refuse(arrival, error)
        headers = journal_headers(
            arrival,
            admitted,
            law=self._law,
            directory=self._follower.directory.position,
            at=self._now(),
        )
        return Outgoing(JOURNAL, None, arrival.record.key, arrival.record.value, headers)

    def _refuse(self, arrival: Arrival, error: CasebusError) -> Outgoing:
        kept = rejected_record(arrival, error, self._judge.known(arrival), at=self._now())
        return Outgoing(REJECTED, None, kept.key, kept.value, kept.headers)


def _arrival(batch: Batch, record: ConsumerRecord, partitions: int) -> Arrival:
    headers = tuple((name, text or b"") for name, text in record.headers)
    return Arrival(
        record=Record(record.key, record.value, headers),
        topic=batch.topic,
        partition=batch.partition,
        offset=record.offset,
        appended_at=appended_at(record.timestamp),
        partitions=partitions,
    )


@asynccontextmanager
async def open_admission(settings: WorkerSettings, producer: Producer) -> AsyncIterator[Handler]:
    """Load schemas and law, follow the directory, and yield the handler."""
    schemas = Schemas.load(settings.schemas_dir)
    law = Law.load(settings.policies_dir / "law")
    async with following(settings, schemas) as follower:
        topics = Topics.load(settings.schemas_dir)
        hosted = frozenset(topics.hosted)
        now = now_from(settings)
        judge = Judge(schemas, follower.directory, law, hosted, now)
        pace = Pace(topics.door_records, topics.door_rejects)
        admission = Admission(judge, follower, producer, law.digest, now, pace=pace)
        yield admission.handle
