"""`casebus verify` of signed heads: whatever is changed of them is named with its place."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest
from aiokafka import TopicPartition

from casebus.events.envelope import Record
from casebus.trust.head import cosign
from casebus.trust.witnessing import Witnessing
from onebox.testing import Stack
from operations.verify.heads import HeadChecks
from operations.verify.receipts import ReceiptsSent
from operations.verify.report import VerifyReport
from operations.verify.topics import Span
from storage import heads
from storage.proving import Prover, ReceiptTeller, receipts
from tests.integration.casework import Casework, casework_on
from tests.integration.test_heads import AMR, LOG, PSB, note, signer
from tests.unit.operations.test_verify import kafka
from tests.world import NOW

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


@pytest.fixture
async def signed(brokers: Stack) -> AsyncIterator[Casework]:
    """A log of 300 records with three heads, the last one cosigned."""
    async with casework_on(brokers) as casework:
        stream = str(uuid4())
        for count in (1, 9, 290):
            await casework(*(note(casework, stream) for _ in range(count)))
            await signer(casework).sign()
        last = await heads.last(casework.pool, LOG)
        assert last is not None
        line = cosign(last.note, PSB, casework.world.keys[PSB], NOW)
        await heads.cosign(casework.pool, LOG, 300, PSB, line)
        yield casework


async def problems(casework: Casework, change: str = "") -> set[str]:
    """What is found with a change, which is then taken back."""
    async with casework.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            if change:
                await connection.execute(change)
            report = VerifyReport()
            await HeadChecks(report, connection, casework.world.directory, 1).check()
            return {
                f"{code} {place}" for code, one in report.problems.items() for place in one.places
            }
        finally:
            await transaction.rollback()


async def test_heads_that_are_as_they_were_signed_are_no_problem(signed: Casework) -> None:
    assert await problems(signed) == set()


#: An owner of the database may delete what others rest on.
UNBOUND = "alter table own.cosignature drop constraint cosignature_epoch_partition_size_fkey;"
LESS = "delete from own.head where size = 300; update own.signed_log set heads = 2, size = 10"
#: What is changed, and what is then found.
ALTERATIONS = (
    ("update own.head set root = sha256(root) where size = 10", "head_altered 1/0 of 10"),
    ("update own.head set size = 11 where size = 10", "head_altered 1/0 of 11"),
    ("update own.head set partition = 1 where size = 10", "head_altered 1/1 of 10"),
    (
        "update own.head set frontier = substr(frontier, 1, 40) where size = 10",
        "head_altered 1/0 of 10",
    ),
    (
        "update own.head set note = replace(note, '— casebus', '— casebux') where size = 10",
        "head_altered 1/0 of 10",
    ),
    (
        "update own.head set note = (select note from own.head where size = 1) where size = 10",
        "head_altered 1/0 of 10",
    ),
    (
        "update derived.journal set log_leaf = sha256(log_leaf) where log_index = 5",
        "head_of_another_log 1/0 of 10",
    ),
    ("delete from derived.journal where log_index = 299", "head_of_another_log 1/0 of 300"),
    (
        "update own.log_hash set hash = sha256(hash)",
        "log_hash_altered own.log_hash 1/0: level 1, place 0",
    ),
    ("delete from own.log_hash", "log_hash_altered own.log_hash 1/0: level 1, place 0"),
    (
        "insert into own.log_hash values (1, 0, 1, 1, sha256('x'))",
        "log_hash_altered own.log_hash 1/0: level 1, place 1",
    ),
    (
        "update own.cosignature set line = translate(line, 'ABCDE', 'BCDEA')",
        "cosignature_altered 1/0 of 300",
    ),
    (
        "update own.cosignature set witness = 'cn-330106-pro'",
        "cosignature_altered 1/0 of 300",
    ),
    ("update own.cosignature set size = 10", "cosignature_altered 1/0 of 10"),
    (
        "delete from own.head where size = 10",
        "head_taken_away 1/0: 2 heads to size 300, signed were 3 to 300",
    ),
    (
        "delete from own.cosignature; delete from own.head where size = 300",
        "head_taken_away 1/0: 2 heads to size 10, signed were 3 to 300",
    ),
    (
        "delete from own.cosignature; delete from own.head; delete from own.log_hash",
        "head_taken_away 1/0: 0 heads to size 0, signed were 3 to 300",
    ),
    (
        "delete from own.cosignature; delete from own.head; delete from own.signed_log",
        "log_hash_altered own.log_hash 1/0: level 1, place 0",
    ),
    (
        f"{UNBOUND}{LESS}",
        "head_taken_away 1/0 of 300: cn-330106-psb has cosigned it",
    ),
    (
        "delete from own.signed_log",
        "head_taken_away 1/0: 3 heads to size 300, signed were 0 to 0",
    ),
    (
        "update own.signed_log set heads = 4",
        "head_taken_away 1/0: 3 heads to size 300, signed were 4 to 300",
    ),
    (
        "update own.signed_log set size = 301",
        "head_taken_away 1/0: 3 heads to size 300, signed were 3 to 301",
    ),
    (
        "update own.signed_log set partition = 2",
        "head_taken_away 1/2: 0 heads to size 0, signed were 3 to 300",
    ),
    (
        "update own.signed_log set epoch = 2",
        "head_taken_away 2/0: 0 heads to size 0, signed were 3 to 300",
    ),
)


async def test_what_is_altered_is_named(signed: Casework) -> None:
    for change, found in ALTERATIONS:
        assert found in await problems(signed, change), change


#: All that the tables know of a log's heads.
NO_HEADS = "delete from own.cosignature; delete from own.head; delete from own.signed_log;"
NO_HEADS += "delete from own.log_hash;"
TOPIC = f"agency.{AMR}.receipts"


async def named_by_a_receipt(casework: Casework, change: str) -> VerifyReport:
    """What a receipt that was sent before says of heads, with a change that is taken back."""
    step = ("submitted", (*LOG, 5))
    made = await receipts(casework.pool, Prover(), casework.world.directory, [step])
    receipt = made[step]
    tell = ReceiptTeller(casework.world.directory, Witnessing(needed=0, wait_seconds=0))
    value = json.dumps(tell(receipt, {"source": receipt.source, "id": receipt.id, "agency": None}))
    headers = (("content-type", b"application/json"),)
    sent = Record(receipt.stream.encode(), value.encode(), headers)
    async with casework.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            if change:
                await connection.execute(change)
            report = VerifyReport()
            kept = HeadChecks(report, connection, casework.world.directory, 1)
            await kept.check()
            due = {TopicPartition(TOPIC, 0): Span(0, 1)}
            found = ReceiptsSent(report, connection, casework.world.directory, kept, due)
            # The second one came after the moment that was waited for.
            await found.take(TOPIC, [kafka(sent, 0), kafka(sent, 1)])
            await found.end()
            return report
        finally:
            await transaction.rollback()


async def test_a_receipt_names_the_head_that_is_gone_from_every_table(signed: Casework) -> None:
    report = await named_by_a_receipt(signed, "")
    assert (report.problems, report.notices) == ({}, {})
    report = await named_by_a_receipt(signed, NO_HEADS)
    # The log is as that head says, so nothing was altered: but it is told.
    assert report.problems == {}
    [said] = report.notices["head_not_kept"].places
    assert said == f"1/0 of 300: {TOPIC}/0/0 names it"


async def test_a_receipt_names_the_log_that_was_written_anew_below_it(signed: Casework) -> None:
    anew = "update derived.journal set log_leaf = sha256(log_leaf) where log_index = 9;"
    report = await named_by_a_receipt(signed, NO_HEADS + anew)
    [said] = report.problems["head_of_another_log"].places
    assert said == f"1/0 of 300: {TOPIC}/0/0 names it"
