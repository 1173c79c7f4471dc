"""`casebus verify` as a whole: its order of reading, so that no record on its way is an error.

It first takes Kafka's ends and waits until admission, casework and the router pass them. Then it
reads PostgreSQL in one snapshot, and Kafka up to the ends that it has by then.
"""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import asyncpg
from aiokafka import TopicPartition

from casebus.events.doors import door_of
from casebus.events.schemas import Schemas
from casebus.events.topics import (
    DIRECTORY,
    EVERY,
    JOURNAL,
    REJECTED,
    Topics,
    hosted_inbox_of,
    inbox_of,
    receipts_of,
    rejected_of,
)
from casebus.law import Law
from casebus.polling import until
from casebus.settings import Settings
from casebus.tasks import together
from casebus.trust.directory import Directory
from operations.verify import refolding, stored
from operations.verify.comparing import RecordBatch, logs_of
from operations.verify.directory import Entries
from operations.verify.doors import DoorChecks
from operations.verify.heads import HeadChecks
from operations.verify.inboxes import Inboxes
from operations.verify.jobs import Share, alone, is_short, jobs_for, side_by_side
from operations.verify.journal import JournalChecks
from operations.verify.receipts import ReceiptsSent
from operations.verify.rejected import RejectedCheck, Returned
from operations.verify.report import VerifyReport, WorkPart
from operations.verify.topics import Spans, TopicEnds
from storage.handles import Connection
from storage.queries import load
from storage.sampling import ALL, Sample
from storage.scheduling import directory_copied

#: How long to wait for records on their way.
SETTLING_SECONDS = 10.0
_LOOK_SECONDS = 0.25
_SQL = load("verifying")

Advance = Callable[[str, int, int], None]
"""Called with a part's name, how many of its records are done, and of how many."""


def _untold(_part: str, _done: int, _all: int) -> None:
    """Nobody watches."""


async def verify(
    settings: Settings,
    advance: Advance = _untold,
    *,
    sample: Sample = ALL,
    settling_seconds: float = SETTLING_SECONDS,
    jobs: int | None = None,
    signatures: bool = True,
) -> VerifyReport:
    """Compare everything, as Kafka's admin and the database's owner; fold the sample again.

    `jobs` processes read the journal; without a number, its length decides.
    """
    report = VerifyReport()
    connection: Connection = await asyncpg.connect(settings.database_url)
    try:
        async with TopicEnds(settings) as kafka:
            due = await settled(kafka, connection, settling_seconds)
            deriving = partial(_derived_again, report, settings, advance, sample, settling_seconds)
            async with connection.transaction(isolation="repeatable_read", readonly=True):
                at_once = is_short(due.journal) and await _is_installed(connection)
                given = (settings, kafka, connection, report, advance)
                reading = Verification(*given, jobs=jobs, signatures=signatures).run(due)
                if at_once:
                    # While one waits for Kafka or PostgreSQL, the other works.
                    await together(reading, deriving())
                else:
                    await reading
                if not sample.is_whole:
                    await refolding.invented(report, connection)
    finally:
        await connection.close()
    if not at_once:
        # With a long journal, the first keeps the processors busy, and both hold much of the
        # journal.
        await deriving()
    return report


async def _is_installed(connection: Connection) -> bool:
    """True if the installation's row is unchanged, because the new derivation depends on it."""
    found = VerifyReport()
    await stored.check_installation(found, connection)
    return found.ok


async def _derived_again(
    report: VerifyReport, settings: Settings, advance: Advance, sample: Sample, seconds: float
) -> None:
    """The sample's rows; nothing if the installation's row has changed."""
    if "installation_altered" in report.problems:
        report.problem("not_compared", "own.installation")
        return
    if not sample.share:
        return
    with _timed(report, "derived again") as part:

        def count(done: int, total: int) -> None:
            part.records = total
            advance(part.name, done, total)

        await refolding.check(report, settings, sample, count, seconds)


@dataclass(frozen=True, slots=True)
class WaitedFor:
    """The ends of Kafka's topics at a moment.

    The check waited until every worker had passed them.
    """

    at: datetime
    doors: Spans
    journal: Spans
    rejected: Spans
    receipts: Spans


async def settled(kafka: TopicEnds, connection: Connection, seconds: float) -> WaitedFor:
    """Wait for records on their way; those still missing by the end are disagreements."""
    deadline = time.monotonic() + seconds
    at = await connection.fetchval(_SQL["moment"])
    doors = await kafka.spans(kafka.named(door_of(EVERY)))
    await _until(lambda: kafka.passed("admission", doors), deadline)
    journal, rejected = await kafka.spans([JOURNAL]), await kafka.spans([REJECTED])
    await _until(lambda: _recorded(connection, journal | rejected), deadline)
    await _until(lambda: kafka.passed("router", journal), deadline)
    receipts = await kafka.spans(kafka.named(receipts_of(EVERY)))
    return WaitedFor(at, doors, journal, rejected, receipts)


async def _until(holds: Callable[[], Awaitable[bool]], deadline: float) -> None:
    async def is_over() -> bool:
        return await holds() or time.monotonic() >= deadline

    await until(is_over, _LOOK_SECONDS)


async def _recorded(connection: Connection, spans: Spans) -> bool:
    epoch = await connection.fetchval(_SQL["epoch"])
    rows = await connection.fetch(_SQL["positions"], epoch)
    there = {TopicPartition(JOURNAL, row["partition"]): row["next_offset"] for row in rows}
    rows = await connection.fetch(_SQL["rejected_positions"])
    there |= {TopicPartition(REJECTED, row["partition"]): row["next_offset"] for row in rows}
    return all(there.get(place, 0) >= span.end for place, span in spans.items())


class Verification:
    """One pass over the topics; `connection` sees one moment."""

    def __init__(
        self,
        settings: Settings,
        kafka: TopicEnds,
        connection: Connection,
        report: VerifyReport,
        advance: Advance,
        *,
        jobs: int | None = None,
        signatures: bool = True,
    ) -> None:
        self._settings, self._kafka, self._connection = settings, kafka, connection
        self._jobs, self._signatures = jobs, signatures
        self._schemas = Schemas.load(settings.schemas_dir)
        self._topics = Topics.load(settings.schemas_dir)
        self._installed = Law.load(settings.policies_dir / "law").digest
        self._advance, self._report = advance, report
        self._root_digest = settings.root_digest

    async def run(self, due: WaitedFor) -> None:
        report, connection = self._report, self._connection
        # If the row is gone, which is reported below, the first epoch is the usual one.
        epoch = await connection.fetchval(_SQL["epoch"]) or 1
        journal = JournalChecks(report, epoch)
        # The snapshot begins with that statement: Kafka holds all of it and maybe more.
        spans = await self._kafka.spans([JOURNAL])
        share = await self._share(spans, due, epoch)
        await self._compare(journal, share)
        entries = await self._entries()
        if self._signatures:
            await self._signed(replace(share, history=entries.history))
        refused = await self._rejected(journal, due)
        journal.sequences.end()
        await self._doors(journal, refused, due)
        await self._inboxes(journal, spans, due)
        copied = await directory_copied(connection)
        entries.end(journal.entries, refused.authors(), copied)
        with _timed(report, "tables"):
            await stored.check(report, connection, due.at, self._installed)
        with _timed(report, "signed heads"):
            heads = HeadChecks(report, connection, entries.directory, epoch)
            await heads.check()
        await self._receipts(entries.directory, heads, due)

    async def _compare(self, journal: JournalChecks, share: Share) -> None:
        with _timed(self._report, "journal") as part:
            async for batch in self._batches(part, share):
                journal.take(batch)
        for row in await self._connection.fetch(_SQL["beyond_fence"]):
            self._report.problem("stored_beyond_fence", "/".join(map(str, row)))

    async def _signed(self, share: Share) -> None:
        with _timed(self._report, "signatures") as part:
            async for _ in self._batches(part, share):
                pass

    async def _share(self, spans: Spans, due: WaitedFor, epoch: int) -> Share:
        snapshot = await self._connection.fetchval(_SQL["snapshot"])
        logs = await logs_of(self._report, self._connection, epoch, spans)
        return Share(self._settings, snapshot, epoch, logs, spans, due.journal)

    async def _batches(self, part: WorkPart, share: Share) -> AsyncGenerator[RecordBatch]:
        """The journal's records, by as many processes as it needs; counted and reported."""
        report, total = self._report, _records(share.spans)
        jobs = jobs_for(share.spans, self._jobs)
        batches = (
            alone(report, share, self._schemas, self._connection, self._kafka)
            if jobs == 1
            else side_by_side(report, share, jobs)
        )
        async with aclosing(batches):
            async for batch in batches:
                yield batch
                part.records += batch.records
                part.bytes += batch.bytes
                self._advance(part.name, part.records, total)

    async def _rejected(self, journal: JournalChecks, due: WaitedFor) -> RejectedCheck:
        found = RejectedCheck(self._report, self._connection, journal.sequences)
        spans = await self._kafka.spans([REJECTED])
        await found.begin()
        async for place, records in self._read(REJECTED, found, spans):
            found.take(place.partition, records)
        await found.rows(spans, due.rejected)
        returned = Returned(self._report, self._connection)
        spans = await self._kafka.spans(self._kafka.named(rejected_of(EVERY)))
        await returned.begin(due.at)
        async for place, records in self._read("returned", returned, spans):
            returned.take(place.topic, place.partition, records)
        returned.end(spans)
        return found

    async def _doors(self, journal: JournalChecks, refused: RejectedCheck, due: WaitedFor) -> None:
        doors = DoorChecks(self._report, journal, refused.by_door)
        spans = await self._kafka.spans(self._kafka.named(door_of(EVERY)))
        async for place, records in self._read("front doors", doors, spans):
            doors.take(place, records, due.doors)
        doors.end(spans)

    async def _inboxes(self, journal: JournalChecks, read: Spans, due: WaitedFor) -> None:
        inboxes = Inboxes(self._report, journal, self._topics)
        named = {*self._kafka.named(hosted_inbox_of(EVERY)), *self._kafka.named(inbox_of(EVERY))}
        spans = await self._kafka.spans(sorted(named))
        async for place, records in self._read("inboxes", inboxes, spans):
            inboxes.take(place.topic, place.partition, records, read)
        inboxes.end(due.journal)

    async def _receipts(self, directory: Directory, kept: HeadChecks, due: WaitedFor) -> None:
        sent = ReceiptsSent(self._report, self._connection, directory, kept, due.receipts)
        spans = await self._kafka.spans(self._kafka.named(receipts_of(EVERY)))
        async for place, records in self._read("receipts", sent, spans):
            await sent.take(place.topic, records)
        await sent.end()

    async def _entries(self) -> Entries:
        """The directory as its readers have it: at least the part that admission had."""
        entries = Entries(self._report, Directory(self._schemas, self._root_digest))
        spans = await self._kafka.spans([DIRECTORY])
        async for _, records in self._read(DIRECTORY, entries, spans):
            entries.take(records)
        return entries

    async def _read(self, name: str, reader: Any, spans: Spans) -> Any:
        """The batches of a part; counted, timed and reported."""
        total = _records(spans)
        with _timed(self._report, name) as part:
            async for place, records in self._kafka.read(spans):
                if records:
                    yield place, records
                part.records += len(records)
                self._advance(name, part.records, total)
            part.bytes = reader.bytes


def _records(spans: Spans) -> int:
    return sum(span.end - span.first for span in spans.values())


@contextmanager
def _timed(report: VerifyReport, name: str) -> Iterator[WorkPart]:
    part = WorkPart(name)
    report.parts.append(part)
    began = time.perf_counter()
    try:
        yield part
    finally:
        part.seconds = time.perf_counter() - began
