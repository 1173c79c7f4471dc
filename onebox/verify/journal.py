"""Kafka's journal and PostgreSQL's, byte by byte: value, headers, leaves, roots, order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aiokafka import TopicPartition

from casebus.events.schemas import Schemas
from casebus.trust.merkle import Frontier
from onebox.verify.records import Digests, Read, read
from onebox.verify.report import Report
from onebox.verify.sequences import Order, Sequences
from onebox.verify.topics import Spans
from storage.queries import load

_SQL = load("verifying")
JOURNAL = "case.journal"

Door = tuple[str, int]
"""(topic, partition)."""

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


def position_key(partition: int, offset: int) -> int:
    """A place of the journal as one number."""
    return partition << 48 | offset


@dataclass(slots=True)
class Log:
    """One partition: where index 0 stands, how far the tables have it, its leaves."""

    base: int
    next_index: int
    next_offset: int
    frontier: bytes
    leaves: list[bytes] = field(default_factory=list)
    #: Index → the leaf that the table has instead.
    other: dict[int, bytes] = field(default_factory=dict)


class Journal:
    """Takes Kafka's records batch by batch, each beside its row; keeps what others look up."""

    def __init__(self, report: Report, schemas: Schemas, connection: Any, epoch: int) -> None:
        self._report, self._schemas = report, schemas
        self._connection, self.epoch = connection, epoch
        self._logs: dict[int, Log] = {}
        #: Door → offset → the author's bytes, of what the journal carries on.
        self.admitted: dict[Door, dict[int, bytes]] = {}
        #: Inbox topic → place in the journal → the bytes that must stand there.
        self.routed: dict[str, dict[int, bytes]] = {}
        #: When Kafka took the record at a place, in milliseconds since 1970.
        self.taken: dict[int, int] = {}
        #: (source, stream) → the author's bytes of directory entries.
        self.entries: set[bytes] = set()
        self._first: dict[bytes, tuple[int, int, bytes]] = {}
        self.sequences = Sequences(report)
        self._order = Order()
        self.bytes = 0

    async def begin(self, spans: Spans) -> None:
        """Read how far the tables have each partition; `spans` were taken later than that."""
        rows = await self._connection.fetch(_SQL["positions"], self.epoch)
        for row in rows:
            place = TopicPartition(JOURNAL, row["partition"])
            if place not in spans and row["next_index"]:
                self._report.problem("position_differs", f"partition {row['partition']}")
                continue
            first = spans[place].first if place in spans else 0
            base = row["next_offset"] - row["next_index"] if first else 0
            self._logs[row["partition"]] = Log(
                base, row["next_index"], row["next_offset"], row["frontier"]
            )
            if row["next_offset"] - row["next_index"] != base:
                self._report.problem("position_differs", f"partition {row['partition']}")

    async def take(self, partition: int, records: Sequence[Any]) -> None:
        log = self._logs.setdefault(partition, Log(0, 0, 0, Frontier().to_bytes()))
        first = records[0].offset - log.base
        rows = await self._rows(log, partition, first, first + len(records))
        for record in records:
            index = record.offset - log.base
            found = read(self._schemas, record)
            self.bytes += len(found.packed) + len(record.value or b"")
            log.leaves.append(found.logged)
            try:
                if index < log.next_index:
                    self._compare(log, partition, rows.get(index), record, found)
                self._remember(partition, record, found)
            except (KeyError, ValueError):
                # Admission journals nothing that has not these headers.
                self._report.problem("event_altered", f"{JOURNAL} {partition}/{index}: headers")
        self._report.count("journal records", len(records))

    async def _rows(self, log: Log, partition: int, first: int, until: int) -> dict[int, Any]:
        until = min(until, log.next_index)
        if until <= first:
            return {}
        rows = await self._connection.fetch(
            _SQL["journal_rows"], self.epoch, partition, first, until
        )
        return {row[-1]: row for row in rows}

    def _compare(self, log: Log, partition: int, row: Any, record: Any, found: Read) -> None:
        index = record.offset - log.base
        place = f"{partition}/{index}"
        if row is None:
            self._report.problem("not_recorded", place)
            return
        texts = found.texts
        expected = (
            texts["ce_subject"].decode(),
            texts["ce_source"].decode(),
            texts["ce_id"].decode(),
            found.leaf,
            found.logged,
            record.value,
            found.packed,
            datetime.fromtimestamp(record.timestamp / 1000, UTC),
            index,
        )
        stands = tuple(row)
        if stands == expected:
            return
        named = zip(_COLUMNS, stands, expected, strict=False)
        columns = {name for name, one, other in named if one != other}
        code = (
            "event_altered"
            if columns & _AUTHORS
            else "stamps_altered"
            if columns & _STAMPED
            else "row_altered"
        )
        self._report.problem(code, f"derived.journal {place}: {', '.join(sorted(columns))}")
        if "log_leaf" in columns:
            log.other[index] = row["log_leaf"]

    def _remember(self, partition: int, record: Any, found: Read) -> None:
        texts, digests = found.texts, found.digests
        self._doors(partition, record, texts, digests)
        self._identity(partition, record.offset, found)
        key = position_key(partition, record.offset)
        if routes := texts.get("cb-routes"):
            self.taken[key] = record.timestamp
            for topic in routes.decode().split():
                self.routed.setdefault(topic, {})[key] = digests.whole
        if texts["ce_type"].startswith(b"casebus.directory."):
            self.entries.add(digests.author)

    def _doors(
        self, partition: int, record: Any, texts: Mapping[str, bytes], digests: Digests
    ) -> None:
        topic, number, text, _ = texts["cb-origin"].decode().split("/")
        door, offset = (topic, int(number)), int(text)
        there = self.admitted.setdefault(door, {})
        before = there.get(offset)
        if before is not None:
            self._report.count("records that admission journaled again")
            if before != digests.author:
                self._report.problem("altered_at_admission", f"{partition}/{record.offset}")
        elif not self._order.follows((door, partition), offset):
            self._report.problem("reordered_at_admission", f"{topic}/{number}/{offset}")
        else:
            there[offset] = digests.author
            return
        there.setdefault(offset, digests.author)

    def _identity(self, partition: int, offset: int, found: Read) -> None:
        texts = found.texts
        identity = b"\0".join((texts["ce_subject"], texts["ce_source"], texts["ce_id"]))
        first = self._first.setdefault(identity, (partition, offset, found.leaf))
        if first[:2] == (partition, offset):
            self.sequences.take(texts)
            self._report.count("distinct events")
        elif first[2] == found.leaf:
            self._report.count("further copies of an event")
        else:
            self._two_leaves(f"{first[0]}/{first[1]} and {partition}/{offset}", texts)

    def _two_leaves(self, places: str, texts: Mapping[str, bytes]) -> None:
        """One name for two statements: ours to answer where the bus itself spoke."""
        name = f"{texts['ce_source'].decode()} {texts['ce_id'].decode()}: {places}"
        if _is_ours(texts):
            self._report.problem("said_twice", name)
        else:
            self._report.notice("two_events_under_one_identity", name)

    def first_of(self, stream: str, source: str, event_id: str) -> tuple[int, int] | None:
        """Where an event first stands in the journal."""
        found = self._first.get(b"\0".join(one.encode() for one in (stream, source, event_id)))
        return found and found[:2]

    async def end(self, spans: Spans, settled: Spans) -> None:
        """What the tables lack or have too much, and the roots."""
        for place, span in spans.items():
            log = self._logs.setdefault(place.partition, Log(0, 0, 0, Frontier().to_bytes()))
            self._edges(place.partition, log, span, settled)
            self._root(place.partition, log)
        for row in await self._connection.fetch(_SQL["beyond_fence"]):
            self._report.problem("stored_beyond_fence", "/".join(map(str, row)))

    def _edges(self, partition: int, log: Log, span: Any, settled: Spans) -> None:
        if span.first > log.base:
            self._report.problem("journal_shorter", f"{partition}/0 to {span.first - 1}")
        for index in range(max(span.end - log.base, 0), log.next_index):
            self._report.problem("stored_but_not_in_journal", f"{partition}/{index}")
        due = settled.get(TopicPartition(JOURNAL, partition))
        for index in range(log.next_index, (due.end if due else span.end) - log.base):
            self._report.problem("not_recorded", f"{partition}/{index}")

    def _root(self, partition: int, log: Log) -> None:
        self._report.count("log roots")
        leaves = log.leaves[: log.next_index]
        if len(leaves) < log.next_index:
            return
        if Frontier().append(leaves).to_bytes() != log.frontier:
            self._report.problem("root_differs", f"partition {partition}, by Kafka's bytes")
        if log.other:
            ours = [log.other.get(at, leaf) for at, leaf in enumerate(leaves)]
            if Frontier().append(ours).to_bytes() != log.frontier:
                place = f"partition {partition}, by the leaves of PostgreSQL"
                self._report.problem("root_differs", place)


def _is_ours(texts: Mapping[str, bytes]) -> bool:
    """Whether a process of the bus said it: at its own door, or as an intake's receipt."""
    at_our_door = texts["cb-origin"].startswith(b"events.bus/")
    return at_our_door or texts["ce_type"].startswith(b"casebus.intake.received.")
