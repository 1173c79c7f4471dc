"""The two ends of a ferry on their own: the bus's side on topics in memory, the office's on stores.

What brokers and consumers really do, tests/integration/test_ferry_on_stack.py shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kafka import TopicPartition

from casebus.errors import CasebusError
from casebus.ferry.items import Item
from casebus.sdk.ferry.brokers import BrokersEnd, topics_of
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Outgoing
from casebus.settings import Settings

AGENCY = "cn-330106-psb"
INBOX = f"agency.{AGENCY}.inbox"
#: Pages beyond which a spool takes nothing more: a full disk.
FULL, ROOMY = 1, 1_000_000


@dataclass(frozen=True, slots=True)
class Read:
    topic: str
    partition: int
    offset: int
    key: bytes | None = b"case"
    value: bytes | None = b"value"
    headers: tuple[tuple[str, bytes], ...] = ()


@dataclass
class Topics:
    """What the brokers have of the agency, and who reads it: each consumer stands on its own."""

    records: dict[str, list[Read]] = field(
        default_factory=lambda: {name: [] for name in topics_of(AGENCY)}
    )
    most: int = 500
    open: int = 0

    def say(self, count: int, topic: str = INBOX) -> None:
        there = self.records[topic]
        there += [Read(topic, 0, at) for at in range(len(there), len(there) + count)]

    def consumer(self, **_: Any) -> Consumer:
        self.open += 1
        return Consumer(self)


class Consumer:
    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._at: dict[TopicPartition, int] = {}

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return {0} if topic in self._topics.records else None

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self._at = dict.fromkeys(places, 0)

    def assignment(self) -> set[TopicPartition]:
        return set(self._at)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._at[place] = offset

    def seek_to_beginning(self, place: TopicPartition) -> None:
        self._at[place] = 0

    def position(self, place: TopicPartition) -> int:
        return self._at[place]

    def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: len(self._topics.records[one.topic]) for one in places}

    def poll(self, timeout_ms: int) -> Mapping[TopicPartition, list[Read]]:  # noqa: ARG002
        found = {}
        for place, at in self._at.items():
            found[place] = self._topics.records[place.topic][at:][: self._topics.most]
            self._at[place] += len(found[place])
        return found

    def close(self, *, autocommit: bool) -> None:  # noqa: ARG002
        self._topics.open -= 1


class Door:
    """Takes what it is given; what it was asked to say of an event, it says."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def send(self, records: Sequence[Outgoing]) -> list[tuple[int, int] | CasebusError | None]:
        self.taken += [one.record.value or b"" for one in records]
        return [(0, len(self.taken)) for _ in records]

    def close(self) -> None: ...


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool.open(tmp_path / "ferry.sqlite") as spool:
        yield spool


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def brokers(spool: Spool, topics: Topics) -> Iterator[BrokersEnd]:
    end = BrokersEnd(spool, Settings(), AGENCY, sink=Door(), open_consumer=topics.consumer)
    yield end
    end.close()
    assert topics.open == 0


def _queued(spool: Spool) -> list[tuple[str, int]]:
    found = [Item.read(line).about for _, line, _ in spool.queued(10_000)]
    return [(one["topic"], one["offset"]) for one in found]


def test_what_a_full_disk_did_not_keep_is_read_again_when_there_is_room(
    spool: Spool, topics: Topics, brokers: BrokersEnd
) -> None:
    topics.say(3)
    brokers.collect()
    topics.say(400)
    spool.db.execute(f"pragma max_page_count = {FULL}")
    with pytest.raises(CasebusError, match=r"store_unusable.*full"):
        brokers.collect()
    spool.db.execute(f"pragma max_page_count = {ROOMY}")
    brokers.collect()
    assert _queued(spool) == [(INBOX, at) for at in range(403)]
