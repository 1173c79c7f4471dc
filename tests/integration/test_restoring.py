"""What `own` is told when the journal is written back: nothing is said or numbered twice."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.trust.keys import SigningKey
from casebus.trust.signing import sign
from onebox.testing import Stack
from operations.backup import sources
from storage import dumping, outbox, reads, restoring
from storage.outbox import OutboxRow
from storage.packing import unpack_headers
from storage.restoring import JournalIdentities, Resent, Written
from tests.integration.casework import casework_on
from tests.integration.database import fresh_database
from tests.world import SCHEMAS, draft

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]

KEY = SigningKey.generate()
TOLD = datetime(2026, 3, 5, 1, tzinfo=UTC)


@pytest.fixture
async def own(brokers: Stack) -> AsyncIterator[Any]:
    """A transaction of the owner's on a database of its own."""
    async with fresh_database(brokers) as url, restoring.owner(url) as connection:
        yield connection


def said(stream: UUID, source: str = "bus", ce_type: str = "finding.raised") -> Record:
    return sign([draft(ce_type, source, stream=str(stream))], KEY, SCHEMAS)[0]


def journaled(record: Record) -> Written:
    headers = (*record.headers, ("cb-origin", b"events.bus/0/5/1772672400000"))
    return Written(round(TOLD.timestamp() * 1000), record.key, record.value, headers)


async def test_what_the_bus_said_after_own_was_kept_is_not_said_again(own: Any) -> None:
    noted = JournalIdentities(own)
    await noted.begin()
    words = [said(uuid4()), said(uuid4(), "cn-330108-amr", "intake.received")]
    for record in words:
        await noted.note(journaled(record))
    # What agencies and the router say is in no outbox.
    await noted.note(journaled(said(uuid4(), "cn-330106-amr", "referral.sent")))
    await noted.note(journaled(said(uuid4(), "bus/router", "relay.checkpoint")))
    assert await noted.send_again() == Resent(0, 0)
    rows = await own.fetch("select * from own.outbox order by id")
    assert [(row["value"], row["sent_at"], row["topic"]) for row in rows] == [
        (record.value, TOLD, "events.bus") for record in words
    ]
    assert [unpack_headers(row["headers"]) for row in rows] == [one.headers for one in words]
    again = OutboxRow.of(said(UUID(str(rows[0]["aggregateid"]))), "events.bus")
    identity = (again.stream, again.source, rows[0]["event_id"])
    assert await outbox.enqueued(own, [identity]) == {rows[0]["event_id"]}


async def test_what_was_sent_and_is_not_journaled_is_sent_again(own: Any) -> None:
    lost, there, refused = (said(uuid4()) for _ in range(3))
    await outbox.enqueue(own, [OutboxRow.of(one, "events.bus") for one in (lost, there, refused)])
    await own.execute("update own.outbox set sent_at = now()")
    await own.execute(
        "insert into own.rejected (partition, kafka_offset, source, event_id, reason, detail,"
        " headers, rejected_at) values (0, 0, 'bus', $1, 'unsigned', '', '', now())",
        dict(refused.headers)["ce_id"].decode(),
    )
    noted = JournalIdentities(own)
    await noted.begin()
    await noted.note(journaled(there))
    assert await noted.send_again() == Resent(1, 0)
    [row] = await own.fetch("select value from own.outbox where sent_at is null")
    assert row["value"] == lost.value


async def test_an_old_checkpoint_counts_for_what_was_carried_over_and_no_more(own: Any) -> None:
    await own.execute(
        "insert into derived.checkpoint (epoch, partition, first_offset, last_offset,"
        " said_epoch, said_partition, said_index, at) values (1, 0, 0, 9, 1, 0, 10, now())"
    )
    await restoring.begin_epoch(own, 2, {0: 5}, 0)
    await restoring.begin_epoch(own, 4711, {0: 4}, 0)
    found = {at: await reads.relayed(own, 4711, 0, at) is not None for at in (3, 4, 5)}
    assert found == {3: True, 4: False, 5: False}
    assert await reads.relayed(own, 1, 0, 9) is not None


async def test_who_read_so_far_reads_no_record_again_that_is_there_again(own: Any) -> None:
    await own.execute(
        "create table own.later (epoch int, next_index bigint, partition int, x text)"
    )
    await own.execute("insert into own.later values (1, 9, 0, 'x'), (0, 9, 0, 'older')")
    for partition, read in enumerate((3, 8)):
        await own.execute(
            "insert into own.question_position values ('reused', 1, $1, $2)", partition, read
        )
    await restoring.begin_epoch(own, 2, {0: 5, 1: 5}, 0)
    query = "select partition, next_index from own.question_position where epoch = 2 order by 1"
    assert [tuple(row) for row in await own.fetch(query)] == [(0, 3), (1, 5)]
    [row] = await own.fetch("select * from own.later where epoch = 2")
    assert tuple(row) == (2, 5, 0, "x")


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("update derived.journal set value = set_byte(value, 9, 1) where log_index = 1", "index 1"),
        ("update derived.journal set headers = set_byte(headers, 40, 1) where log_index = 2", ""),
        ("update derived.journal set log_leaf = event_leaf where log_index = 0", "index 0"),
        ("delete from derived.journal where log_index = 1", "index 1"),
        ("delete from derived.journal where log_index = 2", "2 of 3 records"),
    ],
)
async def test_a_stored_journal_that_was_changed_is_not_written_back(
    brokers: Stack, change: str, place: str
) -> None:
    async with casework_on(brokers) as casework:
        for _ in range(3):
            await casework(casework.world.event("referral.sent", "cn-330106-amr"))
        async with restoring.owner(casework.url) as connection:
            found = [one async for one in sources.recorded(connection, SCHEMAS, 1, 0)]
            assert [(one.value, one.headers, one.timestamp) for one in found] == [
                (one.value, tuple(one.headers), one.timestamp) for one in casework.log
            ]
            await connection.execute(change)
            with pytest.raises(CasebusError, match="journal_altered") as raised:
                _ = [one async for one in sources.recorded(connection, SCHEMAS, 1, 0)]
            assert place in raised.value.detail


async def test_a_directory_of_which_an_entry_is_not_recorded_is_not_made_up(own: Any) -> None:
    await own.execute("update own.directory_copy set next_offset = 2")
    with pytest.raises(CasebusError, match="directory_incomplete: 0 of 2"):
        await sources.directory_of(own, SCHEMAS, 1, "ab" * 32)


async def test_a_table_comes_back_behind_those_that_its_rows_name(own: Any) -> None:
    await own.execute("create table own.a_note (id bigint primary key)")
    await own.execute("create table own.a_line (note bigint references own.a_note)")
    names = [table.name for table in await dumping.tables(own)]
    assert names.index("a_note") < names.index("a_line")
    await dumping.empty(own, names)


async def test_every_table_of_own_comes_back_row_by_row_and_counts_on(brokers: Stack) -> None:
    async with fresh_database(brokers) as old, fresh_database(brokers) as new:
        async with restoring.owner(old) as connection:
            rows = [OutboxRow.of(said(uuid4()), "events.bus") for _ in range(3)]
            await outbox.enqueue(connection, rows)
            await connection.execute(
                "insert into own.api_key (digest, agency, label)"
                " values (sha256('x'), 'a', E'tab\\tline\\nbackslash\\\\N 移')"
            )
        kept: dict[dumping.OwnTable, BytesIO] = {}
        async with dumping.snapshot(old) as connection:
            for table in await dumping.tables(connection):
                kept[table] = BytesIO()
                await dumping.write(connection, table, kept[table])
        async with restoring.owner(new) as connection:
            await dumping.empty(connection, [table.name for table in kept])
            for table, content in kept.items():
                content.seek(0)
                await dumping.read(connection, table, content)
            await dumping.go_on_counting(connection)
            await outbox.enqueue(connection, [OutboxRow.of(said(uuid4()), "events.bus")])
            assert await connection.fetchval("select max(id) from own.outbox") == 4
            await connection.execute("delete from own.outbox where id = 4")
        for table in kept:
            assert await _all(old, table.name) == await _all(new, table.name)


async def _all(url: str, table: str) -> list[Any]:
    connection = await asyncpg.connect(url)
    try:
        return list(await connection.fetch(f"select * from own.{table} t order by t::text"))
    finally:
        await connection.close()
