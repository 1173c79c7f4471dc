"""Receipts, witnesses and a fork on the whole stack: as an agency, and as an operator who lies."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from kafka import KafkaConsumer, TopicPartition

from casebus.kafka.connection import consumer_settings
from casebus.trust.head import Head
from casebus.trust.merkle import Frontier
from casebus.trust.note import SignedNote
from casebus.trust.receipt import Receipt, check, directory_of
from onebox.testing import Stack
from operations.verify.checks import verify
from tests.integration.street import AMR, DOORS, PATIENCE_SECONDS, PSB, Bus, opened
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(400)]

TOPIC = f"agency.{AMR}.receipts"
WITNESS = "cn-330106-pro"


@pytest.fixture(scope="module")
def bus() -> Iterator[Bus]:
    """A stack of its own: it is lied about."""
    with Stack() as stack:
        bus = Bus(stack)
        yield bus
        bus.producer.close()


def casebus(bus: Bus, agency: str, folder: Path, *words: str, code: int = 0) -> Any:
    environment = bus.stack.environment(agency) | {"CASEBUS_HOME": str(folder)}
    done = subprocess.run(
        [sys.executable, "-m", "casebus.cli.main", *words, "--json"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return json.loads(done.stdout or done.stderr)


def received(bus: Bus, stream: str) -> list[dict[str, Any]]:
    """What the agency's own account reads in its topic of one stream."""
    consumer = KafkaConsumer(**consumer_settings(bus.stack.settings(AMR), None))
    try:
        places = [TopicPartition(TOPIC, one) for one in consumer.partitions_for_topic(TOPIC)]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        ends = consumer.end_offsets(places)
        found = []
        while any(consumer.position(place) < ends[place] for place in places):
            for records in consumer.poll(timeout_ms=500).values():
                found += [json.loads(one.value) for one in records if one.key == stream.encode()]
        return found
    finally:
        consumer.close()


def until_received(bus: Bus, stream: str, steps: set[str]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        found = received(bus, stream)
        told = {one["step"] for one in found}
        if steps <= told:
            return found
        assert time.monotonic() < deadline, told
        time.sleep(0.5)


def test_an_agency_reads_receipts_of_its_own_events_in_its_own_topic(bus: Bus) -> None:
    stream, record = opened(bus)
    # A copy is no event of its own.
    bus.send([record], DOORS[AMR])
    bus.until("select 1 from derived.event_copy where stream = $1 and same", stream)
    last = opened(bus)[0]
    until_received(bus, last, {"submitted"})
    found = until_received(bus, stream, {"submitted", "delivered"})
    assert [one["step"] for one in found].count("submitted") == 1
    root = bus.stack.settings(AMR).root_digest
    for one in found:
        assert one["of"]["id"] == dict(record.headers)["ce_id"].decode()
        receipt = Receipt.from_json(one)
        is_mine = one["step"] == "submitted"
        directory = directory_of(receipt.entries, root, SCHEMAS)
        assert check(receipt, directory, record if is_mine else None).size > receipt.proof.index


def test_the_command_line_gives_and_checks_receipts(bus: Bus, tmp_path: Path) -> None:
    stream, record = opened(bus)
    until_received(bus, stream, {"submitted", "delivered"})
    event = dict(record.headers)["ce_id"].decode()
    found = casebus(bus, AMR, tmp_path, "receipts", event, "--proof")
    assert Receipt.from_json(found["submitted"]["receipt"]).id == event
    assert Receipt.from_json(found["relayed"]["receipt"]).source == "bus/router"
    delivered = {one["agency"]: one["receipt"] for one in found["delivered"]}
    assert Receipt.from_json(delivered[PSB]).source == PSB


def test_verify_reads_the_receipts_that_were_sent_and_names_one_that_was_altered(bus: Bus) -> None:
    stream, _ = opened(bus)
    [sent, *_] = until_received(bus, stream, {"submitted", "delivered"})
    report = bus.verified()
    assert report.problems == {}
    assert report.counts["receipts sent"] >= 2
    assert report.counts["signed heads"] >= 1
    for name, other in (("step", "retrieved"), ("log_leaf", "00" * 32), ("of", {})):
        value = json.dumps({**sent, name: other}).encode()
        headers = [("content-type", b"application/json")]
        bus.producer.send(TOPIC, key=stream.encode(), value=value, headers=headers).get(timeout=30)
    found = asyncio.run(verify(bus.admin)).problems
    assert set(found) == {"receipt_altered"}
    assert found["receipt_altered"].count == 3
    assert all(place.startswith(TOPIC) for place in found["receipt_altered"].places)


def test_a_witness_cosigns_and_names_the_fork_that_the_bus_itself_has_signed(
    bus: Bus, tmp_path: Path
) -> None:
    """An operator with every password: tables, signed heads and the bus's own key."""
    _, record = opened(bus)
    event = dict(record.headers)["ce_id"].decode()
    [place] = bus.rows("select epoch, partition, log_index from derived.event where id = $1", event)
    log, index = (place["epoch"], place["partition"]), place["log_index"]
    bus.until(
        "select 1 from own.head where (epoch, partition) = ($1, $2) and size > $3", *log, index
    )
    seen = casebus(bus, WITNESS, tmp_path, "witness", "--once")
    assert seen["refused"] == []
    found = casebus(bus, AMR, tmp_path, "receipts", event, "--proof")
    receipt = Receipt.from_json(found["submitted"]["receipt"])
    # A head that is signed later, without witnesses, does not take the place of this one.
    assert found["submitted"]["receipt"]["witnesses"]["seen"] == [WITNESS]

    bus.stack.kill("scheduler")
    _rewrite(bus, log, index)
    _signed_anew(bus, log, SignedNote.parse(str(receipt.proof.note)))
    refused = casebus(bus, WITNESS, tmp_path, "witness", "--once", code=1)["refused"]
    assert [one["code"] for one in refused] == ["log_forked"]
    kept = json.loads((tmp_path / "witness.json").read_text(encoding="utf-8"))["refused"]
    [evidence] = kept.values()
    # The old receipt, in the author's hand, still proves what the operator wants to hide.
    root = bus.stack.settings(AMR).root_digest
    assert check(receipt, directory_of(receipt.entries, root, SCHEMAS), record).index == index
    assert Head.parse(SignedNote.parse(evidence["seen"]).text).root == receipt.proof.head.root
    # And the gateway has none for it any more.
    answer = casebus(bus, AMR, tmp_path, "receipts", event, "--proof", code=1)
    assert answer["error"]["code"] == "log_altered"


def _rewrite(bus: Bus, log: tuple[int, int], index: int) -> None:
    """One leaf is another, the frontier fits it, and no head was ever signed."""
    where = "where (epoch, partition) = ($1, $2)"
    bus.rows(
        f"update derived.journal set log_leaf = sha256(log_leaf) {where} and log_index = $3",
        *log,
        index,
    )
    rows = bus.rows(
        f"select log_leaf from derived.journal {where} order by log_index",
        *log,
    )
    frontier = Frontier().append([row["log_leaf"] for row in rows])
    bus.rows(
        f"update derived.journal_position set frontier = $3 {where} and next_index = $4",
        *log,
        frontier.to_bytes(),
        frontier.size,
    )
    for table in ("cosignature", "head", "log_hash"):
        bus.rows(f"delete from own.{table} {where}", *log)


def _signed_anew(bus: Bus, log: tuple[int, int], before: SignedNote) -> None:
    """Wait until the bus, started again, has signed a head of the other past."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        rows = bus.rows(
            "select note from own.head where (epoch, partition) = ($1, $2)"
            " order by size desc limit 1",
            *log,
        )
        if rows and SignedNote.parse(rows[0]["note"]).text != before.text:
            return
        assert time.monotonic() < deadline, "no head was signed"
        time.sleep(0.2)
