from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from kafka.errors import KafkaConnectionError

from casebus.errors import AwayError, CasebusError
from casebus.events.envelope import Record
from casebus.sdk import inbox as inbox_module
from casebus.sdk.doors import one_door
from casebus.sdk.fakes import MemorySink
from casebus.sdk.inbox import Delivery, Inbox
from casebus.sdk.publisher import Publisher
from casebus.sdk.store import Store, StoredRecord
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from tests.world import SCHEMAS, World

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
TOPIC = f"agency.{AMR}.inbox"


class Consumer:
    """One partition, read from where the group committed last."""

    def __init__(self, log: list[Any]) -> None:
        self.log, self.committed = log, 0

    def open(self, *_: object) -> Consumer:
        self.read = self.committed
        return self

    def assignment(self) -> set[int]:
        return {0}

    def end_offsets(self, places: Sequence[int], **_: object) -> dict[int, int]:
        return {place: len(self.log) for place in places}

    def position(self, _: int, **__: object) -> int:
        return self.read

    def subscribe(self, _: list[str]) -> None: ...

    def poll(self, **_: object) -> dict[int, list[Any]]:
        found, self.read = self.log[self.read :], len(self.log)
        return {0: found} if found else {}

    def commit(self, offsets: dict[Any, Any], **_: object) -> None:
        [self.committed] = [one.offset for one in offsets.values()]

    def close(self, **_: object) -> None: ...


class Desk:
    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        SigningKey.generate().save(folder / "keys" / f"{AMR}.pem")
        self.settings = Settings(agency=AMR, keys_dir=folder / "keys", home=folder)
        self.store = Store.open(folder / "sent.sqlite")
        self.world = World()
        self.consumer = Consumer([])
        monkeypatch.setattr(inbox_module, "open_consumer", self.consumer.open)

    def deliver(self, record: Record) -> Record:
        place = {"topic": TOPIC, "partition": 0, "offset": len(self.consumer.log)}
        parts = {"key": record.key, "value": record.value, "headers": list(record.headers)}
        self.consumer.log.append(SimpleNamespace(**place, **parts))
        return record

    def event(self) -> Record:
        return self.world.event("case.noted", PSB, stream=str(uuid4()), to=(AMR,))

    def deliveries(self) -> Iterator[Delivery]:
        """What a process that starts now is handed."""
        return self.inbox().deliveries(idle_seconds=0)

    def inbox(self, sink: MemorySink | Restless | None = None) -> Inbox:
        publisher = Publisher(
            self.settings,
            schemas=SCHEMAS,
            store=self.store,
            door_of=one_door("events.administrative"),
            sink=sink or MemorySink(),
        )
        return Inbox(self.settings, schemas=SCHEMAS, store=self.store, publisher=publisher)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_what_was_not_acknowledged_comes_again_whatever_later_was(desk: Desk) -> None:
    for _ in range(3):
        desk.deliver(desk.event())
    first, second, third = desk.deliveries()
    third.ack()
    second.ack()
    assert [one.offset for one in desk.deliveries()] == [first.offset]
    first.ack()
    assert desk.consumer.committed == 3


def test_a_record_delivered_twice_does_not_pass_over_what_waits_before_it(desk: Desk) -> None:
    known = desk.deliver(desk.event())
    [one] = desk.deliveries()
    one.ack()
    desk.deliver(desk.event())
    desk.deliver(known)
    assert [one.offset for one in desk.deliveries()] == [1]
    assert [one.offset for one in desk.deliveries()] == [1]


def recall_of(desk: Desk, record: Record, source: str = PSB) -> Record:
    names = {name: text.decode() for name, text in record.headers}
    body = {"recalled_source": names["ce_source"], "recalled_id": names["ce_id"]}
    return desk.world.event(
        "case.recalled", source, stream=names["ce_subject"], to=(AMR,), data=body
    )


def said(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    rows = desk.store.db.execute("select value from outgoing order by place").fetchall()
    return [(one.ce_type.split(".")[2], data) for one, data in (SCHEMAS.decode(r[0]) for r in rows)]


def test_a_recall_is_confirmed_with_its_acknowledgement(desk: Desk) -> None:
    stored = desk.deliver(desk.event())
    desk.deliver(recall_of(desk, stored))
    first, second = desk.deliveries()
    assert (first.recalled, second.recalled) == (None, (PSB, first.envelope.id))
    first.ack()
    second.erased(True)
    assert [name for name, _ in said(desk)] == ["opened", "opened", "erased"]
    _, confirmed = said(desk)[-1]
    assert (confirmed["event_id"], confirmed["held"]) == (first.envelope.id, True)
    assert list(desk.deliveries()) == []


def test_what_was_recalled_before_it_came_is_never_handed_out(desk: Desk) -> None:
    late = desk.event()
    desk.deliver(recall_of(desk, late))
    [one] = desk.deliveries()
    one.erased(False)
    desk.deliver(late)
    assert list(desk.deliveries()) == []
    assert desk.consumer.committed == 2
    # It was not read, and nobody says that it was.
    assert [data["event_id"] for name, data in said(desk) if name == "opened"] == [one.envelope.id]


@pytest.mark.parametrize(("source", "is_one"), [(PSB, True), ("bus", True), (PRO, False)])
def test_only_its_author_and_the_bus_recall_an_event(
    desk: Desk, source: str, *, is_one: bool
) -> None:
    desk.deliver(recall_of(desk, desk.event(), source))
    [one] = desk.deliveries()
    assert (one.recalled is not None) == is_one
    if not is_one:
        with pytest.raises(CasebusError, match="not_a_recall"):
            one.erased(True)


def test_a_handler_is_given_what_is_no_recall(desk: Desk) -> None:
    stored = desk.deliver(desk.event())
    desk.deliver(recall_of(desk, stored))
    handled: list[str] = []
    erased: list[Any] = []

    def erase(delivery: Delivery) -> bool:
        erased.append(delivery.recalled)
        return True

    inbox = desk.inbox()
    assert inbox.handle(lambda one: handled.append(one.envelope.id), erase=erase, idle_seconds=0)
    assert (erased, handled) == ([(PSB, handled[0])], handled[:1])


class Restless:
    """A sink whose brokers are away for the first so many times."""

    def __init__(self, away: int) -> None:
        self.away, self.taken = away, 0

    def send(self, records: Sequence[StoredRecord]) -> list[tuple[int, int] | CasebusError]:
        self.away -= 1
        if self.away >= 0:
            return [AwayError("kafka_unreachable", "away") for _ in records]
        self.taken += len(records)
        return [(0, at) for at in range(len(records))]

    def close(self) -> None: ...


@pytest.mark.slow
def test_who_reads_for_ever_waits_for_brokers_at_each_acknowledgement_too(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.settings = desk.settings.model_copy(update={"patience_seconds": 0.0})
    sink, polled = Restless(2), iter([True, False, True])
    poll, commit, committed = desk.consumer.poll, desk.consumer.commit, iter([True, True])

    def away_at_times(answer: Any, times: Iterator[bool]) -> Any:
        def asked(*given: Any, **more: Any) -> Any:
            if next(times, False):
                raise KafkaConnectionError("away")
            return answer(*given, **more)

        return asked

    monkeypatch.setattr(desk.consumer, "poll", away_at_times(poll, polled))
    monkeypatch.setattr(desk.consumer, "commit", away_at_times(commit, committed))
    for _ in range(2):
        desk.deliver(desk.event())
    handled: list[int] = []

    def handle(delivery: Delivery) -> None:
        if handled:
            raise InterruptedError
        handled.append(delivery.offset)

    with pytest.raises(InterruptedError):
        desk.inbox(sink).handle(handle)
    assert (handled, desk.consumer.committed, sink.taken) == ([0], 1, 1)


def test_who_reads_until_idle_hears_that_brokers_are_away(desk: Desk) -> None:
    desk.settings = desk.settings.model_copy(update={"patience_seconds": 0.0})
    desk.deliver(desk.event())
    with pytest.raises(AwayError):
        desk.inbox(Restless(2)).handle(lambda _: None, idle_seconds=0)
