"""`casebus verify` of signed heads: whatever is changed of them is named with its place."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import pytest

from casebus.trust.head import cosign
from onebox.testing import Stack
from onebox.verify.heads import Heads
from onebox.verify.report import Report
from storage import heads
from tests.integration.casework import Casework, casework_on
from tests.integration.test_heads import LOG, PSB, note, signer
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
            report = Report()
            await Heads(report, connection, casework.world.directory, 1).check()
            return {
                f"{code} {place}" for code, one in report.problems.items() for place in one.places
            }
        finally:
            await transaction.rollback()


async def test_heads_that_are_as_they_were_signed_are_no_problem(signed: Casework) -> None:
    assert await problems(signed) == set()


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
)


async def test_what_is_altered_is_named(signed: Casework) -> None:
    for change, found in ALTERATIONS:
        assert found in await problems(signed, change), change
