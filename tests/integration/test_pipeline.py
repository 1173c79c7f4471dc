"""Front door to tables on real Kafka and PostgreSQL: identity, order, rejects, rebuilds."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from casebus.events.envelope import Record
from operations.verify.checks import verify
from tests.integration.street import AMR, DOORS, PSB, opened
from tests.world import with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

SET_LEAF = """
update derived.journal set log_leaf = $4 where (epoch, partition, log_index) = ($1, $2, $3)
"""


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
    bus.until(
        "select id from derived.event where stream = $1",
        stream,
        holds=lambda rows: len(rows) == len(late_first),
    )
    assert bus.status(stream, "unopened")
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
    # The broken one may be anybody's: what it signed comes back to it (ADR 46).
    strayed = bus.event("referral.sent", AMR, to=(PSB,))
    bus.send([strayed], DOORS[PSB])
    returned = (
        "select topic, value from own.outbox where source = $1 and aggregatetype = 'rejected'"
    )
    rows = bus.until(
        returned, AMR, holds=lambda rows: strayed.value in {row["value"] for row in rows}
    )
    assert {row["topic"] for row in rows} == {f"agency.{AMR}.rejected"}
    assert broken.value not in {row["value"] for row in rows}


def test_records_that_are_no_events_at_all_stop_no_worker(bus):
    mark = uuid4().bytes
    good = bus.event("referral.sent", AMR, to=(PSB,))
    bad = [
        Record(None, mark, ()),
        Record(mark, b"", ()),
        Record(b"\xff\xfe" + mark, b"\x00\xff", (("ce_id", b"\xff"),)),
        Record(good.key, None, good.headers),
        with_headers(good, ce_type=None),
        Record(good.key, b"\x00" * 1_100_000, good.headers),
    ]
    bus.send(bad, DOORS[AMR], partition=1)
    # Others share this stack, and what they sent may be rejected meanwhile.
    bus.until(
        "select from own.rejected where key = any($1) or value = $2",
        [one.key for one in bad if one.key],
        mark,
        holds=lambda rows: len(rows) == len(bad),
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


@pytest.mark.long
def test_verify_names_a_record_whose_stored_leaf_was_changed(bus):
    stream, _ = opened(bus)
    assert bus.verified().problems == {}
    place = bus.rows("select * from derived.journal where stream = $1", stream)[0]
    where = (place["epoch"], place["partition"], place["log_index"])
    bus.rows(SET_LEAF, *where, b"\x00")
    alone, together = (asyncio.run(verify(bus.admin, jobs=jobs)) for jobs in (1, 4))
    assert alone.problems["stamps_altered"].count == 1
    assert together.problems == alone.problems
    assert together.counts == alone.counts
    bus.rows(SET_LEAF, *where, place["log_leaf"])
    assert asyncio.run(verify(bus.admin)).problems == {}
