"""The comparisons: front door ↔ journal and rejected ↔ tables, journal ↔ inboxes, sequences."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any

import asyncpg

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Header
from casebus.events.schemas import Schemas
from casebus.events.topics import Member, Topics
from casebus.settings import Settings
from casebus.trust.leaf import event_leaf, log_leaf
from casebus.trust.merkle import Frontier
from onebox.verify.report import Report
from onebox.verify.topics import read_topic
from storage import sending

JOURNAL = "case.journal"
REJECTED = "rejected"

_MOST_UNSENT = 1000

Place = tuple[str, int, int]
"""(topic, partition, offset)."""
Stream = tuple[str, str]
"""(source, stream): what an author counts."""


async def verify(settings: Settings) -> Report:
    """Compare everything, as Kafka's admin and the database's owner."""
    connection: Any = await asyncpg.connect(settings.database_url)
    try:
        return await Verification(settings, connection).run()
    finally:
        await connection.close()


class Verification:
    """One pass over the topics; the tables are asked partition by partition."""

    def __init__(self, settings: Settings, connection: Any) -> None:
        self._settings = settings
        self._connection = connection
        self._schemas = Schemas.load(settings.schemas_dir)
        self._topics = Topics.load(settings.schemas_dir)
        self.report = Report()
        #: Event leaf of each front-door record that the journal carries on.
        self._admitted: dict[Place, bytes] = {}
        self._refused: set[Place] = set()
        #: (source, stream, number) of every sequence number met.
        self._numbers: set[tuple[str, str, int]] = set()
        #: Inbox topic → places in the journal whose copy must stand there.
        self._routed: dict[str, dict[str, bytes]] = {}
        #: Inbox topic → those of the places whose copy its retention may have deleted.
        self._expired: dict[str, set[str]] = {}
        #: Runs of sequence numbers that the journal lacks, and numbers that were rejected.
        self._gaps: list[tuple[Stream, int, int]] = []
        self._refused_numbers: dict[Stream, set[int]] = {}
        self._order = Order()
        self._retention: dict[str, int] = {}
        self._began_ms = time.time() * 1000

    async def run(self) -> Report:
        await self._journal()
        await self._rejected()
        self._sequences()
        await self._front_door()
        await self._inboxes()
        await self._tables()
        return self.report

    async def _journal(self) -> None:
        """Kafka's journal against PostgreSQL's, by leaf and index; sequences on the way."""
        epoch = await self._connection.fetchval("select epoch from own.installation")
        log: dict[int, list[bytes]] = {}
        stored: dict[int, list[Any]] = {}
        sequences: dict[tuple[str, str], int] = {}
        seen: set[tuple[str, str, str]] = set()
        async for record in read_topic(self._settings, JOURNAL):
            headers, envelope = _headers(record), Envelope.from_headers(_headers(record))
            leaf = self._leaf(record, headers)
            if record.partition not in stored:
                stored[record.partition] = await self._stored(epoch, record.partition)
            leaves = log.setdefault(record.partition, [])
            self._same_row(stored[record.partition], len(leaves), leaf, log_leaf(leaf, headers))
            leaves.append(log_leaf(leaf, headers))
            self._remember(record, headers, leaf, epoch)
            identity = (envelope.subject, envelope.source, envelope.id)
            if identity not in seen:
                seen.add(identity)
                self._sequence(sequences, envelope)
            self.report.count("journal records")
        self.report.count("distinct events", len(seen))
        await self._roots(epoch, log)
        for partition, rows in stored.items():
            for _ in rows[len(log[partition]) :]:
                self.report.problem("stored_but_not_in_journal", f"partition {partition}")

    async def _stored(self, epoch: int, partition: int) -> list[Any]:
        rows = await self._connection.fetch(
            "select event_leaf, log_leaf from derived.journal"
            " where epoch = $1 and partition = $2 order by log_index",
            epoch,
            partition,
        )
        return list(rows)

    def _same_row(self, rows: list[Any], index: int, leaf: bytes, logged: bytes) -> None:
        if index >= len(rows):
            self.report.problem("not_recorded", f"log index {index}")
        elif rows[index]["event_leaf"] != leaf:
            self.report.problem("event_altered", f"log index {index}")
        elif rows[index]["log_leaf"] != logged:
            self.report.problem("stamps_altered", f"log index {index}")

    async def _roots(self, epoch: int, log: dict[int, list[bytes]]) -> None:
        rows = await self._connection.fetch(
            "select partition, frontier from derived.journal_position where epoch = $1", epoch
        )
        for row in rows:
            frontier = Frontier.from_bytes(row["frontier"])
            if Frontier().append(log.get(row["partition"], [])) != frontier:
                self.report.problem("root_differs", f"partition {row['partition']}")
            self.report.count("log roots")

    def _sequence(self, last: dict[tuple[str, str], int], envelope: Envelope) -> None:
        """Order within (source, stream), counted by first appearance (design rule 3)."""
        if envelope.sequence is None:
            return
        key = (envelope.source, envelope.subject)
        before = last.get(key, 0)
        if (*key, envelope.sequence) in self._numbers:
            # A sender that lost its store counts from one again: its numbers, not our order.
            self.report.count("sequence numbers that a sender gave twice")
        elif envelope.sequence <= before:
            self.report.problem("reordered", f"{envelope.source} {envelope.subject}")
        elif envelope.sequence > before + 1:
            self._gaps.append((key, before + 1, envelope.sequence))
        self._numbers.add((*key, envelope.sequence))
        last[key] = max(before, envelope.sequence)
        self.report.count("sequence numbers")

    def _sequences(self) -> None:
        """A number that admission rejected is no gap: the record is kept, with the reason."""
        for key, first, until in self._gaps:
            refused = sum(first <= one < until for one in self._refused_numbers.get(key, ()))
            if refused < until - first:
                self.report.problem("sequence_gap", " ".join(key))

    def _remember(self, record: Any, headers: tuple[Header, ...], leaf: bytes, epoch: int) -> None:
        texts = dict(headers)
        place = _origin(texts)
        if place in self._admitted:
            self.report.count("journal redeliveries")
        elif not self._order.follows((*place[:2], record.partition), place[2]):
            self.report.problem("reordered_at_admission", _text(place))
        self._admitted[place] = leaf
        position = f"{epoch}/{record.partition}/{record.offset}"
        for topic in texts.get("cb-routes", b"").decode().split():
            self._routed.setdefault(topic, {})[position] = leaf
            if record.timestamp < self._kept_since(topic):
                self._expired.setdefault(topic, set()).add(position)

    def _kept_since(self, topic: str) -> float:
        """Milliseconds since 1970: what is older, Kafka may have deleted from the inbox."""
        if topic not in self._retention:
            member = Member(topic.removeprefix("agency.").removesuffix(".inbox"), "")
            for one in self._topics.topics([member]):
                self._retention[one.name] = int(one.config["retention.ms"])
        kept_ms = self._retention.get(topic, -1)
        return self._began_ms - kept_ms if kept_ms >= 0 else 0

    async def _rejected(self) -> None:
        """Every rejected record that Kafka holds must be kept; the table holds older ones too."""
        rows = await self._connection.fetch("select partition, kafka_offset from own.rejected")
        kept = {(row["partition"], row["kafka_offset"]) for row in rows}
        async for record in read_topic(self._settings, REJECTED):
            texts = dict(_headers(record))
            self._refused.add(_origin(texts))
            self._refuse_number(texts)
            self.report.count("rejected records")
            if (record.partition, record.offset) not in kept:
                self.report.problem("rejected_not_kept", f"{record.partition}/{record.offset}")

    def _refuse_number(self, texts: dict[str, bytes]) -> None:
        sequence = texts.get("ce_sequence", b"")
        if sequence.isdigit():
            names = (texts.get(name, b"").decode(errors="replace") for name in _STREAM)
            source, stream = names
            self._refused_numbers.setdefault((source, stream), set()).add(int(sequence[:20]))

    async def _front_door(self) -> None:
        """Every record that came must stand in the journal, unaltered, or among the rejected."""
        for topic in self._topics.names_like("events.*"):
            async for record in read_topic(self._settings, topic):
                self._arrived(record)

    def _arrived(self, record: Any) -> None:
        place = (record.topic, record.partition, record.offset)
        self.report.count("records at the front door")
        if place in self._admitted:
            if self._leaf(record, _headers(record)) != self._admitted[place]:
                self.report.problem("altered_at_admission", _text(place))
        elif place not in self._refused:
            self.report.problem("lost_at_admission", _text(place))

    async def _inboxes(self) -> None:
        """Every route that a stamp names must have been taken, once or more, unaltered."""
        for topic, routed in self._routed.items():
            missing, order = dict(routed), Order()
            async for record in read_topic(self._settings, topic):
                position = dict(_headers(record)).get("cb-position", b"").decode()
                expected = routed.get(position)
                if expected is None:
                    self.report.problem("routed_without_stamp", f"{topic} {record.offset}")
                elif self._leaf(record, _headers(record)) != expected:
                    self.report.problem("altered_by_router", f"{topic} {record.offset}")
                elif missing.pop(position, None) is None:
                    self.report.count("inbox redeliveries")
                elif not order.follows((record.partition, *_lane(position)), _rank(position)):
                    self.report.problem("reordered_by_router", f"{topic} {record.offset}")
            for position in missing.keys() - self._expired.get(topic, set()):
                self.report.problem("lost_by_router", f"{topic} {position}")
            self.report.count("inbox records", len(routed))

    async def _tables(self) -> None:
        """Each identity is one event; what is stored signed was sent, and is journaled."""
        events = await self._connection.fetchval("select count(*) from derived.event")
        if events != self.report.counts.get("distinct events", 0):
            self.report.problem("events_differ", f"{events} rows")
        waiting = await sending.waiting(self._connection)
        self.report.count("outbox waiting", waiting.outbox_unsent)
        self.report.count("handed in, waiting", waiting.submissions_unsent)
        for row in await sending.unsent_since(self._connection, _MOST_UNSENT):
            self.report.problem("not_sent", f"{row['source']} {row['event_id']}")
        lost = await self._connection.fetch(_SENT_BUT_NOT_JOURNALED)
        for row in lost:
            self.report.problem("sent_but_not_journaled", f"{row['source']} {row['event_id']}")

    def _leaf(self, record: Any, headers: Iterable[Header]) -> bytes:
        try:
            digest = self._schemas.schema_of(record.value).digest
        except CasebusError:
            return b""
        return event_leaf(digest, headers, record.value)


_SENT_BUT_NOT_JOURNALED = """
select o.source, o.event_id from own.outbox o
where o.aggregatetype = 'event' and o.sent_at is not null and not exists (
    select from derived.event e
    where e.stream = o.aggregateid and e.source = o.source and e.id = o.event_id)
union all
select s.source, s.event_id from own.submission s
where s.sent_at is not null and not exists (
    select from derived.event e
    where e.stream = s.stream and e.source = s.source and e.id = s.event_id)
and not exists (
    select from own.rejected r where r.source = s.source and r.event_id = s.event_id
      and (r.verified or r.value = s.value))
"""


_STREAM = ("ce_source", "ce_subject")


class Order:
    """Whether first appearances come in the order in which they stood before."""

    def __init__(self) -> None:
        self._last: dict[Any, int] = {}

    def follows(self, lane: Any, offset: int) -> bool:
        """False where a later one of the same lane appeared earlier."""
        before = self._last.get(lane, -1)
        self._last[lane] = max(before, offset)
        return offset > before


def _lane(position: str) -> tuple[str, ...]:
    return tuple(position.split("/")[:2])


def _rank(position: str) -> int:
    return int(position.rpartition("/")[2])


def _headers(record: Any) -> tuple[Header, ...]:
    return tuple((name, text or b"") for name, text in record.headers)


def _origin(texts: dict[str, bytes]) -> Place:
    topic, partition, offset, _ = texts["cb-origin"].decode().split("/")
    return (topic, int(partition), int(offset))


def _text(place: Place) -> str:
    return "/".join(map(str, place))
