"""`casebus recall` from end to end: a reader on Kafka, a hosted one, and what each of them says."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from casebus.cli.ends import PENDING
from casebus.cli.main import main
from casebus.sdk.client import Client
from casebus.sdk.inbox import Delivery
from tests.integration.street import AMR, DOORS, PRO, PSB, Bus, gateway_clients

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.slow, pytest.mark.timeout(300)]

JOURNALED = "select * from derived.event where id = $1"
WORDS = "送错了单位的材料"


class Reader:
    """An agency's own system on Kafka, which keeps copies and deletes them when told."""

    def __init__(self, bus: Bus, folder: Path) -> None:
        settings = bus.stack.settings(AMR).model_copy(update={"home": folder})
        self._client = Client(settings)
        self.copies: dict[tuple[str, str], str] = {}
        self.erased: list[tuple[str, str]] = []

    def read_until(self, event: tuple[str, str], kept: dict[Any, Any] | list[Any]) -> None:
        deadline = time.monotonic() + 60
        while event not in kept:
            assert time.monotonic() < deadline
            with self._client.inbox(group=f"{AMR}.recall") as inbox:
                inbox.handle(self._keep, erase=self._erase, idle_seconds=1)

    def _keep(self, delivery: Delivery) -> None:
        event = delivery.envelope.source, delivery.envelope.id
        self.copies[event] = str(delivery.data.get("note"))

    def _erase(self, delivery: Delivery) -> bool:
        assert delivery.recalled is not None
        self.erased.append(delivery.recalled)
        return self.copies.pop(delivery.recalled, None) is not None

    def close(self) -> None:
        self._client.close()


def casebus(bus: Bus, *words: str) -> Any:
    env = bus.stack.environment(PSB)
    done = CliRunner().invoke(main, [*words, "--json"], env=env)
    # A slow machine may not have recorded the recall yet.
    assert done.exit_code in {0, PENDING}, done.output
    return json.loads(done.output)


def test_who_recalls_learns_who_had_read_it_and_who_has_erased_it(bus: Bus, tmp_path: Path) -> None:
    stream = str(uuid4())
    note = bus.event("case.noted", PSB, stream=stream, to=(AMR, PRO), data={"note": WORDS})
    event = (PSB, dict(note.headers)["ce_id"].decode())
    bus.send([note], DOORS[PSB])
    bus.until(JOURNALED, event[1])
    reader = Reader(bus, tmp_path)
    try:
        reader.read_until(event, reader.copies)
        assert reader.copies[event] == WORDS
        casebus(bus, "recall", event[1], "--reason", "误送")
        reader.read_until(event, reader.erased)
        assert event not in reader.copies
    finally:
        reader.close()
    told = _until_erased(bus, event[1], {AMR, PRO})
    assert set(told["recipients"]) == {AMR, PRO}
    # The police had not looked into the prosecutor's inbox; of Kafka nobody knows but its reader.
    assert told["unread"] == [PRO]
    assert AMR in {*told["unknown"], *(one["agency"] for one in told["read"])}
    with gateway_clients(bus.stack, [PSB, PRO]) as clients:
        inbox = f"/v1/inbox/{PSB}/{event[1]}"
        assert WORDS not in clients[PRO].get(inbox).text
        assert clients[PRO].get(f"/v1/events/{PSB}/{event[1]}/recall").status_code == 404
        assert WORDS in clients[PSB].get(f"/v1/cases/{stream}/history").text
    assert bus.verified().ok


def _until_erased(bus: Bus, event_id: str, agencies: set[str]) -> Any:
    deadline = time.monotonic() + 60
    while True:
        told = casebus(bus, "recall", event_id, "--status")
        if {one["agency"] for one in told["erased"]} >= agencies:
            return told
        assert time.monotonic() < deadline, told
        time.sleep(0.5)
