"""Front door to tables on real Kafka and PostgreSQL: identity, order, rejects, rebuilds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from kafka import KafkaProducer

from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from casebus.sdk.connection import producer_settings
from casebus.trust.keys import SigningKey
from casebus.trust.signing import sign
from onebox.testing import Stack
from onebox.verify.checks import verify
from tests.world import SCHEMAS, draft, with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
DOORS = {AMR: "events.administrative", PSB: "events.police", PRO: "events.procuratorate"}
PATIENCE_SECONDS = 60
SET_LEAF = """
update derived.journal set log_leaf = $4 where (epoch, partition, log_index) = ($1, $2, $3)
"""


class Bus:
    """A pen and an eye: signs as any agency, sends anything, reads the tables."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.admin = stack.settings("admin").model_copy(update={"database_url": stack.database_url})
        self.producer = KafkaProducer(**producer_settings(self.admin))
        keys = stack.home.keys
        self.keys = {name: SigningKey.load(keys / f"{name}.pem") for name in (AMR, PSB, PRO)}

    def event(self, ce_type: str, source: str, **changes: Any) -> Record:
        changes.setdefault("time", datetime.now(UTC))
        agency = source.partition("/")[0]
        return sign([draft(ce_type, source, **changes)], self.keys[agency], SCHEMAS)[0]

    def send(self, records: Sequence[Record], topic: str, partition: int | None = None) -> None:
        futures = [
            self.producer.send(
                topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=partition_for(record.key or b"", 4) if partition is None else partition,
            )
            for record in records
        ]
        for future in futures:
            future.get(timeout=30)

    def rows(self, query: str, *values: Any) -> list[Any]:
        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.stack.database_url)
            try:
                return list(await connection.fetch(query, *values))
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def until(self, query: str, *values: Any, holds: Callable[[list[Any]], bool] = bool) -> Any:
        """The rows of the query as soon as they hold."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(rows := self.rows(query, *values)):
            assert time.monotonic() < deadline, f"still {rows}"
            time.sleep(0.1)
        return rows

    def status(self, stream: str, expected: str) -> Any:
        query = "select * from derived.case_state where stream = $1"
        return self.until(
            query, stream, holds=lambda rows: bool(rows) and rows[0]["status"] == expected
        )[0]

    def findings(self, stream: str, kind: str) -> list[Any]:
        query = "select * from derived.finding where stream = $1 and kind = $2"
        return list(self.until(query, stream, kind))

    def verified(self) -> Any:
        """A verification once the outbox is empty and nothing is on its way."""
        self.until("select count(*) from own.outbox where sent_at is null", holds=_is_zero)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (report := asyncio.run(verify(self.admin))).ok:
            if time.monotonic() > deadline:
                return report
            time.sleep(1)
        return report


def _is_zero(rows: list[Any]) -> bool:
    return bool(rows[0][0] == 0)


@pytest.fixture(scope="module")
def bus(stack: Stack) -> Iterator[Bus]:
    bus = Bus(stack)
    yield bus
    bus.producer.close()


def opened(bus: Bus, **changes: Any) -> tuple[str, Record]:
    """A referral that was sent to the police, on a stream of its own."""
    stream = str(uuid4())
    record = bus.event(
        "referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-05", **changes
    )
    bus.send([record], DOORS[AMR])
    bus.status(stream, "sent")
    return stream, record


def test_a_redelivered_event_is_a_leaf_of_the_journal_and_one_event_of_the_case(bus):
    stream, record = opened(bus)
    bus.send([record, record], DOORS[AMR])
    copies = "select same from derived.event_copy where stream = $1"
    rows = bus.until(copies, stream, holds=lambda rows: len(rows) == 2)
    assert [row["same"] for row in rows] == [True, True]
    assert (
        bus.rows(
            "select count(*) from derived.journal where stream = $1 and source = $2", stream, AMR
        )[0][0]
        == 3
    )
    assert (
        bus.rows(
            "select count(*) from derived.event where stream = $1 and source = $2", stream, AMR
        )[0][0]
        == 1
    )


def test_the_same_identity_with_another_body_is_a_finding_and_the_first_stands(bus):
    stream, record = opened(bus)
    event_id = dict(record.headers)["ce_id"].decode()
    other = bus.event(
        "referral.sent", AMR, stream=stream, id=event_id, to=(PSB,), legal="2026-03-09"
    )
    bus.send([other], DOORS[AMR])
    found = bus.findings(stream, "id_conflict")
    assert len(found) == 1
    legal = bus.rows(
        "select legal_at from derived.event where stream = $1 and id = $2", stream, event_id
    )
    assert legal[0]["legal_at"].isoformat() == "2026-03-04T16:00:00+00:00"
    told = "select * from derived.event where stream = $1 and type = 'casebus.finding.raised.v1'"
    assert AMR in bus.until(told, stream)[0]["recipients"]


def test_events_fold_by_legal_time_whatever_the_order_of_their_arrival(bus):
    stream, sent = str(uuid4()), "2026-03-05"
    late_first = [
        ("referral.filed", PSB, "2026-03-09", AMR),
        ("referral.accepted", PSB, "2026-03-07", AMR),
        ("referral.receipted", PSB, "2026-03-06", AMR),
    ]
    for ce_type, source, legal, to in late_first:
        bus.send([bus.event(ce_type, source, stream=stream, legal=legal, to=(to,))], DOORS[source])
    bus.status(stream, "unopened")
    bus.send([bus.event("referral.sent", AMR, stream=stream, legal=sent, to=(PSB,))], DOORS[AMR])
    row = bus.status(stream, "filed")
    assert row["opener"] == AMR
    kinds = bus.rows("select kind from derived.finding where stream = $1", stream)
    assert "out_of_procedure" not in {row["kind"] for row in kinds}


def test_what_is_rejected_is_kept_with_its_bytes_and_returned_to_a_sender_on_kafka(bus):
    record = bus.event("referral.sent", AMR, to=(PSB,))
    broken = Record(record.key, (record.value or b"")[:-1], record.headers)
    bus.send([broken], DOORS[AMR])
    event_id = dict(record.headers)["ce_id"].decode()
    row = bus.until("select * from own.rejected where event_id = $1", event_id)[0]
    assert (row["reason"], row["agency"]) == ("undecodable", AMR)
    assert row["value"] == broken.value
    returned = "select topic from own.outbox where source = $1 and aggregatetype = 'rejected'"
    assert f"agency.{AMR}.rejected" in {row["topic"] for row in bus.until(returned, AMR)}


def test_records_that_are_no_events_at_all_stop_no_worker(bus):
    before = bus.rows("select count(*) from own.rejected")[0][0]
    good = bus.event("referral.sent", AMR, to=(PSB,))
    bad = [
        Record(None, b"x", ()),
        Record(b"x", b"", ()),
        Record(b"\xff\xfe", b"\x00\xff", (("ce_id", b"\xff"),)),
        Record(good.key, None, good.headers),
        with_headers(good, ce_type=None),
        Record(good.key, b"\x00" * 1_100_000, good.headers),
    ]
    bus.send(bad, DOORS[AMR], partition=1)
    bus.until(
        "select count(*) from own.rejected",
        holds=lambda rows: rows[0][0] == before + len(bad),
    )
    opened(bus)


def test_a_stray_sector_and_an_unknown_case_and_recipient_are_judged_each_by_its_rule(bus):
    stream = str(uuid4())
    foreign = bus.event("referral.filed", PSB, stream=stream, legal="2026-03-09")
    bus.send([foreign], DOORS[AMR])
    event_id = dict(foreign.headers)["ce_id"].decode()
    row = bus.until("select reason from own.rejected where event_id = $1", event_id)[0]
    assert row["reason"] == "wrong_topic"
    bus.send([foreign], DOORS[PSB])
    bus.status(stream, "unopened")
    known, _ = opened(bus)
    bus.send(
        [bus.event("case.noted", AMR, stream=known, to=("cn-000000-none",), legal="2026-03-06")],
        DOORS[AMR],
    )
    assert bus.findings(known, "undeliverable")


def test_a_rebuild_from_the_journal_ends_in_the_same_digests(bus):
    stream, _ = opened(bus)
    for ce_type, legal in [
        ("referral.receipted", "2026-03-06"),
        ("referral.accepted", "2026-03-07"),
    ]:
        bus.send([bus.event(ce_type, PSB, stream=stream, legal=legal, to=(AMR,))], DOORS[PSB])
    bus.status(stream, "accepted")
    assert bus.verified().problems == {}
    digests = "select stream, digest from derived.case_state order by stream"
    before = bus.rows(digests)
    bus.stack.stop("casework")
    tables = bus.rows("select tablename from pg_tables where schemaname = 'derived'")
    names = ", ".join(f"derived.{row['tablename']}" for row in tables)
    bus.rows(f"truncate {names}")
    bus.stack.start("casework")
    bus.until(digests, holds=lambda rows: rows == before)
    assert bus.verified().problems == {}


def test_verify_names_a_record_whose_stored_leaf_was_changed(bus):
    stream, _ = opened(bus)
    assert bus.verified().problems == {}
    place = bus.rows("select * from derived.journal where stream = $1", stream)[0]
    where = (place["epoch"], place["partition"], place["log_index"])
    bus.rows(SET_LEAF, *where, b"\x00")
    report = asyncio.run(verify(bus.admin))
    assert report.problems["stamps_altered"].count == 1
    bus.rows(SET_LEAF, *where, place["log_leaf"])
    assert asyncio.run(verify(bus.admin)).problems == {}
