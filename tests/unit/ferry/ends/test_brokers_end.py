"""The bus's end of a ferry, on topics in memory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from kafka import TopicPartition
from kafka.errors import MessageSizeTooLargeError

from casebus.errors import AwayError, CasebusError
from casebus.events.topics import own_topics
from casebus.ferry.items import EVENT, FerryItem
from casebus.ferry.lane import Fault
from casebus.sdk.ferry import brokers as module
from casebus.sdk.ferry.brokers import BrokersEnd
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import StoredRecord
from casebus.settings import Settings
from tests.unit.ferry.ends.memory import AGENCY, INBOX, finished

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
        default_factory=lambda: {name: [] for name in own_topics(AGENCY)}
    )
    most: int = 500
    #: Offsets before it are gone.
    begin: int = 0
    open: int = 0
    assigned: int = 0
    partitions: int = 1

    def say(self, count: int, topic: str = INBOX) -> None:
        there = self.records[topic]
        there += [Read(topic, 0, at) for at in range(len(there), len(there) + count)]

    def of(self, place: TopicPartition) -> list[Read]:
        return [one for one in self.records[place.topic] if one.partition == place.partition]

    def consumer(self, **_: Any) -> Consumer:
        self.open += 1
        return Consumer(self)


class Consumer:
    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._at: dict[TopicPartition, int] = {}

    def partitions_for_topic(self, topic: str) -> set[int] | None:
        return set(range(self._topics.partitions)) if topic in self._topics.records else None

    def assign(self, places: Sequence[TopicPartition]) -> None:
        self._at = dict.fromkeys(places, 0)
        self._topics.assigned += 1

    def assignment(self) -> set[TopicPartition]:
        return set(self._at)

    def seek(self, place: TopicPartition, offset: int) -> None:
        self._at[place] = offset

    def position(self, place: TopicPartition) -> int:
        return self._at[place]

    def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: min(self._topics.begin, end) for one, end in self.end_offsets(places).items()}

    def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: len(self._topics.of(one)) for one in places}

    def poll(self, timeout_ms: int) -> Mapping[TopicPartition, list[Read]]:
        found = {}
        for place, at in self._at.items():
            there = [one for one in self._topics.of(place) if one.offset >= at]
            found[place] = there[: self._topics.most]
            self._at[place] += len(found[place])
        return found

    def close(self, *, autocommit: bool) -> None:
        self._topics.open -= 1


class Door:
    """As the brokers by a producer: an event that is too large takes others with it.

    Those behind it in its case, and those that share its batch.
    """

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.large: set[str] = set()
        self.batched = False
        self.away = False

    def send(self, records: Sequence[StoredRecord]) -> list[tuple[int, int] | CasebusError | None]:
        if self.away:
            return [AwayError("kafka_unreachable", "no answer") for _ in records]
        refused: set[str] = set()
        answers: list[tuple[int, int] | CasebusError | None] = []
        for one in records:
            if one.id in self.large:
                refused |= {each.stream for each in records} if self.batched else {one.stream}
            if one.stream in refused:
                answers.append(_too_large())
                self.away = len(records) == 1 and self.goes_away
            else:
                self.taken.append(one.id)
                answers.append((0, len(self.taken)))
        return answers

    goes_away = False

    def close(self) -> None: ...


def _too_large() -> CasebusError:
    error = CasebusError("kafka_failed", "too large")
    error.__cause__ = MessageSizeTooLargeError()
    return error


@pytest.fixture
def topics() -> Topics:
    return Topics()


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.fixture
def brokers(
    spool: Spool, topics: Topics, door: Door, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BrokersEnd]:
    monkeypatch.setattr(module, "visible_topics", lambda _: ["events.police"])
    end = BrokersEnd(spool, Settings(), AGENCY, sink=door, open_consumer=topics.consumer)
    yield end
    end.close()
    assert topics.open == 0


def _queued(spool: Spool) -> list[tuple[str, int]]:
    found = [FerryItem.read(line).about for _, line, _ in spool.queued(10_000)]
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


def _gone(spool: Spool) -> list[object]:
    return [one["detail"] for one in spool.rows("incident") if one["code"] == Fault.RECORDS_GONE]


def test_brokers_that_were_put_back_are_read_from_their_beginning_and_it_is_told(
    spool: Spool, topics: Topics, brokers: BrokersEnd
) -> None:
    topics.say(5)
    brokers.collect()
    topics.records[INBOX] = [Read(INBOX, 0, 0, value=b"another")]
    brokers.collect()
    topics.say(1)
    brokers.collect()
    assert _queued(spool)[5:] == [(INBOX, 0), (INBOX, 1)]
    assert _gone(spool) == [f"{INBOX}/0 was read up to 5 and has 0 to 1"]


def test_records_that_went_before_they_were_read_are_told(
    spool: Spool, topics: Topics, brokers: BrokersEnd
) -> None:
    topics.say(9)
    topics.begin = 2
    brokers.collect()
    # What was gone before the ferry began is none of its business.
    assert _gone(spool) == []
    topics.say(9)
    topics.begin = 12
    for _ in range(2):
        brokers.collect()
    assert _queued(spool) == [(INBOX, at) for at in (*range(2, 9), *range(12, 18))]
    assert _gone(spool) == [f"{INBOX}/0 was read up to 9 and has 12 to 18"]


@pytest.mark.parametrize("name", ["receipts", "rejected", "inbox"])
def test_a_topic_that_is_missing_is_named_and_keeps_nothing_of_the_others(
    spool: Spool, topics: Topics, brokers: BrokersEnd, name: str
) -> None:
    lost = f"agency.{AGENCY}.{name}"
    there = topics.records.pop(lost)
    for topic in topics.records:
        topics.say(1, topic)
    with pytest.raises(CasebusError, match=f"topic_denied.*{lost}"):
        brokers.collect()
    assert {topic for topic, _ in _queued(spool)} == {*topics.records}
    topics.records[lost] = there
    topics.say(1, lost)
    brokers.collect()
    assert {topic for topic, _ in _queued(spool)} == {*own_topics(AGENCY)}


def test_a_partition_that_is_new_is_read(spool: Spool, topics: Topics, brokers: BrokersEnd) -> None:
    topics.say(1)
    for _ in range(2):
        brokers.collect()
    assert topics.assigned == 1
    topics.partitions = 2
    topics.records[INBOX].append(Read(INBOX, 1, 0, value=b"there"))
    brokers.collect()
    assert len(_queued(spool)) == 2


def _came(spool: Spool, *events: str, stream: str = "case") -> None:
    with spool.writing():
        for event in events:
            item = FerryItem(EVENT, record=finished(event, stream=stream).record)
            assert spool.arrive(item.line(), item)


def _landed(spool: Spool) -> dict[str, bool]:
    """Of each event that is told of, whether the brokers have it."""
    found = [FerryItem.read(line).about for _, line, _ in spool.queued(10_000)]
    return {one["id"]: "offset" in one for one in found}


@pytest.mark.parametrize("batched", [False, True])
def test_an_event_that_the_brokers_never_take_takes_no_other_with_it(
    spool: Spool, door: Door, brokers: BrokersEnd, batched: bool
) -> None:
    door.large, door.batched = {"large"}, batched
    _came(spool, "1", "large", "2", "3")
    _came(spool, "4", stream="another")
    brokers.deal()
    assert _landed(spool) == {"1": True, "large": False, "2": True, "3": True, "4": True}
    assert [one for one in door.taken if one != "4"] == ["1", "2", "3"]


def test_what_follows_a_refused_event_keeps_its_order_where_the_brokers_go_away(
    spool: Spool, door: Door, brokers: BrokersEnd
) -> None:
    door.large, door.goes_away = {"large"}, True
    _came(spool, "1", "large", "2", "3")
    with pytest.raises(CasebusError, match="kafka_unreachable"):
        brokers.deal()
    assert _landed(spool) == {"1": True, "large": False}
    door.away = door.goes_away = False
    brokers.deal()
    assert door.taken == ["1", "2", "3"]
