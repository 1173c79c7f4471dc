"""What a redrive promises where something goes wrong: its second person, its rate, its answer."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID, uuid4

import pytest

from casebus.errors import CasebusError
from onebox.testing import Stack
from storage import redriving, sending
from tests.integration.casework import Casework, casework_on
from tests.integration.test_redrives import AMR, PSB, asked, decided, own, refused
from tests.world import with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


async def test_who_asks_does_not_agree_under_another_spelling(casework: Casework) -> None:
    number, _ = await asked(casework, await refused(casework, own(casework)), by="admin/Li Wang")
    for spelled in ("admin/li wang", "admin/ＬＩ Wang", "admin/li-wang", "admin/Li\u200bWang"):
        with pytest.raises(CasebusError, match="second_person"):
            await decided(casework, number, spelled)
    await decided(casework, number, "admin/li-wang-2")


async def test_what_fell_due_in_a_stop_leaves_at_its_rate_all_the_same(casework: Casework) -> None:
    places = [await refused(casework, own(casework)) for _ in range(7)]
    slow, _ = await asked(casework, *places[:5], per_minute=3)
    quick, _ = await asked(casework, *places[5:], per_minute=600)
    for number in (slow, quick):
        await decided(casework, number)
    # The scheduler was down for an hour.
    await casework.pool.execute("update own.redriven set due_at = due_at - interval '1 hour'")

    async def leaves() -> int:
        rows = await sending.unsent(casework.connection, sending.REDRIVEN, (), 100)
        ids = [row.id for row in rows]
        await sending.mark_sent(casework.pool, sending.REDRIVEN, ids)
        return len(ids)

    assert [await leaves(), await leaves()] == [3 + 2, 0]


async def test_only_these_bytes_rejected_anew_answer_what_was_sent_again(
    casework: Casework,
) -> None:
    stream, name = uuid4(), str(uuid4())
    record = own(casework, stream=str(stream), id=name)

    async def awaited() -> set[UUID]:
        return await sending.awaited_among(casework.connection, {stream})

    async def again() -> list[str | None]:
        rows = await redriving.redriven(casework.pool, number)
        return [row.rejected_again for row in rows]

    # Its author had sent it twice, and asks for the first.
    first = await refused(casework, record)
    await refused(casework, record)
    number, _ = await asked(casework, first)
    await decided(casework, number)
    ids = [row["number"] for row in await casework.rows("select number from own.redriven")]
    await sending.mark_sent(casework.pool, sending.REDRIVEN, ids)
    assert (await awaited(), await again()) == ({stream}, [None]), "rejected before it was sent"

    # A stranger needs no key to write that name on something else.
    event = casework.world.event("referral.accepted", PSB, stream=str(stream), id=name)
    forged = with_headers(event, ce_source=AMR.encode())
    await refused(casework, forged, "signer_not_entitled")
    assert (await awaited(), await again()) == ({stream}, [None]), "a stranger's is no answer"

    await refused(casework, record)
    assert (await awaited(), await again()) == (set(), ["unknown_key"])
