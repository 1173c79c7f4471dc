"""The two ends of a ferry on their own: the bus's side on topics in memory, the office's on stores.

What brokers and consumers really do, tests/integration/test_ferry_on_stack.py shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from kafka import TopicPartition

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.ferry.items import Item
from casebus.ferry.lane import Fault
from casebus.sdk.ferry.brokers import BrokersEnd, topics_of
from casebus.sdk.ferry.office import OfficeEnd
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Outgoing, Store
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
    #: Offsets before it are gone.
    begin: int = 0
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

    def position(self, place: TopicPartition) -> int:
        return self._at[place]

    def beginning_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: min(self._topics.begin, end) for one, end in self.end_offsets(places).items()}

    def end_offsets(self, places: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        return {one: len(self._topics.records[one.topic]) for one in places}

    def poll(self, timeout_ms: int) -> Mapping[TopicPartition, list[Read]]:  # noqa: ARG002
        found = {}
        for place, at in self._at.items():
            there = [one for one in self._topics.records[place.topic] if one.offset >= at]
            found[place] = there[: self._topics.most]
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


# The office's side.


def _store_at(path: Path) -> Store:
    return Store.open(path / "outgoing.sqlite")


def _keep(store: Store, *events: str, size: int = 5, stream: str = "case") -> None:
    with store.writing():
        store.keep(_finished(event, size, stream) for event in events)


def _finished(event: str, size: int = 5, stream: str = "case") -> Outgoing:
    headers = (("ce_source", AGENCY.encode()), ("ce_id", event.encode()))
    record = Record(stream.encode(), event.encode().ljust(size), headers)
    return Outgoing(AGENCY, stream, event, 0, b"", "", record)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = _store_at(tmp_path)
    yield store
    store.close()


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load(Settings().schemas_dir)


def _ids(spool: Spool) -> list[str]:
    found = [Item.read(line).record for _, line, _ in spool.queued(10_000)]
    return [dict(one.headers)["ce_id"].decode() for one in found if one is not None]


def test_each_finished_event_goes_out_once(spool: Spool, store: Store, schemas: Schemas) -> None:
    office = OfficeEnd(spool, store, schemas)
    _keep(store, "1", "2")
    for _ in range(2):
        office.collect()
    _keep(store, "3")
    office.collect()
    assert _ids(spool) == ["1", "2", "3"]


@pytest.mark.parametrize("since", [1, 2, 3])
def test_what_is_finished_in_a_store_that_was_put_back_goes_out(
    spool: Spool, tmp_path: Path, schemas: Schemas, since: int
) -> None:
    """Its events have places that were read in the store before."""
    with closing(_store_at(tmp_path / "now")) as store:
        _keep(store, "1", "2", "3")
        OfficeEnd(spool, store, schemas).collect()
    with closing(_store_at(tmp_path / "backup")) as store:
        _keep(store, "1", *(f"new-{at}" for at in range(since)))
        office = OfficeEnd(spool, store, schemas)
        for _ in range(2):
            office.collect()
    assert _ids(spool) == ["1", "2", "3", "1", *(f"new-{at}" for at in range(since))]
