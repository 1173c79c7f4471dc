"""The two ends of a ferry on their own: the bus's side on topics in memory, the office's on stores.

What brokers and consumers really do, tests/integration/test_ferry_on_stack.py shows.
"""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from kafka import OffsetAndMetadata, TopicPartition
from kafka.errors import MessageSizeTooLargeError

from casebus.errors import AwayError, CasebusError
from casebus.events.envelope import Record
from casebus.events.schemas import Schemas
from casebus.ferry.items import EVENT, LANDED, RECORD, FerryItem
from casebus.ferry.lane import Fault
from casebus.law import Law
from casebus.sdk.ferry import brokers as module
from casebus.sdk.ferry import spool as spooling
from casebus.sdk.ferry.brokers import BrokersEnd, topics_of
from casebus.sdk.ferry.desk import FerryOffice
from casebus.sdk.ferry.duties import Duties
from casebus.sdk.ferry.office import OfficeEnd, SpoolFeed
from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.trust.receipt import Receipt
from tests.unit.trust.test_receipt import receipt_of
from tests.world import NOW, SCHEMAS, World

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
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool.open(tmp_path / "ferry.sqlite") as spool:
        yield spool


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
    assert {topic for topic, _ in _queued(spool)} == {*topics_of(AGENCY)}


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
            item = FerryItem(EVENT, record=_finished(event, stream=stream).record)
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


# The office's side.


def _store_at(path: Path) -> Store:
    return Store.open(path / "outgoing.sqlite")


def _keep(store: Store, *events: str, size: int = 5, stream: str = "case") -> None:
    with store.writing():
        store.keep(_finished(event, size, stream) for event in events)


def _finished(event: str, size: int = 5, stream: str = "case") -> StoredRecord:
    headers = (("ce_source", AGENCY.encode()), ("ce_id", event.encode()))
    record = Record(stream.encode(), event.encode().ljust(size), headers)
    return StoredRecord(AGENCY, stream, event, 0, b"", "", record)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = _store_at(tmp_path)
    yield store
    store.close()


@pytest.fixture(scope="module")
def schemas() -> Schemas:
    return Schemas.load(Settings().schemas_dir)


def _ids(spool: Spool) -> list[str]:
    found = [FerryItem.read(line).record for _, line, _ in spool.queued(10_000)]
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


def _word(spool: Spool, office: OfficeEnd, event: str, **said: object) -> None:
    about = {"source": AGENCY, "stream": "case", "id": event, "door": "events.police", **said}
    item = FerryItem(LANDED, about)
    with spool.writing():
        spool.arrive(item.line(), item)
    office.deal()


def _statuses(spool: Spool, store: Store, schemas: Schemas) -> dict[str, tuple[str, str]]:
    desk = FerryOffice(spool, store, schemas, AGENCY, "")
    return {one["id"]: (one["status"], one["detail"]) for one in desk.sent()}


def test_an_event_that_the_brokers_never_take_is_seen_until_a_person_decides(
    spool: Spool, store: Store, schemas: Schemas
) -> None:
    office = OfficeEnd(spool, store, schemas)
    _keep(store, "1", "2")
    office.collect()
    for _ in range(2):
        # Told again, it is the same; after a release it counts anew.
        _word(spool, office, "1", code="kafka_failed", detail="too large")
    _word(spool, office, "2", partition=0, offset=7)
    wanted = {"1": ("not taken", "too large"), "2": ("at the door", "")}
    assert _statuses(spool, store, schemas) == wanted
    [(line, _)] = spool.barred()
    with spool.writing():
        spool.unbar(line)
    assert _statuses(spool, store, schemas)["1"] == ("under way", "")
    _word(spool, office, "1", code="kafka_failed", detail="too large")
    assert _statuses(spool, store, schemas) == wanted
    _word(spool, office, "1", partition=0, offset=8)
    assert spool.barred() == []
    assert _statuses(spool, store, schemas)["1"] == ("at the door", "")


# What the office's desk says.


@pytest.fixture(scope="module")
def world() -> World:
    return World()


@dataclass
class Proved:
    """An event that was sent, and its receipt."""

    world: World
    record: Record
    receipt: Receipt

    @property
    def who(self) -> tuple[str, str]:
        return (self.receipt.source, self.receipt.id)

    def keep(self, store: Store) -> None:
        stream = self.receipt.stream
        kept = StoredRecord(*self.who[:1], stream, self.who[1], 0, b"", "", self.record)
        with store.writing():
            store.keep([kept])

    def desk(self, spool: Spool, store: Store, root: str | None = None) -> FerryOffice:
        trusted = self.world.directory.root_digest if root is None else root
        return FerryOffice(spool, store, SCHEMAS, AGENCY, trusted)


@pytest.fixture
def proved(world: World, store: Store) -> Proved:
    event = world.event("referral.accepted", AGENCY, data={"note": "受理"})
    made = Proved(world, event, receipt_of(world, event))
    made.keep(store)
    return made


def _receipted(spool: Spool, *values: bytes) -> None:
    topic = f"agency.{AGENCY}.receipts"
    for at, value in enumerate(values):
        item = FerryItem(
            RECORD, {"topic": topic, "partition": 0, "offset": at}, Record(b"", value, ())
        )
        with spool.writing():
            spool.arrive(item.line(), item)


def _told_of(receipt: Receipt, proved: Proved) -> bytes:
    source, event = proved.who
    of = {"source": source, "id": event, "agency": None}
    return json.dumps(receipt.to_json() | {"of": of}).encode()


def test_what_a_receipt_proves_is_journaled(spool: Spool, store: Store, proved: Proved) -> None:
    desk = proved.desk(spool, store)
    assert [one["status"] for one in desk.sent()] == ["under way"]
    _receipted(spool, b"no receipt", b"[" * 100_000, b"[]", _told_of(proved.receipt, proved))
    assert [one["status"] for one in desk.sent()] == ["journaled"]
    [(_, shown)] = desk.receipts(*proved.who)
    assert shown.index == proved.receipt.proof.index


def test_a_receipt_that_proves_nothing_makes_no_event_journaled(
    tmp_path: Path, store: Store, proved: Proved
) -> None:
    another = proved.world.event("referral.accepted", AGENCY, data={"note": "另案"})
    theirs = receipt_of(World(), another)
    identity: dict[str, Any] = {
        "stream": proved.receipt.stream,
        "source": proved.who[0],
        "id": proved.who[1],
    }
    forged = [
        (replace(proved.receipt, log_leaf=bytes(32)), "receipt_leaf_differs"),
        # A true receipt, of another event.
        (replace(receipt_of(proved.world, another), **identity), "receipt_of_another_event"),
        (replace(theirs, **identity), ""),
    ]
    for at, (one, code) in enumerate(forged):
        with Spool.open(tmp_path / f"{at}.sqlite") as fresh:
            _receipted(fresh, _told_of(one, proved))
            [said] = proved.desk(fresh, store).sent()
            assert said["status"] == "under way"
            assert said["detail"] == code or not code
            with pytest.raises(CasebusError):
                proved.desk(fresh, store).receipts(*proved.who)
            # Beside one that does, it hides nothing.
            _receipted(fresh, b"", _told_of(proved.receipt, proved))
            [said] = proved.desk(fresh, store).sent()
            assert said["status"] == "journaled"
            assert len(proved.desk(fresh, store).receipts(*proved.who)) == 1


def test_without_a_pinned_root_nothing_is_said_to_be_journaled(
    spool: Spool, store: Store, proved: Proved
) -> None:
    _receipted(spool, _told_of(proved.receipt, proved))
    [said] = proved.desk(spool, store, root="").sent()
    assert (said["status"], said["detail"]) == ("under way", "no_root_digest")


def test_an_event_of_an_unknown_version_hides_no_other_of_its_case(
    spool: Spool, store: Store, proved: Proved
) -> None:
    stream = proved.receipt.stream
    odd = Record(stream.encode(), b"\x00\x00\x00\xff\xffodd", (("ce_id", b"odd"),))
    item = FerryItem(RECORD, {"topic": INBOX, "partition": 0, "offset": 0}, odd)
    with spool.writing():
        spool.arrive(item.line(), item)
    told = {one["id"]: one["own"] for one in proved.desk(spool, store).case(stream)}
    assert told == {"odd": False, proved.who[1]: True}


# What the spool holds in memory, and hands out.


def test_no_more_is_read_at_once_than_memory_holds(
    spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = 20_000
    monkeypatch.setattr(spooling, "_MOST_BYTES", 10 * size)
    with spool.writing():
        for at in range(30):
            about = {"topic": INBOX, "partition": 0, "offset": at}
            item = FerryItem(RECORD, about, Record(b"", bytes(size), ()))
            spool.arrive(item.line(), item)
            spool.queue([item.line()])
    after, windows = 0, []
    while found := spool.arrivals(RECORD, INBOX, after):
        after = found[-1][0]
        windows.append(len(found))
    assert sum(windows) == 30
    assert max(windows) < 12
    tracemalloc.start()
    assert next(iter(spool.queued(30)))[0] == 1
    assert tracemalloc.get_traced_memory()[1] < 5 * size
    tracemalloc.stop()


def test_the_inbox_is_handed_out_once_and_stays_to_be_read(spool: Spool) -> None:
    with spool.writing():
        for at in range(1200):
            item = FerryItem(
                RECORD, {"topic": INBOX, "partition": 0, "offset": at}, Record(b"", b"", ())
            )
            spool.arrive(item.line(), item)
    feed = SpoolFeed(spool, INBOX)
    [place] = feed.assignment()
    while feed.position(place, timeout_ms=0) < feed.end_offsets([place], timeout_ms=0)[place]:
        feed.poll(0)
    feed.commit({place: OffsetAndMetadata(1101, "", -1)}, timeout_ms=0)
    left = [at for at, _ in spool.arrivals(RECORD, INBOX)]
    assert left == list(range(1101, 1201))
    every = spool.arrivals(RECORD, INBOX, most=2000, every=True)
    assert len(every) == 1200


# What the office has to do.

AMR = "cn-330106-amr"
STREAM = "0b5f6c1e-9a0b-4f5e-8c53-2b1b6f0f9a11"


def _letter(world: World, at: int = 0, stream: str = STREAM) -> Record:
    """A referral as it comes to the police: with the stamps of admission and of the router."""
    data = {"title": "某公司涉嫌生产假药", "actor": "P-1"}
    sent = world.event(
        "referral.sent", AMR, data=data, stream=stream, to=(AGENCY,), legal="2026-03-05"
    )
    stamps = {
        "cb-origin": f"events.administrative/0/{at}/1772672400000",
        "cb-admitted-at": "2026-03-05T01:00:00+00:00",
        "cb-recipients": AGENCY,
        "cb-sectors": "police",
        "cb-position": f"1/2/{at}",
    }
    more = tuple((name, text.encode()) for name, text in stamps.items())
    return replace(sent, headers=(*sent.headers, *more))


def _delivered(spool: Spool, *records: Record) -> None:
    with spool.writing():
        for at, record in enumerate(records):
            item = FerryItem(RECORD, {"topic": INBOX, "partition": 0, "offset": at}, record)
            spool.arrive(item.line(), item)


def _answered(store: Store, world: World, ce_type: str, stream: str = STREAM) -> str:
    said = world.event(
        ce_type, AGENCY, data={"actor": "P-2"}, stream=stream, to=(AMR,), legal="2026-03-06"
    )
    event = dict(said.headers)["ce_id"].decode()
    with store.writing():
        store.keep([StoredRecord(AGENCY, stream, event, 0, b"", "", said)])
    return event


def _work(spool: Spool, store: Store, **asked: Any) -> dict[str, Any]:
    desk = FerryOffice(spool, store, SCHEMAS, AGENCY, "")
    law = Law.load(Settings().policies_dir / "law")
    given = {"status": "open", "stream": None, "limit": 20, "first": 0, **asked}
    return Duties(desk, law, "police").page(NOW + timedelta(days=30), **given)


def test_the_office_sees_what_it_has_to_do_by_what_came_and_what_it_said(
    spool: Spool, store: Store, world: World
) -> None:
    assert _work(spool, store)["items"] == []
    letter = _letter(world)
    _delivered(spool, letter)
    page = _work(spool, store)
    asked = [one["duty"] for one in page["items"]]
    assert page["total"] == len(page["items"]) == page["overdue"] > 0
    assert {one["case"] for one in page["items"]} == {STREAM}
    assert {one["case_title"] for one in page["items"]} == {"某公司涉嫌生产假药"}
    assert {one["sender"] for one in page["items"]} == {AMR}
    dues = [one["due"] for one in page["items"]]
    assert dues == sorted(dues)
    [receipt] = [one for one in page["items"] if one["actions"].get("receipt")]
    event = _answered(store, world, receipt["actions"]["receipt"])
    assert [one["duty"] for one in _work(spool, store)["items"]] == ["decide_acceptance"]
    closed = _work(spool, store, status="closed")["items"]
    assert [(one["duty"], one["is_open"]) for one in closed] == [(receipt["duty"], False)]
    # What the bus refused ended nothing.
    headers = (("ce_source", AGENCY.encode()), ("ce_id", event.encode()))
    refused = Record(STREAM.encode(), b"", headers)
    about = {"topic": f"agency.{AGENCY}.rejected", "partition": 0, "offset": 0}
    with spool.writing():
        item = FerryItem(RECORD, about, refused)
        spool.arrive(item.line(), item)
    assert [one["duty"] for one in _work(spool, store)["items"]] == asked


def test_the_office_s_work_is_paged_and_of_one_case(
    spool: Spool, store: Store, world: World
) -> None:
    streams = [f"{STREAM[:-1]}{at}" for at in range(5)]
    # Beside them one that nobody here can read.
    odd = replace(_letter(world, 9), value=b"odd")
    _delivered(spool, odd, *(_letter(world, at, one) for at, one in enumerate(streams)))
    every = _work(spool, store)
    seen, first = [], 0
    while True:
        page = _work(spool, store, limit=2, first=first)
        seen += [one["key"] for one in page["items"]]
        if page["next"] is None:
            break
        first = int(page["next"])
    assert seen == [one["key"] for one in every["items"]]
    assert len(seen) == len(set(seen)) >= 5
    assert {one["case"] for one in _work(spool, store, stream=streams[3])["items"]} == {streams[3]}
