"""A bus that only whole events enter, and its books: the content of Kafka and of PostgreSQL.

The tests on it hurt its workers in turn, and a test may work on the journal that an earlier one
left. At any moment the tables must agree with the journal up to the fence: `prove` compares them.
"""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from typing import Any

import asyncpg

from casebus.cases import CaseEvent, fold
from casebus.cases.room import Room, Rooms
from casebus.cases.stamped import case_event
from casebus.events.envelope import Envelope, Record
from casebus.events.stamps import Stamps
from casebus.events.topics import JOURNAL, REJECTED, Topics
from casebus.law import Law
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf, log_leaf
from onebox.testing import Stack
from operations.verify.checks import verify
from services.casework.lookups import UNFOLDED
from services.casework.streams import Stream
from tests.faults.harness import ROOT, Fleet, Kafka, Marks
from tests.faults.referrals import AMR, DOORS, PER_CASE, PSB, referrals
from tests.world import SCHEMAS

DOOR_TOPICS = tuple(DOORS.values())
#: Fewer by CASEBUS_FAULT_EVENTS, for a machine that has little time.
COUNT = int(os.environ.get("CASEBUS_FAULT_EVENTS", "20000"))
QUIET_SECONDS = 300.0

_LEAVES = """
select event_leaf, log_leaf from derived.journal
where partition = $1 and log_index >= $2 and log_index < $3 order by log_index
"""
_EVENTS = """
select stream::text, source, id, sequence from derived.event
where partition = $1 and log_index >= $2 and log_index < $3 order by log_index
"""
_COPIES = """
select count(*) from derived.event_copy
where partition = $1 and log_index >= $2 and log_index < $3
"""


class Bus:
    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.settings = stack.settings("admin").model_copy(
            update={"database_url": stack.database_url}
        )
        self.kafka = Kafka(self.settings)
        keys = stack.home.keys
        self.topics = Topics.load(self.settings.schemas_dir)
        self.doors = self.topics.names_like("events.*")
        self._keys = {name: SigningKey.load(keys / f"{name}.pem") for name in (AMR, PSB)}

    def reconnect(self) -> None:
        """Ask by a new client: the old one may wait for a broker that was killed under it."""
        self.kafka.close()
        self.kafka = Kafka(self.settings)

    def send(self, run: str, count: int = COUNT, codec: str = "none") -> list[Record]:
        """Ten events for each of new cases, through two doors."""
        by_topic = referrals(self._keys, count // PER_CASE, run=run)
        for topic, records in by_topic.items():
            self.kafka.put(topic, records, codec)
        return [record for records in by_topic.values() for record in records]

    def need_waiting(self, run: str, count: int = COUNT) -> None:
        """See that casework has `count` records to do: sent now, where no test left them."""
        if sum(self.kafka.marks(JOURNAL).values()) - self.recorded() < count:
            self.send(run, count)
            with Fleet(self.stack, "admission") as admission:
                admission.start()
                admission.until_idle(*DOOR_TOPICS)

    def settle(self) -> None:
        """Let the front door and the tables take in the workers' events about their own work."""
        with ExitStack() as stack:
            for name, topics in (("admission", self.doors), ("casework", (JOURNAL, REJECTED))):
                fleet = stack.enter_context(Fleet(self.stack, name))
                fleet.start()
                fleet.until_idle(*topics)

    def until_quiet(self) -> None:
        """Wait until nothing waits anywhere, and the last waiting record caused no other."""
        inboxes = tuple(f"inbox.{sector}" for sector in self.topics.hosted)
        reads = {
            "intake": inboxes,
            "router": (JOURNAL,),
            "casework": (JOURNAL, REJECTED),
            "admission": self.doors,
        }
        seen: list[int] = []

        def quiet() -> bool:
            waiting = [self.kafka.lag(group, *topics) for group, topics in reads.items()]
            unsent = self.rows("select count(*) from own.outbox where sent_at is null")[0][0]
            if any(waiting) or unsent:
                return False
            seen.append(self.recorded())
            return len(seen) > 1 and seen[-1] == seen[-2]

        Kafka.until(quiet, "the bus does not come to rest", QUIET_SECONDS)

    def fence(self) -> Marks:
        """The offset, by partition, up to which the tables hold the journal."""
        rows = self.rows("select partition, next_offset from derived.journal_position")
        return {row["partition"]: row["next_offset"] for row in rows}

    def recorded(self) -> int:
        return sum(self.fence().values())

    def until_recorded(self, count: int) -> None:
        Kafka.until(lambda: self.recorded() >= count, f"{count} were not recorded in time")

    def rows(self, query: str, *values: Any) -> list[Any]:
        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.stack.database_url)
            try:
                return list(await connection.fetch(query, *values))
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def execute(self, script: str) -> None:
        async def run() -> None:
            connection = await asyncpg.connect(self.stack.database_url)
            try:
                await connection.execute(script)
            finally:
                await connection.close()

        asyncio.run(run())

    def prove(self, since: Marks) -> None:
        """The records since then are those of the journal, and each identity is one event."""
        for partition, end in self.fence().items():
            stretch = partition, since.get(partition, 0), end
            records = self.kafka.read(JOURNAL, *stretch)
            # An epoch that began with its topic counts both alike: a log index is an offset.
            stored = [tuple(row) for row in self.rows(_LEAVES, *stretch)]
            assert stored == [_leaves(record) for record in records]
            events = self.rows(_EVENTS, *stretch)
            assert len(records) == len(events) + self.rows(_COPIES, *stretch)[0][0]
            assert {_identity(record) for record in records} >= {tuple(row)[:3] for row in events}
            assert _in_sequence(events)

    def prove_cases(self) -> None:
        """Each case's digest is that of a fold of the whole journal up to the fence."""
        law = Law.load(ROOT / "policies/law")
        stored = dict(self.rows("select stream::text, digest from derived.case_state"))
        rooms = Rooms.load(ROOT / "policies")
        streams: dict[str, Stream] = defaultdict(lambda: Stream(room=Room(rooms)))
        for event in self._journaled():
            if event.identity not in streams[event.stream].events:
                streams[event.stream].add(event)
        folded = {
            stream: fold(one.events.values(), law).digest() for stream, one in streams.items()
        }
        assert {stream: stored.get(stream) for stream in folded} == folded

    def verified(self) -> dict[str, int]:
        """The counts of `casebus verify`, which must find no problem."""
        report = asyncio.run(verify(self.settings))
        assert report.ok, report.to_json()
        return report.counts

    def _journaled(self) -> Iterator[CaseEvent]:
        for partition, end in self.fence().items():
            for index, record in enumerate(self.kafka.read(JOURNAL, partition, 0, end)):
                envelope = Envelope.from_headers(record.headers)
                if envelope.type.split(".")[1] not in UNFOLDED:
                    data = SCHEMAS.decode(record.value)[1]
                    position = (1, partition, index)
                    yield case_event(envelope, data, Stamps.of(record.headers), position)


def _leaves(record: Record) -> tuple[bytes, bytes]:
    digest = SCHEMAS.schema_of(record.value).digest
    leaf = event_leaf(digest, record.headers, record.value or b"")
    return leaf, log_leaf(leaf, record.headers)


def _identity(record: Record) -> tuple[str, str, str]:
    headers = dict(record.headers)
    names = ("ce_subject", "ce_source", "ce_id")
    return tuple(headers[name].decode() for name in names)  # type: ignore[return-value]


def _in_sequence(events: Sequence[Any]) -> bool:
    """Within (source, stream) each event is the next one: none missing, none before another."""
    last: dict[tuple[str, str], int] = {}
    for row in events:
        if row["sequence"] is None:  # the bus's own
            continue
        place = row["stream"], row["source"]
        if row["sequence"] != last.get(place, row["sequence"] - 1) + 1:
            return False
        last[place] = row["sequence"]
    return True
