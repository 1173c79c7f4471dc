"""Compares Kafka's records with PostgreSQL's rows, byte by byte: value, headers, leaves, roots.

Only the roots depend on more than one record. So several processes may compare side by side, each
its own partitions. The facts about each record go on to `Journal`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from aiokafka import TopicPartition

from casebus.events.schemas import Schemas
from casebus.events.topics import JOURNAL
from casebus.trust.merkle import Frontier
from operations.verify.records import JournalRead, read
from operations.verify.report import VerifyReport
from operations.verify.topics import Spans
from storage.handles import Handle
from storage.queries import load

_SQL = load("verifying")
_COLUMNS = (
    "stream",
    "source",
    "event_id",
    "event_leaf",
    "log_leaf",
    "value",
    "headers",
    "appended_at",
)
_AUTHORS = frozenset({"event_leaf", "value", "headers"})
_STAMPED = frozenset({"log_leaf"})

Batches = AsyncIterator[tuple[TopicPartition, Sequence[Any]]]


class SeenRecord(NamedTuple):
    """A record of the journal in the form for look-ups: its bytes are digests."""

    offset: int
    #: When Kafka took it, in milliseconds since 1970.
    taken: int
    leaf: bytes
    author: bytes
    whole: bytes
    subject: bytes
    source: bytes
    id: bytes
    type: bytes
    origin: bytes
    sequence: bytes | None
    routes: bytes | None


class RecordBatch(NamedTuple):
    """Some records of one partition, in order."""

    partition: int
    records: int
    bytes: int
    #: Those that have the headers that admission gives.
    seen: Sequence[SeenRecord]


@dataclass(slots=True)
class PartitionLog:
    """One partition: the place of index 0, its end in the tables, the root of its leaves."""

    base: int = 0
    next_index: int = 0
    next_offset: int = 0
    frontier: bytes = Frontier().to_bytes()
    #: For Kafka's records, as far as the tables have them.
    read: Frontier = field(default_factory=Frontier)
    #: The same by the tables' leaves, from the first differing one.
    stored: Frontier | None = None


Logs = dict[int, PartitionLog]


async def logs_of(report: VerifyReport, connection: Handle, epoch: int, spans: Spans) -> Logs:
    """The end of each partition in the tables; `spans` were taken later than that."""
    logs = {place.partition: PartitionLog() for place in spans}
    for row in await connection.fetch(_SQL["positions"], epoch):
        partition, index, offset = row["partition"], row["next_index"], row["next_offset"]
        place = TopicPartition(JOURNAL, partition)
        if place not in spans and index:
            report.problem("position_differs", f"partition {partition}")
            continue
        base = offset - index if place in spans and spans[place].first else 0
        if place in spans:
            logs[partition] = PartitionLog(base, index, offset, row["frontier"])
        if offset - index != base:
            report.problem("position_differs", f"partition {partition}")
    return logs


class TopicComparison:
    """Takes Kafka's records batch by batch, each beside its row."""

    def __init__(
        self,
        report: VerifyReport,
        schemas: Schemas,
        connection: Handle,
        epoch: int,
        logs: Mapping[int, PartitionLog],
    ) -> None:
        self._report, self._schemas = report, schemas
        self._connection, self._epoch = connection, epoch
        self._logs = logs

    async def batches(self, read_ahead: Batches) -> AsyncIterator[RecordBatch]:
        """PostgreSQL looks for the rows of a batch while the one before is hashed."""
        waiting: tuple[int, Sequence[Any]] | None = None
        asked: asyncio.Task[dict[int, Any]] | None = None
        try:
            async for place, records in read_ahead:
                if not records:
                    continue
                rows = await asked if asked else {}
                asked = asyncio.create_task(self._rows(place.partition, records))
                # The question is on its way before anything is hashed.
                await asyncio.sleep(0)
                if waiting:
                    yield self.take(*waiting, rows)
                waiting = (place.partition, records)
            if waiting and asked:
                yield self.take(*waiting, await asked)
        finally:
            if asked:
                asked.cancel()

    async def _rows(self, partition: int, records: Sequence[Any]) -> dict[int, Any]:
        log = self._logs[partition]
        first, last = records[0].offset - log.base, records[-1].offset - log.base
        until = min(last + 1, log.next_index)
        if until <= first:
            return {}
        rows = await self._connection.fetch(
            _SQL["journal_rows"], self._epoch, partition, first, until
        )
        return {row[-1]: row for row in rows}

    def take(self, partition: int, records: Sequence[Any], rows: Mapping[int, Any]) -> RecordBatch:
        log = self._logs[partition]
        seen: list[SeenRecord] = []
        leaves: list[bytes] = []
        #: Place among the leaves → the different leaf in the table.
        other: dict[int, bytes] = {}
        size = 0
        for record in records:
            index = record.offset - log.base
            is_due = index < log.next_index
            leaf = b""
            try:
                found = read(self._schemas, record)
                leaf = found.logged
                size += len(found.packed) + len(record.value or b"")
                if is_due and (stands := self._compare(partition, index, rows, record, found)):
                    other[len(leaves)] = stands
                seen.append(_seen(record, found))
            except ValueError:
                # Admission journals nothing without these headers.
                self._report.problem("event_altered", f"{JOURNAL} {partition}/{index}: headers")
            if is_due:
                leaves.append(leaf)
        _grow(log, leaves, other)
        return RecordBatch(partition, len(records), size, seen)

    def _compare(
        self, partition: int, index: int, rows: Mapping[int, Any], record: Any, found: JournalRead
    ) -> bytes | None:
        """The log leaf of the row, if it differs from that of the record."""
        place = f"{partition}/{index}"
        row = rows.get(index)
        if row is None:
            self._report.problem("not_recorded", place)
            return None
        subject, source, event_id, *_ = found.said
        expected = (
            subject.decode(),
            source.decode(),
            event_id.decode(),
            found.leaf,
            found.logged,
            record.value,
            found.packed,
            _moment(record.timestamp),
            index,
        )
        stands = tuple(row)
        if stands == expected:
            return None
        named = zip(_COLUMNS, stands, expected, strict=False)
        columns = {name for name, one, wanted in named if one != wanted}
        self._report.problem(
            _code(columns), f"derived.journal {place}: {', '.join(sorted(columns))}"
        )
        return row["log_leaf"] if "log_leaf" in columns else None

    def end(self, spans: Spans, settled: Spans) -> None:
        """Records that the tables lack or have too many, and the roots."""
        for place, span in spans.items():
            self._edges(place.partition, span, settled)
            self._root(place.partition)

    def _edges(self, partition: int, span: Any, settled: Spans) -> None:
        log = self._logs[partition]
        if span.first > log.base:
            self._report.problem("journal_shorter", f"{partition}/0 to {span.first - 1}")
        for index in range(max(span.end - log.base, 0), log.next_index):
            self._report.problem("stored_but_not_in_journal", f"{partition}/{index}")
        due = settled.get(TopicPartition(JOURNAL, partition))
        for index in range(log.next_index, (due.end if due else span.end) - log.base):
            self._report.problem("not_recorded", f"{partition}/{index}")

    def _root(self, partition: int) -> None:
        log = self._logs[partition]
        self._report.count("log roots")
        if log.read.size < log.next_index:
            return
        if log.read.to_bytes() != log.frontier:
            self._report.problem("root_differs", f"partition {partition}, by Kafka's bytes")
        if log.stored and log.stored.to_bytes() != log.frontier:
            place = f"partition {partition}, by the leaves of PostgreSQL"
            self._report.problem("root_differs", place)


def _code(columns: set[str]) -> str:
    if columns & _AUTHORS:
        return "event_altered"
    return "stamps_altered" if columns & _STAMPED else "row_altered"


def _grow(log: PartitionLog, leaves: Sequence[bytes], other: Mapping[int, bytes]) -> None:
    if other or log.stored:
        stored = [other.get(at, leaf) for at, leaf in enumerate(leaves)]
        log.stored = (log.stored or log.read).append(stored)
    log.read = log.read.append(leaves)


# A batch usually came within a few milliseconds.
@lru_cache(maxsize=64)
def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _seen(record: Any, found: JournalRead) -> SeenRecord:
    return SeenRecord(
        record.offset,
        record.timestamp,
        found.leaf,
        *found.digests,
        *found.said,
        found.sequence,
        found.routes,
    )
