from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner
from kafka import KafkaConsumer, TopicPartition

from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.events.envelope import Envelope, Record
from casebus.events.partition import partition_for
from casebus.events.schemas import Schemas
from casebus.kafka.connection import consumer_settings, open_consumer, open_producer
from casebus.kafka.directory import read_directory
from casebus.sdk.accounts import door_finder, visible_topics
from casebus.sdk.event import NewEvent
from casebus.sdk.inbox import Inbox
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from onebox.testing import Stack

pytestmark = [pytest.mark.connected, pytest.mark.slow]
AGENCY = "cn-330106-amr"
EVENTS, INBOX = f"events.administrative.{AGENCY}", f"agency.{AGENCY}.inbox"


@pytest.fixture(scope="module")
def settings(brokers: Stack) -> Settings:
    return brokers.settings(AGENCY)


@pytest.fixture(scope="module")
def schemas(settings: Settings) -> Schemas:
    return Schemas.load(settings.schemas_dir)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "sdk.sqlite")


@pytest.fixture
def publisher(settings: Settings, schemas: Schemas, store: Store) -> Iterator[Publisher]:
    finder = door_finder(settings, schemas)
    with Publisher(settings, schemas=schemas, store=store, door_of=finder) as made:
        yield made


def noted(stream: str, text: str = "") -> NewEvent:
    return NewEvent(type="case.noted", stream=stream, data={"note": text})


def everything(brokers: Stack, topic: str, stream: str) -> list[Record]:
    """All records of a stream, as the installation's admin sees them."""
    admin = brokers.settings("admin")
    consumer = KafkaConsumer(**consumer_settings(admin, None))
    places = [TopicPartition(topic, at) for at in consumer.partitions_for_topic(topic)]
    consumer.assign(places)
    ends = consumer.end_offsets(places)
    found = []
    while any(consumer.position(place) < ends[place] for place in places):
        for records in consumer.poll(timeout_ms=500).values():
            found += [Record(one.key, one.value, tuple(one.headers)) for one in records]
    consumer.close()
    return [one for one in found if one.key == stream.encode()]


def test_a_wrong_password_is_said_at_once(settings: Settings) -> None:
    wrong = settings.model_copy(update={"kafka_password": "wrong"})
    started = time.monotonic()
    for opener in (open_producer, visible_topics):
        with pytest.raises(CasebusError, match="kafka_sign_in_refused"):
            opener(wrong)
    # The library alone takes 30 s for each.
    assert time.monotonic() - started < 20


def test_an_address_where_nobody_listens_is_said(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"kafka_bootstrap": "127.0.0.1:19"})
    with pytest.raises(CasebusError, match="kafka_unreachable"):
        open_producer(nowhere)


@pytest.mark.parametrize("topic", ["case.journal", "inbox.police", "agency.cn-1-amr.inbox"])
def test_a_denied_read_is_an_error_and_not_an_empty_topic(settings: Settings, topic: str) -> None:
    with pytest.raises(CasebusError, match="topic_denied"):
        open_consumer(settings, topic, AGENCY)


def test_a_foreign_consumer_group_is_an_error(
    settings: Settings, schemas: Schemas, store: Store, publisher: Publisher
) -> None:
    with (
        pytest.raises(CasebusError, match="group_denied"),
        Inbox(settings, schemas=schemas, store=store, publisher=publisher, group="router") as inbox,
    ):
        list(inbox.deliveries(idle_seconds=5))


def test_an_agency_s_account_sees_its_own_door_only(settings: Settings, brokers: Stack) -> None:
    seen = visible_topics(settings)
    assert EVENTS in seen
    assert not seen & {"events.administrative", "events.police", "case.journal"}
    assert "inbox.administrative" not in seen
    assert {"events.police", "directory"} <= visible_topics(brokers.settings("admin"))


def test_the_installation_s_account_finds_every_agency_s_door_by_the_directory(
    brokers: Stack, schemas: Schemas
) -> None:
    admin = brokers.settings("admin")
    find = door_finder(admin, schemas)
    assert [find(f"cn-330106-{kind}") for kind in ("amr", "psb", "pro", "court")] == [
        "events.administrative",
        "events.police",
        "events.procuratorate",
        "events.court",
    ]
    with pytest.raises(CasebusError, match="sector_unknown"):
        find("cn-999999-amr")


def test_another_root_than_the_pinned_one_is_not_believed(brokers: Stack, schemas: Schemas) -> None:
    other = brokers.settings("admin").model_copy(update={"root_digest": "00" * 32})
    with pytest.raises(CasebusError, match="directory_root_mismatch"):
        read_directory(other, schemas)


def test_published_events_stand_in_order_in_the_partition_of_their_key(
    brokers: Stack, publisher: Publisher
) -> None:
    stream = str(uuid.uuid4())
    published = publisher.publish([noted(stream, str(at)) for at in range(30)])
    assert {one.partition for one in published} == {partition_for(stream.encode(), 4)}
    records = everything(brokers, EVENTS, stream)
    assert [Envelope.from_headers(one.headers).sequence for one in records] == list(range(1, 31))


def test_writing_to_another_sector_s_topic_is_an_error_and_the_record_is_kept(
    settings: Settings, schemas: Schemas, store: Store
) -> None:
    publisher = Publisher(settings, schemas=schemas, store=store, door_of=lambda _: "events.police")
    with publisher, pytest.raises(CasebusError, match="topic_denied"):
        publisher.publish_one(noted(str(uuid.uuid4())))
    assert store.waiting_count() == 1


def test_what_was_kept_for_a_door_that_is_closed_now_goes_to_the_one_that_is_open(
    settings: Settings, schemas: Schemas, store: Store
) -> None:
    """As after an upgrade: the sector's door was every agency's once."""
    once = Publisher(
        settings, schemas=schemas, store=store, door_of=lambda _: "events.administrative"
    )
    with once, pytest.raises(CasebusError, match="topic_denied"):
        once.publish_one(noted(str(uuid.uuid4())))
    now = Publisher(settings, schemas=schemas, store=store, door_of=door_finder(settings, schemas))
    with now:
        assert [one.topic for one in now.send_waiting()] == [EVENTS]
    assert store.waiting_count() == 0


def deliver(brokers: Stack, published: list[Record]) -> None:
    """Put records into the agency's inbox, as the router would."""
    producer = open_producer(brokers.settings("router"))
    for one in published:
        headers = [*one.headers, ("cb-position", b"1/0/7"), ("cb-verdict", b"admitted")]
        producer.send(INBOX, key=one.key, value=one.value, headers=headers).get(timeout=20)
    producer.close()


def test_an_inbox_hands_each_event_out_once_and_signs_its_retrieval(
    brokers: Stack, settings: Settings, schemas: Schemas, store: Store, publisher: Publisher
) -> None:
    stream = str(uuid.uuid4())
    sent = [one.id for one in publisher.publish([noted(stream, str(at)) for at in range(3)])]
    records = everything(brokers, EVENTS, stream)
    deliver(brokers, [*records, *records])
    group = f"{AGENCY}.{stream}"

    def inbox() -> Inbox:
        return Inbox(
            settings, schemas=schemas, store=store, publisher=publisher, actor="P-1", group=group
        )

    with inbox() as opened:
        first = next(opened.deliveries(idle_seconds=20))
        assert first.stamps["cb-position"] == "1/0/7"
        first.ack()
    with inbox() as opened:
        for delivery in opened.deliveries(idle_seconds=20):
            # The second one is handed out and not acknowledged: it must come again.
            assert delivery.envelope.id == sent[1]
            break
    handled: list[str] = []
    with inbox() as opened:
        opened.handle(lambda one: handled.append(one.envelope.id), idle_seconds=3)
    assert [one for one in handled if one in sent] == sent[1:]
    opened_events = [
        (Envelope.from_headers(one.headers), schemas.decode(one.value)[1])
        for one in everything(brokers, EVENTS, stream)[3:]
    ]
    assert [data["event_id"] for _, data in opened_events] == sent
    assert {one.type for one, _ in opened_events} == {"casebus.intake.opened.v1"}
    assert {(data["actor"], data["position"]) for _, data in opened_events} == {("P-1", "1/0/7")}


def test_a_key_is_made_added_listed_and_revoked_from_the_command_line(
    brokers: Stack, tmp_path: Path
) -> None:
    environment = brokers.environment("admin")

    def run(*arguments: str) -> str:
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exit_code == 0, done.output
        return done.output

    pem = tmp_path / "second.pem"
    run("keys", "new", AGENCY, "--out", str(pem))
    key = SigningKey.load(pem)
    run("keys", "add", AGENCY, "--public", key.public.hex(), "--note", "second")
    assert '"state": "valid"' in run("keys", "show", key.keyid, "--json")
    run("keys", "revoke", key.keyid[:12], "--reason", "test")
    assert '"state": "revoked"' in run("keys", "show", key.keyid, "--json")
    assert key.keyid in run("keys", "list", "--agency", AGENCY)


def test_a_delegate_is_named_listed_and_withdrawn_from_the_command_line(brokers: Stack) -> None:
    environment, delegate = brokers.environment("admin"), "cn-330100-amr"

    def run(*arguments: str, code: int = 0) -> str:
        done = CliRunner().invoke(main, ["keys", *arguments], env=environment)
        assert done.exit_code == code, done.output
        return done.output

    def named() -> list[str]:
        return [one["delegate"] for one in json.loads(run("delegates", AGENCY, "--json"))]

    withdraw = ("withdraw", AGENCY, delegate, "--reason", "test", "--json")
    assert delegate not in named()
    types = ("--type", "casebus.intake.*", "--type", "casebus.case.noted.v1")
    told = json.loads(run("delegate", AGENCY, delegate, *types, "--json"))
    assert (told["agency"], told["delegate"]) == (AGENCY, delegate)
    # Read back from the brokers each time: it is the directory that says so.
    assert delegate in named()
    assert "casebus.case.noted.v1" in run("delegates", AGENCY)
    assert json.loads(run(*withdraw))["position"] == told["position"] + 1
    assert delegate not in named()
    assert json.loads(run(*withdraw, code=1))["error"]["code"] == "delegate_not_found"


def test_nobody_is_named_whom_the_directory_does_not_know(brokers: Stack) -> None:
    environment = brokers.environment("admin")
    for pair in ((AGENCY, "cn-999999-amr"), ("cn-999999-amr", AGENCY)):
        arguments = ["keys", "delegate", *pair, "--type", "casebus.intake.*", "--json"]
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exit_code == 1
        assert json.loads(done.output)["error"]["code"] == "unknown_agency"


def test_an_entry_that_no_reader_would_believe_is_not_sent(brokers: Stack) -> None:
    """Signed by an agency's own key: it is no registrar."""
    environment = brokers.environment("admin")
    stranger = str(brokers.home.keys / f"{AGENCY}.pem")
    before = directory_end(brokers)
    arguments = ["keys", "delegate", AGENCY, "cn-330100-amr", "--type", "casebus.intake.*"]
    forged = [*arguments, "--signer", AGENCY, "--signer-key", stranger, "--json"]
    done = CliRunner().invoke(main, forged, env=environment)
    assert done.exit_code == 1
    assert "error" in json.loads(done.output)
    assert directory_end(brokers) == before


def directory_end(brokers: Stack) -> int:
    consumer = KafkaConsumer(**consumer_settings(brokers.settings("admin"), None))
    try:
        place = TopicPartition("directory", 0)
        return int(consumer.end_offsets([place])[place])
    finally:
        consumer.close()


def test_the_command_line_says_what_is_wrong_as_json_too(brokers: Stack, tmp_path: Path) -> None:
    environment = brokers.environment(AGENCY) | {"CASEBUS_HOME": str(tmp_path)}
    wrong = environment | {"CASEBUS_KAFKA_PASSWORD": "wrong"}  # pragma: allowlist secret
    arguments = ["publish", "--type", "case.noted", "--note", "x", "--json"]
    done = CliRunner().invoke(main, arguments, env=wrong)
    assert done.exit_code == 1
    assert '"code": "kafka_sign_in_refused"' in done.output
    # Nobody admits it here, and no gateway can be asked.
    sent = CliRunner().invoke(main, [*arguments, "--wait", "1"], env=environment)
    assert sent.exit_code == 3, sent.output
    assert "what became of it is not known" in sent.stderr
    assert f'"topic": "{EVENTS}"' in sent.output
