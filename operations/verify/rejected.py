"""The rejects: Kafka's topic, the rows that keep it, and the records returned to their senders."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import NAMESPACE_URL, uuid5

from aiokafka import TopicPartition

from casebus.events.envelope import Header
from casebus.events.kept import kept_headers
from casebus.events.stamps import ABRIDGED, AUTHOR, ORIGIN, Origin
from casebus.events.topics import REJECTED
from operations.verify.records import Digests, digests_of, headers_of
from operations.verify.report import VerifyReport
from operations.verify.sequences import Sequences
from operations.verify.topics import Span, Spans
from services.casework.rejects import COLUMNS, row_of
from storage.handles import Handle, Row
from storage.packing import unpack_headers
from storage.queries import load

_SQL = load("verifying")
_ROWS = 2_000
_HEADERS = COLUMNS.index("headers")
_VERIFIED = COLUMNS.index("verified")
_RETURNED = ("type", "source", "topic", "value", "headers")
#: Releases that noted no author counted it as verified if the signature was found good before.
_FOUND_GOOD = frozenset({"wrong_topic", "type_not_allowed"})


#: The errors of headers that nobody can have written.
_UNREADABLE = (KeyError, ValueError, struct.error)


@dataclass(frozen=True, slots=True)
class Refused:
    """One rejected record, as far as its door can be compared with it."""

    author: bytes
    #: If key and value were not kept: the value's digest.
    abridged: bytes | None
    has_value: bool

    def fits(self, record: Any) -> bool:
        """True if the record at the door is this one. No value of a state secret is kept."""
        if self.abridged is not None:
            return hashlib.sha256(record.value or b"").hexdigest().encode() == self.abridged
        value = record.value if self.has_value else None
        kept = kept_headers(headers_of(record))
        return digests_of(record.key, value, kept).author == self.author


class RejectedRow(NamedTuple):
    """The part of a record that `row_of` reads."""

    offset: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


class RejectedCheck:
    """Takes the topic's records, then the rows: each must agree with its own bytes and Kafka's."""

    def __init__(self, report: VerifyReport, connection: Handle, sequences: Sequences) -> None:
        self._report, self._connection, self._sequences = report, connection, sequences
        #: Door → offset → the rejected record.
        self.by_door: dict[tuple[str, int], dict[int, Refused]] = {}
        self._there: dict[tuple[int, int], Digests] = {}
        self._positions: dict[int, int] = {}
        #: The offsets that a restore passed over, by partition.
        self._passed: dict[int, list[Any]] = {}
        self.bytes = 0

    async def begin(self) -> None:
        rows = await self._connection.fetch(_SQL["rejected_positions"])
        self._positions = {row["partition"]: row["next_offset"] for row in rows}
        self._passed = {row["partition"]: row["passed"] for row in rows}

    def take(self, partition: int, records: Sequence[Any]) -> None:
        for record in records:
            headers = headers_of(record)
            texts = dict(headers)
            found = digests_of(record.key, record.value, headers)
            self._there[partition, record.offset] = found
            refused = Refused(found.author, texts.get(ABRIDGED), record.value is not None)
            try:
                came = Origin.parse(texts[ORIGIN].decode())
                self.by_door.setdefault((came.door, came.partition), {})[came.offset] = refused
            except (KeyError, ValueError):
                where = f"{REJECTED} {partition}/{record.offset}: headers"
                self._report.problem("rejected_altered", where)
            self._sequences.refuse(texts)
            self.bytes += len(record.value or b"")
        self._report.count("rejected records", len(records))

    def authors(self) -> set[bytes]:
        """The senders' bytes of all that was rejected."""
        return {one.author for there in self.by_door.values() for one in there.values()}

    async def rows(self, spans: Spans, settled: Spans) -> None:
        """Every row beside its record, from the first that was ever kept."""
        ends = {place.partition: span for place, span in spans.items()}
        for row in await self._connection.fetch(_SQL["rejected_edges"]):
            if row["last"] >= self._positions.get(row["partition"], 0) or row["first"] < 0:
                place = f"partition {row['partition']}"
                self._report.problem("rejected_position_differs", place)
        for partition in self._positions.keys() - ends.keys():
            self._report.problem("rejected_position_differs", f"partition {partition}")
        for partition, span in ends.items():
            due = settled.get(TopicPartition(REJECTED, partition), span)
            await self._partition(partition, span, due)

    async def _partition(self, partition: int, span: Span, due: Span) -> None:
        position = self._positions.get(partition, 0)
        if position > span.end:
            self._report.problem("rejected_position_differs", f"partition {partition}")
        for at in range(0, position, _ROWS):
            until = min(at + _ROWS, position)
            rows = await self._connection.fetch(_SQL["rejected_rows"], partition, at, until)
            for row in rows:
                await self._row(row, span)
            for offset in sorted({*range(at, until)} - {row["kafka_offset"] for row in rows}):
                self._missing(partition, offset)
        for offset in range(max(position, span.first), due.end):
            self._report.problem("rejected_not_kept", f"{partition}/{offset}")

    def _missing(self, partition: int, offset: int) -> None:
        place = f"{partition}/{offset}"
        if any(one.lower <= offset < one.upper for one in self._passed.get(partition, ())):
            self._report.notice("rejected_not_in_backup", place)
        else:
            self._report.problem("rejected_not_kept", place)

    async def _row(self, row: Row, span: Span) -> None:
        self._report.count("rows of what was rejected")
        place = (row["partition"], row["kafka_offset"])
        try:
            columns = self._columns(row, place, is_kept=span.first <= row["kafka_offset"])
        except _UNREADABLE:
            columns = {"headers"}
        if row["late"] and not await self._is_journaled(row):
            columns.add("late")
        if columns:
            where = f"own.rejected {place[0]}/{place[1]}: {', '.join(sorted(columns))}"
            self._report.problem("rejected_altered", where)

    def _columns(self, row: Row, place: tuple[int, int], *, is_kept: bool) -> set[str]:
        """Columns that disagree with the row's own bytes, and bytes that are not Kafka's."""
        headers = unpack_headers(row["headers"])
        record = RejectedRow(row["kafka_offset"], row["key"], row["value"], headers)
        expected = list(row_of(row["partition"], record, is_late=row["late"]))
        expected[_HEADERS] = row["headers"]
        if AUTHOR not in dict(headers) and row["reason"] in _FOUND_GOOD:
            expected[_VERIFIED] = True
        named = zip(COLUMNS, row, expected, strict=True)
        columns = {name for name, one, other in named if one != other}
        kept = digests_of(record.key, record.value, headers)
        if is_kept and self._there.get(place) != kept:
            columns.add("key, value or headers")
        return columns

    async def _is_journaled(self, row: Row) -> bool:
        identity = (row["source"], row["event_id"], row["stream"])
        return bool(await self._connection.fetchval(_SQL["journaled_leaf"], *identity, row["leaf"]))


class Returned:
    """Returns to senders on Kafka, compared with the outbox and the rows of the rejects."""

    def __init__(self, report: VerifyReport, connection: Handle) -> None:
        self._report, self._connection = report, connection
        #: Topic → the bytes of each return → its place, and whether it must be there.
        self._sent: dict[str, dict[bytes, tuple[str, bool]]] = {}
        self._seen: set[bytes] = set()
        self.bytes = 0

    async def begin(self, since: datetime) -> None:
        """Returns that were marked sent before `since` must be there."""
        for row in await self._connection.fetch(_SQL["returns"]):
            columns = {name for name in _RETURNED if row[name] != row[f"was_{name}"]}
            if row["aggregateid"] != uuid5(NAMESPACE_URL, row["event_id"]):
                columns.add("aggregateid")
            if columns:
                where = f"own.outbox {row['event_id']}: {', '.join(sorted(columns))}"
                self._report.problem("outbox_altered", where)
            key = str(row["aggregateid"]).encode()
            try:
                whole = digests_of(key, row["value"], unpack_headers(row["headers"])).whole
            except _UNREADABLE:
                continue
            is_due = row["sent_at"] is not None and row["sent_at"] < since
            self._sent.setdefault(row["topic"], {})[whole] = (row["event_id"], is_due)

    def take(self, topic: str, partition: int, records: Sequence[Any]) -> None:
        sent = self._sent.get(topic, {})
        for record in records:
            self.bytes += len(record.value or b"")
            whole = digests_of(record.key, record.value, headers_of(record)).whole
            self._seen.add(whole)
            if whole not in sent:
                place = f"{topic}/{partition}/{record.offset}"
                self._report.problem("returned_without_reject", place)
        self._report.count("records returned to their senders", len(records))

    def end(self, spans: Spans) -> None:
        """Every return that was sent, if the topic still has its first record."""
        whole = {place.topic for place, span in spans.items() if span.first == 0}
        for topic in whole & self._sent.keys():
            for digest, (place, is_due) in self._sent[topic].items():
                if is_due and digest not in self._seen:
                    self._report.problem("lost_on_return", f"{topic} {place}")
