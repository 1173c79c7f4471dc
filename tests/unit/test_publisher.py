from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from kafka.errors import KafkaTimeoutError

from casebus.errors import AwayError, CasebusError
from casebus.events.envelope import Envelope
from casebus.events.legaltime import CHINA
from casebus.events.schemas import Schemas
from casebus.sdk.doors import DoorOf, one_door
from casebus.sdk.event import NewEvent
from casebus.sdk.fakes import MemorySink
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf
from casebus.trust.signing import SignatureCheck

AGENCY = "cn-330106-amr"
STREAM = "0190a1b2-0000-7000-8000-000000000001"


@pytest.fixture
def broker() -> MemorySink:
    return MemorySink()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    SigningKey.generate().save(tmp_path / "keys" / f"{AGENCY}.pem")
    return Settings(agency=AGENCY, keys_dir=tmp_path / "keys", home=tmp_path)


@pytest.fixture
def publisher(settings: Settings, broker: MemorySink, tmp_path: Path) -> Publisher:
    return make_publisher(settings, broker, tmp_path)


def make_publisher(settings: Settings, broker: MemorySink, folder: Path) -> Publisher:
    return Publisher(
        settings,
        schemas=Schemas.load(settings.schemas_dir),
        store=Store.open(folder / "sent.sqlite"),
        door_of=one_door("events.administrative"),
        sink=broker,
    )


def noted(text: str, *, stream: str | None = STREAM, event: str | None = None) -> NewEvent:
    return NewEvent(type="case.noted", data={"note": text}, stream=stream, id=event)


def sequences(broker: MemorySink) -> list[int | None]:
    return [Envelope.from_headers(one.record.headers).sequence for one in broker.taken]


def test_sequences_count_from_one_in_each_stream(publisher: Publisher, broker: MemorySink) -> None:
    publisher.publish([noted("a"), noted("b"), noted("c", stream=None)])
    publisher.publish_one(noted("d"))
    assert sequences(broker) == [1, 2, 1, 3]


def test_what_machines_without_a_common_store_say_as_one_takes_no_number(
    publisher: Publisher, broker: MemorySink
) -> None:
    told = NewEvent(type="referral.sent", stream=STREAM, counted=False)
    publisher.publish([told, NewEvent(type="referral.sent", stream=STREAM)])
    counted = [Envelope.from_headers(one.record.headers).sequence for one in broker.taken]
    assert counted == [None, 1]


def test_events_published_together_carry_proofs_that_verify(
    publisher: Publisher, broker: MemorySink, settings: Settings
) -> None:
    publisher.publish([noted(str(at)) for at in range(5)])
    key = SigningKey.load(settings.keys_dir / f"{AGENCY}.pem")
    schemas, check = Schemas.load(settings.schemas_dir), SignatureCheck()
    for one in broker.taken:
        value = one.record.value or b""
        leaf = event_leaf(schemas.schema_of(value).digest, one.record.headers, value)
        found = Envelope.from_headers(one.record.headers)
        assert check(leaf, found, algorithm=key.algorithm, public=key.public)


def test_what_was_kept_before_a_crash_goes_out_byte_for_byte_and_first(
    publisher: Publisher, broker: MemorySink, settings: Settings, tmp_path: Path
) -> None:
    broker.reachable = False
    with pytest.raises(CasebusError, match="kafka_unreachable"):
        publisher.publish([noted("a"), noted("b")])
    kept = Store.open(tmp_path / "sent.sqlite").waiting(10)
    broker.reachable = True
    make_publisher(settings, broker, tmp_path).publish_one(noted("c"))
    assert [one.record for one in broker.taken[:2]] == [one.record for one in kept]
    assert sequences(broker) == [1, 2, 3]


def test_the_same_id_is_one_event_however_often_it_is_published(
    publisher: Publisher, broker: MemorySink
) -> None:
    first = publisher.publish_one(noted("a", event="e1"))
    again = publisher.publish_one(noted("a", event="e1"))
    assert first == again
    assert len(broker.taken) == 1
    publisher.publish([noted("b", event="e2"), noted("b", event="e2")])
    assert len(broker.taken) == 2


def test_another_body_under_a_used_id_is_refused(publisher: Publisher, broker: MemorySink) -> None:
    publisher.publish_one(noted("a", event="e1"))
    with pytest.raises(CasebusError, match="identity_reused"):
        publisher.publish_one(noted("b", event="e1"))
    assert len(broker.taken) == 1


def test_a_refused_stream_keeps_its_order_and_does_not_hold_up_others(
    publisher: Publisher, broker: MemorySink
) -> None:
    other = STREAM.replace("1", "2")
    broker.down = {STREAM}
    with pytest.raises(CasebusError, match="topic_denied"):
        publisher.publish([noted("a"), noted("b", stream=other)])
    publisher.publish_one(noted("c", stream=other))
    assert [one.stream for one in broker.taken] == [other, other]
    broker.down = set()
    assert len(publisher.send_waiting()) == 1
    assert publisher.waiting() == 0


@pytest.mark.parametrize("mark", ["国家秘密", "机密★10年", "详见绝密★文件", "state_secret"])
def test_state_secrets_are_refused_before_anything_is_kept(
    publisher: Publisher, broker: MemorySink, mark: str
) -> None:
    with pytest.raises(CasebusError, match="state_secret") as refused:
        publisher.publish([noted("ok"), noted(mark)])
    assert mark not in refused.value.detail
    assert publisher.waiting() == 0
    assert not broker.taken


def test_trade_secrets_are_no_state_secrets(publisher: Publisher) -> None:
    assert publisher.publish_one(noted("涉嫌侵犯商业秘密★")).sent


def test_an_event_over_one_mebibyte_is_refused_before_it_is_kept(publisher: Publisher) -> None:
    with pytest.raises(CasebusError, match="too_large"):
        publisher.publish_one(noted("x" * 1024 * 1024))
    assert publisher.waiting() == 0


def test_fields_that_the_schema_does_not_know_are_refused(publisher: Publisher) -> None:
    with pytest.raises(CasebusError, match="invalid_data"):
        publisher.publish_one(replace(noted(""), data={"nonsense": 1}))


def test_without_the_source_s_key_nothing_is_kept_and_no_sequence_is_spent(
    publisher: Publisher, broker: MemorySink
) -> None:
    with pytest.raises(CasebusError, match="no_key"):
        publisher.publish_one(replace(noted("a"), source="cn-330106-psb"))
    publisher.publish_one(noted("a"))
    assert sequences(broker) == [1]


def test_without_the_source_s_key_kafka_is_not_asked_for_its_door(
    settings: Settings, broker: MemorySink, tmp_path: Path
) -> None:
    asked: list[str] = []

    def door_of(agency: str) -> str:
        asked.append(agency)
        return "events.administrative"

    publisher = Publisher(
        settings,
        schemas=Schemas.load(settings.schemas_dir),
        store=Store.open(tmp_path / "sent.sqlite"),
        door_of=door_of,
        sink=broker,
    )
    with pytest.raises(CasebusError, match="no_key"):
        publisher.publish_one(replace(noted("a"), source="cn-330106-psb"))
    assert asked == []


class Producer:
    """Has no room for the first record it is given, and takes the others."""

    def __init__(self) -> None:
        self.given: list[str] = []
        self.full = True

    def partitions_for(self, _: str) -> set[int]:
        return {0}

    def send(self, _: str, *, headers: list[tuple[str, bytes]], **__: object) -> Any:
        if self.full:
            self.full = False
            raise KafkaTimeoutError("no room")
        self.given.append(dict(headers)["ce_sequence"].decode())
        return SimpleNamespace(get=lambda **_: SimpleNamespace(partition=0, offset=0))

    def flush(self) -> None: ...

    def close(self, **_: object) -> None: ...


def test_nothing_overtakes_a_record_of_its_stream_that_the_client_had_no_room_for(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer = Producer()
    monkeypatch.setattr("casebus.sdk.publisher.open_producer", lambda _: producer)
    publisher = Publisher(
        settings.model_copy(update={"patience_seconds": 0}),
        schemas=Schemas.load(settings.schemas_dir),
        store=Store.open(tmp_path / "sent.sqlite"),
        door_of=one_door("events.administrative"),
    )
    with pytest.raises(CasebusError, match="kafka_unreachable"):
        publisher.publish([noted("a"), noted("b")])
    publisher.send_waiting()
    assert producer.given == ["1", "2"]


class Away:
    """Says the door only from the `after`-th question on."""

    def __init__(self, after: int) -> None:
        self.left = after
        self.writing: list[bool] = []

    def asks(self, store: Store) -> DoorOf:
        def door(_: str) -> str:
            self.writing.append(store.db.in_transaction)
            self.left -= 1
            if self.left > 0:
                raise AwayError("kafka_unreachable", "nobody answers")
            return "events.administrative"

        return door


def asking(settings: Settings, broker: MemorySink, folder: Path, kafka: Away) -> Publisher:
    store = Store.open(folder / "sent.sqlite")
    return Publisher(
        settings.model_copy(update={"patience_seconds": 0}),
        schemas=Schemas.load(settings.schemas_dir),
        store=store,
        door_of=kafka.asks(store),
        sink=broker,
    )


def test_a_process_that_has_never_reached_kafka_keeps_what_it_signed_and_a_later_one_sends_it(
    settings: Settings, broker: MemorySink, tmp_path: Path
) -> None:
    first = asking(settings, broker, tmp_path, Away(100))
    with pytest.raises(AwayError, match="kafka_unreachable"):
        first.publish([noted("a"), noted("b")])
    kept = Store.open(tmp_path / "sent.sqlite").waiting(10)
    assert [one.topic for one in kept] == ["", ""]
    with pytest.raises(AwayError, match="kafka_unreachable"):
        first.send_waiting()
    sent = asking(settings, broker, tmp_path, Away(0)).send_waiting()
    assert [(one.topic, one.sent) for one in sent] == [("events.administrative", True)] * 2
    assert [one.record for one in broker.taken] == [one.record for one in kept]
    assert sequences(broker) == [1, 2]


def test_kafka_is_not_asked_while_other_processes_wait_for_the_store(
    settings: Settings, broker: MemorySink, tmp_path: Path
) -> None:
    kafka = Away(0)
    asking(settings, broker, tmp_path, kafka).publish_one(noted("a"))
    assert kafka.writing
    assert not any(kafka.writing)


def test_an_account_that_may_not_write_as_the_agency_keeps_nothing(
    settings: Settings, broker: MemorySink, tmp_path: Path
) -> None:
    def refused(_: str) -> str:
        raise CasebusError("sector_unknown")

    publisher = make_publisher(settings, broker, tmp_path)
    publisher._door_of = refused
    with pytest.raises(CasebusError, match="sector_unknown"):
        publisher.publish_one(noted("a"))
    assert publisher.waiting() == 0


def test_brokers_that_are_away_for_a_while_are_waited_for_and_nothing_goes_out_twice(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    producer, opened = Producer(), []
    producer.full = False

    def open_producer(_: Settings) -> Producer:
        opened.append(1)
        if len(opened) < 3:
            raise AwayError("kafka_unreachable", "nobody answers")
        return producer

    monkeypatch.setattr("casebus.sdk.publisher.open_producer", open_producer)
    publisher = Publisher(
        settings,
        schemas=Schemas.load(settings.schemas_dir),
        store=Store.open(tmp_path / "sent.sqlite"),
        door_of=one_door("events.administrative"),
    )
    assert all(one.sent for one in publisher.publish([noted("a"), noted("b")]))
    assert producer.given == ["1", "2"]


def test_what_a_restored_bus_lacks_is_sent_again_byte_for_byte_in_its_order(
    publisher: Publisher, broker: MemorySink, tmp_path: Path
) -> None:
    publisher.publish([noted("a", event="a")])
    backed_up = datetime.now(UTC)
    publisher.publish([noted("b", event="b"), noted("c", event="c")])
    sent = list(broker.taken)
    again = publisher.send_again(backed_up.astimezone(CHINA))
    assert [one.id for one in again] == ["b", "c"]
    assert [one.record for one in broker.taken[3:]] == [one.record for one in sent[1:]]
    assert Store.open(tmp_path / "sent.sqlite").waiting_count() == 0
    assert publisher.send_again(datetime.now(UTC)) == []
    # What comes next goes on counting.
    publisher.publish([noted("d", event="d")])
    assert sequences(broker) == [1, 2, 3, 2, 3, 4]
