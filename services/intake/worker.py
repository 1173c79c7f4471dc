"""The intake as a worker: one transaction for each batch, the ack after its commit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import NamedTuple
from uuid import UUID

from casebus import telemetry
from casebus.cases import Identity
from casebus.errors import CasebusError
from casebus.events.doors import door_of
from casebus.events.schemas import Schemas
from casebus.events.topics import sector_of_inbox
from casebus.events.types import INTAKE_ERASED, INTAKE_RECEIVED
from casebus.kafka.directory import following
from casebus.now import now_from
from casebus.polling import until
from casebus.signing.signers import Signers
from casebus.trust.directory import Agency, Directory
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft, sign
from services.intake.receiving import (
    InboxArrival,
    Reception,
    erased_id,
    hosted_recipients,
    received_id,
)
from services.intake.rules import load_rules
from services.transport import Batch, Handler, Producer, TopicPartition, WorkerSettings
from services.transport.worker import end_process
from storage import outbox, speaking
from storage.handles import Pool
from storage.outbox import OutboxRow
from storage.pool import BY_KEY, open_pool
from storage.resaying import keep_saying

_PAUSE_SECONDS = 0.05


class IntakeWord(NamedTuple):
    """The statements to make: the agency received this, or no longer holds the recalled event."""

    arrival: InboxArrival
    agency: Agency
    recalled: Identity | None = None


class Intake:
    """Puts the statements for each hosted recipient into the outbox, once."""

    def __init__(
        self,
        pool: Pool,
        schemas: Schemas,
        directory: Directory,
        reception: Reception,
        keys: Signers,
    ) -> None:
        self._pool, self._schemas, self._directory = pool, schemas, directory
        self._reception, self._keys = reception, keys

    async def __call__(self, batch: Batch) -> None:
        """Receive a batch; when it returns, the rows are committed."""
        arrivals = [InboxArrival.read(record.value, record.headers) for record in batch.records]
        await self._until_known(max(arrival.directory for arrival in arrivals))
        wanted = dict(self._wanted(arrivals, sector_of_inbox(batch.topic)))
        async with self._pool.acquire() as connection, connection.transaction():
            there = await outbox.enqueued(connection, list(wanted))
            fresh = [word for identity, word in wanted.items() if identity[2] not in there]
            await outbox.enqueue(connection, self._rows(fresh, sector_of_inbox(batch.topic)))
            after = batch.records[-1].offset + 1
            await speaking.note_received(connection, batch.topic, batch.partition, after)
        telemetry.count("casebus.intake.received", sum(one.recalled is None for one in fresh))

    async def on_assigned(self, partitions: list[TopicPartition]) -> Mapping[TopicPartition, int]:
        """Start at the end of the outbox: Kafka's offset may be later than a restored `own`."""
        found: dict[TopicPartition, int] = {}
        async with self._pool.acquire() as connection:
            for topic in {place.topic for place in partitions}:
                its = [place.partition for place in partitions if place.topic == topic]
                said = await speaking.received(connection, topic, its)
                found |= {TopicPartition(topic, one): offset for one, offset in said.items()}
        return found

    async def _until_known(self, position: int) -> None:
        """Wait for as many directory entries as admission had: recipients may be among the last."""
        await until(lambda: self._directory.position >= position, _PAUSE_SECONDS)

    def _wanted(
        self, arrivals: list[InboxArrival], sector: str
    ) -> Iterator[tuple[tuple[UUID, str, str], IntakeWord]]:
        """The statements by identity: a record that came twice is answered once."""
        for arrival in arrivals:
            if not arrival.is_answered:
                continue
            about = arrival.envelope
            stream, recalled = UUID(about.subject), self._reception.recalled(arrival)
            for agency in hosted_recipients(arrival, sector, self._directory):
                yield (
                    (stream, agency.id, received_id(about, agency.id)),
                    IntakeWord(arrival, agency),
                )
                if recalled is not None and self._may_say(agency, INTAKE_ERASED):
                    said = erased_id(about.subject, recalled, agency.id)
                    yield (stream, agency.id, said), IntakeWord(arrival, agency, recalled)

    def _may_say(self, agency: Agency, ce_type: str) -> bool:
        """True if the agency lets us send this type: the right to one type is no right to all."""
        try:
            self._keys.signer(agency.id, ce_type)
        except CasebusError:
            return False
        return True

    def _rows(self, wanted: list[IntakeWord], sector: str) -> list[OutboxRow]:
        """Signed rows, one tree for each agency and type."""
        drafts: dict[tuple[str, str], list[Draft]] = {}
        for word in wanted:
            draft = self._draft(word)
            drafts.setdefault((word.agency.id, draft.envelope.type), []).append(draft)
        rows = []
        for (name, ce_type), its in drafts.items():
            key, delegate = self._keys.signer(name, ce_type)
            records = sign(its, key, self._schemas, signedby=delegate)
            rows += [OutboxRow.of(record, door_of(sector)) for record in records]
        return rows

    def _draft(self, word: IntakeWord) -> Draft:
        if word.recalled is None:
            return self._reception.draft(word.arrival, word.agency)
        return self._reception.erasure(word.arrival, word.agency, word.recalled)


def own_word(keys: Signers, source: str, ce_type: str) -> tuple[SigningKey, str | None] | None:
    """The signer of the intake's statements. None for those of others, and if no key is trusted."""
    return keys.entitled(source, ce_type) if ce_type in {INTAKE_RECEIVED, INTAKE_ERASED} else None


def _ended(task: asyncio.Task[None]) -> None:
    """Any end of it ends the process, and the next process goes on."""
    if not task.cancelled() and task.exception() is not None:
        end_process("saying_again_failed", task.exception())


@asynccontextmanager
async def open_intake(settings: WorkerSettings, _: Producer) -> AsyncIterator[Handler]:
    """Load the sectors' rules, follow the directory, connect, and yield the handler."""
    schemas = Schemas.load(settings.schemas_dir)
    rules = load_rules(settings.policies_dir / "intake")
    async with AsyncExitStack() as stack:
        follower = await stack.enter_async_context(following(settings, schemas))
        pool = await open_pool(settings.database_url, application="intake", planning=BY_KEY)
        stack.push_async_callback(pool.close)
        directory = follower.directory
        reception = Reception(schemas, directory, rules, now_from(settings))
        keys = Signers(settings.keys_dir, directory)
        again = asyncio.create_task(keep_saying(pool, partial(own_word, keys), schemas))
        again.add_done_callback(_ended)
        yield Intake(pool, schemas, directory, reception, keys)
        again.cancel()
