from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.sdk import inbox as inbox_module
from casebus.sdk.inbox import Delivery, Inbox
from casebus.sdk.publisher import Publisher
from casebus.sdk.sectors import one_sector
from casebus.sdk.store import Outgoing, Store
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from tests.world import SCHEMAS, World

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
TOPIC = f"agency.{AMR}.inbox"


class Consumer:
    """One partition, read from where the group committed last."""

    def __init__(self, log: list[Any]) -> None:
        self.log, self.committed = log, 0

    def open(self, *_: object) -> Consumer:
        self.position = self.committed
        return self

    def subscribe(self, _: list[str]) -> None: ...

    def poll(self, **_: object) -> dict[int, list[Any]]:
        found, self.position = self.log[self.position :], len(self.log)
        return {0: found} if found else {}

    def commit(self, offsets: dict[Any, Any]) -> None:
        [self.committed] = [one.offset for one in offsets.values()]

    def close(self, **_: object) -> None: ...


class Sink:
    def send(self, records: Sequence[Outgoing]) -> list[tuple[int, int] | CasebusError]:
        return [(0, at) for at in range(len(records))]

    def close(self) -> None: ...


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
        publisher = Publisher(
            self.settings,
            schemas=SCHEMAS,
            store=self.store,
            sector_of=one_sector("administrative"),
            sink=Sink(),
        )
        inbox = Inbox(self.settings, schemas=SCHEMAS, store=self.store, publisher=publisher)
        return inbox.deliveries(idle_seconds=0)


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
