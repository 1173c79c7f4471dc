"""Heads, tiles and receipts of what casework recorded, on real tables."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.trust.head import Head, LogName, log_key
from casebus.trust.merkle import Frontier
from casebus.trust.proofs import consistency_path, is_consistent
from casebus.trust.receipt import Receipt, check, directory_of
from casebus.trust.tiles import subtrees_of, tiles_of
from onebox.testing import Stack
from services.scheduler.heads import HeadSigner
from storage import heads
from storage.proving import Prover, receipts
from tests.integration.casework import Casework, casework_on
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
LOG = (1, 0)


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as opened:
        yield opened


def signer(casework: Casework) -> HeadSigner:
    return HeadSigner(casework.pool, casework.world.keys[BUS], casework.world.directory.root_digest)


def note(casework: Casework, stream: str) -> Any:
    return casework.world.event("case.noted", AMR, stream=stream, data={"note": "补充"})


async def sizes(casework: Casework) -> list[int]:
    return [row["size"] for row in await casework.rows("select size from own.head order by size")]


async def receipt_at(casework: Casework, index: int) -> Receipt:
    step = ("submitted", (*LOG, index))
    made = await receipts(casework.pool, Prover(), casework.world.directory, [step])
    return made[step]


async def test_a_head_is_signed_while_the_log_grows_and_each_continues_the_last(
    casework: Casework,
) -> None:
    sign, stream = signer(casework).sign, str(uuid4())
    assert await sign() == 0
    for count in (1, 2, 300):
        await casework(*(note(casework, stream) for _ in range(count)))
        assert await sign() == 1
        assert await sign() == 0
    assert await sizes(casework) == [1, 3, 303]
    root = casework.world.directory.root_digest
    rows = await casework.rows("select log_leaf from derived.journal order by log_index")
    leaves = [row["log_leaf"] for row in rows]
    earlier, last = await heads.note_of(casework.pool, LOG, 3), await heads.last(casework.pool, LOG)
    assert earlier is not None
    assert last is not None
    before = Head.parse(earlier.text)
    now = Head.parse(last.note.text)
    assert now == Head(str(LogName(root, *LOG)), 303, Frontier().append(leaves).root())
    assert last.note.is_signed_by(log_key(now.origin, casework.world.keys[BUS].public))
    # And who has the tiles alone sees that the one begins with the other.
    tiles = {tile: await heads.tile(casework.pool, LOG, tile) for tile in tiles_of(303)}
    assert [len(hashes) for hashes in tiles.values()] == [tile.width for tile in tiles]
    path = consistency_path(3, 303, subtrees_of(tiles))
    assert is_consistent(3, before.root, 303, now.root, path)


async def test_every_record_has_a_receipt_that_the_pinned_root_alone_checks(
    casework: Casework,
) -> None:
    events = [note(casework, str(uuid4())) for _ in range(270)]
    await casework(*events)
    await signer(casework).sign()
    steps = [("submitted", (*LOG, at)) for at in range(270)]
    made = await receipts(casework.pool, Prover(), casework.world.directory, steps)
    root = casework.world.directory.root_digest
    for at, step in enumerate(steps):
        receipt = Receipt.from_json(made[step].to_json())
        directory = directory_of(receipt.entries, root, SCHEMAS)
        shown = check(receipt, directory, events[at])
        assert (shown.origin, shown.index, shown.size) == (LogName(root, *LOG), at, 270)


async def test_two_signers_at_once_sign_one_head(casework: Casework) -> None:
    await casework(note(casework, str(uuid4())))
    signed = await asyncio.gather(
        signer(casework).sign(), signer(casework).sign(), return_exceptions=True
    )
    assert 1 in signed
    assert await sizes(casework) == [1]


async def test_a_log_that_was_rolled_back_gets_no_smaller_head(casework: Casework) -> None:
    stream = str(uuid4())
    for _ in range(3):
        await casework(note(casework, stream))
    sign = signer(casework).sign
    await sign()
    await casework.rebuild(2)
    assert await sign() == 0
    [refused] = await heads.refused(casework.pool)
    assert (refused.code, refused.detail) == ("log_behind", "signed 3, recorded 2")
    # It is the same log: when the rest is recorded again, it goes on.
    await casework.record(casework.log[2:])
    await casework(note(casework, stream))
    assert await sign() == 1
    assert await heads.refused(casework.pool) == []
    assert await sizes(casework) == [3, 4]


async def test_a_log_recorded_again_to_its_last_head_is_refused_no_more(casework: Casework) -> None:
    """It need not grow for that: a rebuild of a quiet bus leaves no fault behind."""
    for _ in range(3):
        await casework(note(casework, str(uuid4())))
    sign = signer(casework).sign
    await sign()
    await casework.rebuild(2)
    await sign()
    assert [one.code for one in await heads.refused(casework.pool)] == ["log_behind"]
    await casework.record(casework.log[2:])
    await sign()
    assert await heads.refused(casework.pool) == []
    assert await sizes(casework) == [3]


@pytest.mark.parametrize("more", [0, 2])
async def test_a_forked_log_gets_no_head(casework: Casework, more: int) -> None:
    """As long as the signed one, or longer: what it began with is something else."""
    stream = str(uuid4())
    for _ in range(3):
        await casework(note(casework, stream))
    sign = signer(casework).sign
    await sign()
    await casework.rebuild(0)
    casework.log.clear()
    for _ in range(3 + more):
        await casework(note(casework, stream))
    assert await sign() == 0
    assert [one.code for one in await heads.refused(casework.pool)] == ["log_forked"]
    # A scheduler that begins anew says the same.
    assert await signer(casework).sign() == 0
    assert await sizes(casework) == [3]


@pytest.mark.parametrize(("carried", "altered"), [(3, False), (3, True), (2, True)])
async def test_the_log_of_a_new_epoch_must_come_by_what_was_signed_before(
    casework: Casework, carried: int, altered: bool
) -> None:
    """As far as its records were carried over: what a restore could not bring back, it cannot."""
    stream = str(uuid4())
    sign = signer(casework).sign
    for _ in range(3):
        await casework(note(casework, stream))
        await sign()
    copied = """
        insert into derived.journal
        select 2, partition, log_index, stream, source, event_id, event_leaf,
               case when $1 and log_index = $2 - 1 then sha256(log_leaf) else log_leaf end,
               value, headers, appended_at
        from derived.journal"""
    await casework.pool.execute(copied, altered, carried)
    rows = await casework.rows(
        "select log_leaf from derived.journal where epoch = 2 order by log_index"
    )
    frontier = Frontier().append([row["log_leaf"] for row in rows])
    await casework.pool.execute("update own.installation set epoch = 2")
    await casework.pool.execute("insert into own.journal_epoch values (2, 0, $1)", carried)
    await casework.pool.execute(
        "insert into derived.journal_position values (2, 0, 3, 3, $1)", frontier.to_bytes()
    )
    assert await sign() == (0 if altered else 1)
    codes = [one.code for one in await heads.refused(casework.pool)]
    assert codes == (["log_forked"] if altered else [])


@pytest.mark.parametrize("column", ["log_leaf", "event_leaf"])
async def test_no_receipt_leaves_of_a_leaf_that_was_altered(
    casework: Casework, column: str
) -> None:
    stream = str(uuid4())
    await casework(*(note(casework, stream) for _ in range(5)))
    await signer(casework).sign()
    await casework.pool.execute(
        f"update derived.journal set {column} = sha256({column}) where log_index = 2"
    )
    with pytest.raises(CasebusError) as caught:
        await receipt_at(casework, 2)
    assert caught.value.code == "log_altered"


async def test_a_redelivered_copy_is_owed_no_receipt(casework: Casework) -> None:
    stream = str(uuid4())
    first = casework.world.event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02")
    await casework(first)
    await casework(first)
    said = {"agency": PSB, "event_source": AMR, "event_type": "casebus.referral.sent.v1"}
    event_id = dict(first.headers)["ce_id"].decode()
    for _ in range(2):
        received = casework.world.event(
            "intake.received", PSB, stream=stream, data={**said, "event_id": event_id}
        )
        await casework(received)
    await signer(casework).sign()
    owed = await heads.owed(casework.pool, LOG, 0, 4, [AMR])
    assert [(one.step, one.id, one.agency, one.log_index) for one in owed] == [
        ("submitted", event_id, "", 0),
        ("delivered", event_id, PSB, 2),
    ]
    assert await heads.owed(casework.pool, LOG, 0, 4, [PSB]) != owed
