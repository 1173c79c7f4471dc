"""The intake's batches on a real database; inbox records as the router leaves them."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from casebus.admission.judge import Arrival, Judge
from casebus.events.envelope import Envelope, Record
from casebus.law import Law
from casebus.signing.signers import Signers
from casebus.trust.keys import SigningKey
from onebox.testing import Stack
from services.intake.receiving import Reception
from services.intake.rules import load_rules
from services.intake.worker import Intake, own_word
from services.transport import Batch, TopicPartition
from storage.handles import Pool
from storage.packing import unpack_headers
from storage.pool import open_pool
from storage.resaying import say_again
from tests.integration import older
from tests.integration.database import fresh_database
from tests.world import NOW, SCHEMAS, World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

ROOT = Path(__file__).parents[2]
AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"


class Desk:
    def __init__(self, pool: Pool, keys: Path) -> None:
        self.pool, self.world, self.now = pool, World(), NOW
        for name in (PSB, PRO, "bus"):
            self.world.keys[name].save(keys / f"{name}.pem")
        directory = self.world.directory
        reception = Reception(
            SCHEMAS, directory, load_rules(ROOT / "policies/intake"), lambda: self.now
        )
        self.keys, self.signers = keys, Signers(keys, directory)
        self.intake = Intake(pool, SCHEMAS, directory, reception, self.signers)

    def records(self, count: int, *to: str) -> list[Record]:
        return [self.world.event("referral.sent", AMR, to=to) for _ in range(count)]

    async def receive(self, records: Sequence[Record], *to: str, sector: str = "police") -> None:
        stamps = [
            ("cb-recipients", " ".join(to).encode()),
            ("cb-directory", str(self.world.directory.position).encode()),
            ("cb-position", b"1/0/0"),
        ]
        batch: list[Any] = [
            SimpleNamespace(value=one.value, headers=[*one.headers, *stamps], offset=at)
            for at, one in enumerate(records)
        ]
        await self.intake(Batch(f"inbox.{sector}", 0, batch))

    async def rows(self) -> list[Any]:
        return list(await self.pool.fetch("select * from own.outbox order by id"))


@pytest.fixture
async def desk(brokers: Stack, tmp_path: Path) -> AsyncIterator[Desk]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test")
        yield Desk(pool, tmp_path)
        await pool.close()


async def test_a_redelivery_adds_nothing_and_keeps_the_bytes(desk: Desk) -> None:
    records = desk.records(20, PSB)
    await desk.receive(records, PSB)
    before = await desk.rows()
    desk.now = datetime(2026, 3, 6, tzinfo=UTC)
    await desk.receive(records[10:], PSB)
    await desk.receive([*records, *records], PSB)
    assert await desk.rows() == before
    assert len(before) == 20


async def test_an_older_own_reads_its_inbox_again_from_where_its_outbox_ends(desk: Desk) -> None:
    records = desk.records(20, PSB)
    place, other = TopicPartition("inbox.police", 0), TopicPartition("inbox.police", 1)
    assert await desk.intake.on_assigned([place]) == {}
    await desk.receive(records[:5], PSB)
    await older.keep(desk.pool)
    await desk.receive(records, PSB)
    assert await desk.intake.on_assigned([place, other]) == {place: 20}
    await older.restore(desk.pool)
    # Kafka was told twenty: fifteen words that it came would never be said.
    assert await desk.intake.on_assigned([place, other]) == {place: 5}
    # The inboxes of a journal that was written anew begin at their beginning.
    await desk.pool.execute("update own.installation set epoch = epoch + 1")
    assert await desk.intake.on_assigned([place, other]) == {}


async def test_a_batch_with_the_same_record_twice_is_answered_once(desk: Desk) -> None:
    [record] = desk.records(1, PSB)
    await desk.receive([record, record], PSB)
    assert len(await desk.rows()) == 1


async def test_each_hosted_recipient_of_the_sector_answers_for_itself(desk: Desk) -> None:
    records = desk.records(2, PSB, PRO, AMR)
    await desk.receive(records, PSB, PRO, AMR)
    await desk.receive(records, PSB, PRO, AMR, sector="procuratorate")
    rows = await desk.rows()
    assert [(row["source"], row["topic"]) for row in rows] == [
        (PSB, "events.police"),
        (PSB, "events.police"),
        (PRO, "events.procuratorate"),
        (PRO, "events.procuratorate"),
    ]


async def test_hand_overs_in_an_inbox_are_not_answered(desk: Desk) -> None:
    record = desk.world.event("intake.received", AMR)
    await desk.receive([record], PSB)
    assert await desk.rows() == []


async def test_admission_takes_what_the_intake_says(desk: Desk) -> None:
    await desk.receive(desk.records(3, PSB), PSB)
    judge = Judge(
        SCHEMAS, desk.world.directory, Law.load(ROOT / "policies/law"), frozenset({"police"})
    )
    for row in await desk.rows():
        headers = unpack_headers(row["headers"])
        record = Record(str(row["aggregateid"]).encode(), row["value"], headers)
        arrival = Arrival(record, row["topic"], 0, 0, NOW, 4)
        admitted = judge(arrival)
        assert admitted.envelope.source == PSB
        assert admitted.delivery.recipients == ()
        assert Envelope.from_headers(headers).causationid


async def _reject(
    desk: Desk, row: Any, at: int, reason: str = "key_not_valid", seconds_ago: int = 0
) -> None:
    """As casework keeps what admission rejected."""
    await desk.pool.execute(
        "insert into own.rejected (partition, kafka_offset, agency, source, event_id, stream,"
        " reason, detail, headers, rejected_at)"
        " values (0, $1, $2, $2, $3, $4, $5, '', '', now() - $6 * interval '1 second')",
        at,
        row["source"],
        row["event_id"],
        str(row["aggregateid"]),
        reason,
        seconds_ago,
    )


async def _journal(desk: Desk, row: Any) -> None:
    await desk.pool.execute(
        "insert into derived.event values"
        " ($1, $2, $3, $4, $2, 'police', '{}', now(), now(), null, '', 1, 0, 0)",
        row["aggregateid"],
        row["source"],
        row["event_id"],
        row["type"],
    )


async def _again(desk: Desk) -> int:
    async with desk.pool.acquire() as connection, connection.transaction():
        return await say_again(connection, partial(own_word, desk.signers), SCHEMAS)


async def test_what_was_rejected_for_its_key_is_said_again_with_the_new_one(desk: Desk) -> None:
    await desk.receive(desk.records(2, PSB), PSB)
    first, other = await desk.rows()
    await desk.pool.execute("update own.outbox set sent_at = now()")
    await _reject(desk, first, 0)
    desk.world.say(
        "directory.key_revoked",
        agency=PSB,
        keyid=desk.world.keys[PSB].keyid,
        revoked_at=NOW,
        reason="lost",
    )
    assert await _again(desk) == 0, "nobody may sign it yet"
    new = SigningKey.generate()
    (desk.keys / f"{PSB}.pem").unlink()
    new.save(desk.keys / f"{PSB}.pem")
    desk.world.add_key(PSB, new)
    assert await _again(desk) == 1
    again, same = await desk.rows()
    assert again["sent_at"] is None
    assert same["headers"] == other["headers"], "only what was rejected is said again"
    envelope = Envelope.from_headers(unpack_headers(again["headers"]))
    assert (envelope.keyid, envelope.id, again["value"]) == (
        new.keyid,
        first["event_id"],
        first["value"],
    )
    judge = Judge(
        SCHEMAS, desk.world.directory, Law.load(ROOT / "policies/law"), frozenset({"police"})
    )
    stream = str(again["aggregateid"]).encode()
    record = Record(stream, again["value"], unpack_headers(again["headers"]))
    assert judge(Arrival(record, again["topic"], 0, 0, NOW, 4)).envelope.source == PSB
    await desk.pool.execute("update own.outbox set sent_at = now()")
    assert await _again(desk) == 0, "it is said once with each key"


async def test_what_a_key_signed_before_admission_knew_it_is_said_again_later_and_later(
    desk: Desk,
) -> None:
    await desk.receive(desk.records(1, PSB), PSB)
    [row] = await desk.rows()

    async def after(seconds: int) -> int:
        await desk.pool.execute("update own.outbox set sent_at = now()")
        await desk.pool.execute(
            "update own.rejected set rejected_at = now() - $1 * interval '1 second'", seconds
        )
        return await _again(desk)

    await _reject(desk, row, 0, "unknown_key")
    assert [await after(1), await after(3), await after(3600)] == [0, 1, 0]
    await _reject(desk, row, 1, "unknown_key")
    assert [await after(3), await after(5), await after(3600)] == [0, 1, 0]
    [again] = await desk.rows()
    assert (again["headers"], again["value"]) == (row["headers"], row["value"])


async def test_what_a_key_signed_that_nobody_trusts_is_not_said_again(desk: Desk) -> None:
    (desk.keys / f"{PSB}.pem").unlink()
    SigningKey.generate().save(desk.keys / f"{PSB}.pem")
    await desk.receive(desk.records(1, PSB), PSB)
    [row] = await desk.rows()
    await desk.pool.execute("update own.outbox set sent_at = now()")
    await _reject(desk, row, 0, "unknown_key", 3600)
    assert await _again(desk) == 0


async def test_what_stands_in_the_journal_is_not_said_again(desk: Desk) -> None:
    await desk.receive(desk.records(1, PSB), PSB)
    [row] = await desk.rows()
    await desk.pool.execute("update own.outbox set sent_at = now()")
    await _reject(desk, row, 0)
    new = SigningKey.generate()
    (desk.keys / f"{PSB}.pem").unlink()
    new.save(desk.keys / f"{PSB}.pem")
    desk.world.add_key(PSB, new)
    await _journal(desk, row)
    assert await _again(desk) == 0
