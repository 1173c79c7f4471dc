"""An `own` of an earlier day beside a newer journal: nothing is said twice, nothing is unsaid."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.events.doors import BUS
from casebus.events.envelope import Record
from onebox.testing import Stack
from services.casework import batch as journal_batch
from services.scheduler.fakes import HeldBarrier, MemoryBrokers
from services.scheduler.hearing import PartitionHearing
from services.scheduler.questions import Questions
from services.scheduler.relay import Relay
from services.scheduler.statements import StatementSigner
from services.transport import Batch, Outgoing
from storage import journal, outbox
from storage.heartbeats import HeardPartitions
from tests.integration import older
from tests.integration.casework import Casework, casework_on
from tests.integration.test_organisations import AMR as ASKER
from tests.integration.test_organisations import OTHER_AMR, Office, _one
from tests.integration.test_rights import OFFICE, Desks
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def out_of_place(casework: Casework, stream: str) -> list[Record]:
    """A case whose author counts one number twice: it is told at once."""
    event = casework.world.event
    opened = event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02", sequence=1)
    return [opened, event("case.noted", AMR, stream=stream, legal="2026-03-02", sequence=1)]


async def relayed(casework: Casework, **given: Any) -> list[Outgoing]:
    """What a relay sends now; it goes through the front door into the journal."""
    door = MemoryBrokers()
    async with casework.pool.acquire() as connection:
        relay = Relay(connection, door, **given)
        while await relay.send_waiting():
            pass
    for one in door.taken:
        await casework(Record(one.key or b"", one.value, tuple(one.headers)))
    return door.taken


async def doubled(casework: Casework) -> list[Any]:
    """Identities with two leaves."""
    return await casework.rows(
        "select stream, source, event_id from derived.journal"
        " group by 1, 2, 3 having count(distinct event_leaf) > 1"
    )


async def restart(casework: Casework, *, end: int, pieces: int = 1) -> None:
    """Record the journal again as a casework that was just started does."""
    casework.restart()
    casework.now = NOW + timedelta(days=1)
    size = max(1, len(casework.log) // pieces)
    for at in range(0, len(casework.log), size):
        async with casework.pool.acquire() as connection, connection.transaction():
            await journal.open_position(connection, 1, 0)
            part = Batch("case.journal", 0, casework.log[at : at + size])
            touched = await journal_batch.record(connection, part, casework.context, end=end)
        casework.context.streams.keep(touched)
    await say_owed(casework)


async def say_owed(casework: Casework) -> None:
    while True:
        async with casework.pool.acquire() as connection, connection.transaction():
            touched = await journal_batch.say_owed(connection, 0, casework.context)
        if touched is None:
            return
        casework.context.streams.keep(touched)


@pytest.mark.parametrize("pieces", [1, 2, 1000])
async def test_an_older_own_beside_a_newer_journal_says_nothing_twice(
    casework: Casework, pieces: int
) -> None:
    await older.keep(casework.pool)
    for _ in range(3):
        await casework(*out_of_place(casework, str(uuid4())))
    said = await relayed(casework)
    assert said
    digests = await casework.rows("select stream, digest from derived.case_state order by 1")
    await older.restore(casework.pool)
    await older.forget_what_is_derived(casework.pool)
    await restart(casework, end=len(casework.log), pieces=pieces)
    assert await relayed(casework) == []
    assert await doubled(casework) == []
    assert await casework.rows("select * from own.outbox where sent_at is null") == []
    assert digests == await casework.rows(
        "select stream, digest from derived.case_state order by 1"
    )


async def test_the_tables_kept_beside_an_older_own_say_nothing_twice(casework: Casework) -> None:
    await older.keep(casework.pool)
    await casework(*out_of_place(casework, str(uuid4())))
    assert await relayed(casework)
    await older.restore(casework.pool)
    await restart(casework, end=len(casework.log))
    assert await relayed(casework) == []
    assert await doubled(casework) == []


@pytest.mark.parametrize("tables", ["kept", "made anew"])
async def test_what_was_owed_and_lost_with_the_outbox_is_said(
    casework: Casework, tables: str
) -> None:
    await older.keep(casework.pool)
    await casework(*out_of_place(casework, str(uuid4())))
    [(owed,)] = await casework.rows("select count(*) from own.outbox")
    assert owed
    await older.restore(casework.pool)
    if tables == "made anew":
        await older.forget_what_is_derived(casework.pool)
    await restart(casework, end=len(casework.log), pieces=2)
    assert len(await relayed(casework)) == owed


async def test_below_the_end_that_the_journal_had_nothing_is_put_into_the_outbox(
    casework: Casework,
) -> None:
    await casework(*out_of_place(casework, str(uuid4())), *out_of_place(casework, str(uuid4())))
    [(owed,)] = await casework.rows("select count(*) from own.outbox")
    await casework.pool.execute("truncate own.outbox, own.spoken")
    await older.forget_what_is_derived(casework.pool)
    casework.restart()
    for record in casework.log:
        # A state on the way may owe what the whole does not.
        assert await casework.said() == []
        async with casework.pool.acquire() as connection, connection.transaction():
            await journal.open_position(connection, 1, 0)
            part = Batch("case.journal", 0, [record])
            await journal_batch.record(connection, part, casework.context, end=len(casework.log))
    await say_owed(casework)
    assert len(await casework.said()) == owed


async def test_the_relay_says_nothing_before_the_journal_was_read_and_nothing_that_stands_there(
    casework: Casework,
) -> None:
    await casework(*out_of_place(casework, str(uuid4())))
    [row, *_] = await casework.rows("select * from own.outbox")
    assert await relayed(casework, has_heard=lambda _: False) == []
    # It came by another life's outbox, signed at another time.
    said = await relayed(casework)
    before = await casework.rows(
        "select * from derived.journal where stream = $1", row["aggregateid"]
    )
    await casework.pool.execute("update own.outbox set sent_at = null, value = value || '\\x00'")
    assert said
    assert await relayed(casework) == []
    after = await casework.rows(
        "select * from derived.journal where stream = $1", row["aggregateid"]
    )
    assert after == before
    [again] = await casework.rows("select * from own.outbox where id = $1", row["id"])
    # What it holds then is what stands.
    assert again["value"] in {one["value"] for one in before}


async def test_a_partition_that_stands_still_holds_up_no_other() -> None:
    waiting: set[int] = {2}

    class Stuck:
        async def passed(self, partitions: Any) -> float:
            [partition] = partitions
            if partition in waiting:
                raise TimeoutError
            return 0.0

    async def four() -> int:
        return 4

    hearing = PartitionHearing(Stuck(), four)
    with pytest.raises(TimeoutError):
        await hearing.run()
    assert hearing.shown() == HeardPartitions(4, (0, 1, 3))
    streams = [UUID(int=number) for number in range(64)]
    assert {hearing.has_heard(one) for one in streams} == {True, False}


async def test_what_stands_in_the_journal_is_never_put_into_the_outbox(casework: Casework) -> None:
    await casework(*out_of_place(casework, str(uuid4())))
    [said, *_] = await relayed(casework)
    await casework.pool.execute("truncate own.outbox")
    row = outbox.OutboxRow.of(
        Record(said.key or b"", said.value, tuple(said.headers)), "events.bus"
    )
    async with casework.pool.acquire() as connection:
        await outbox.enqueue(connection, [row])
        identity = (row.stream, row.source, row.event_id)
        assert await outbox.enqueued(connection, [identity]) == {row.event_id}
    assert await casework.rows("select * from own.outbox") == []


async def test_answers_about_sanctions_go_on_counting_and_the_third_reaches_its_case(
    casework: Casework,
) -> None:
    office = Office(casework)
    ours = str(uuid4())
    await office.seizure(ours, ASKER, "2026-03-02", 10_000)
    await older.keep(casework.pool)
    for day in ("2025-05-05", "2025-06-06"):
        await office.penalty(str(uuid4()), OTHER_AMR, day)
        assert len(await office.ask()) == 1
    await older.restore(casework.pool)
    await office.penalty(str(uuid4()), OTHER_AMR, "2025-07-07")
    [answer] = await office.ask()
    assert (answer["revision"], len(answer["sanctions"])) == (3, 3)
    assert await office.ask() == []


async def test_an_older_own_asks_about_everything_and_answers_nothing_twice(
    casework: Casework,
) -> None:
    office = Office(casework)
    await older.keep(casework.pool)
    await office.penalty(str(uuid4()), OTHER_AMR, "2025-05-05")
    await office.seizure(str(uuid4()), ASKER, "2026-03-02", 90_000)
    assert len(await office.ask()) == 1
    await older.restore(casework.pool)
    await casework.rebuild(at_once=True)
    assert await office.ask() == []


async def test_what_a_case_was_told_of_a_right_goes_on_counting(casework: Casework) -> None:
    desks = Desks(casework)
    ours, origin = str(uuid4()), str(uuid4())
    await desks.suit(ours)
    await older.keep(casework.pool)
    await desks.contest(origin)
    assert len(await desks.ask()) == 1
    await desks.decide(origin, "VALID")
    [withdrawn] = await desks.ask()
    assert withdrawn["type"].endswith("withdrawn.v1")
    await older.restore(casework.pool)
    await casework.rebuild(at_once=True)
    assert await desks.ask() == []
    # The same kind again is another finding, with an id of its own.
    await desks.say("validity.appealed", OFFICE, origin, "2026-03-05", to=("cn-330106-court",))
    [raised] = await desks.ask()
    assert raised["kind"] == "right_in_question"
    assert await doubled(casework) == []
    assert "right_in_question" in await desks.kinds(ours)


async def test_what_was_told_of_a_right_since_the_backup_is_withdrawn_all_the_same(
    casework: Casework,
) -> None:
    desks = Desks(casework)
    ours, origin = str(uuid4()), str(uuid4())
    await desks.suit(ours)
    await older.keep(casework.pool)
    await desks.contest(origin)
    assert len(await desks.ask()) == 1
    await older.restore(casework.pool)
    await desks.say("validity.withdrawn", OFFICE, origin, "2026-03-04")
    [told] = await desks.ask()
    assert (told["type"].split(".")[2], told["stream"]) == ("withdrawn", ours)
    assert await desks.kinds(ours) == []


async def test_a_finding_is_taken_back_whose_telling_the_outbox_forgot(casework: Casework) -> None:
    stream = str(uuid4())
    later = NOW + timedelta(days=2)
    signer = StatementSigner(casework.world.keys[BUS], SCHEMAS, lambda: later)
    questions = Questions(casework.pool, signer, HeldBarrier(), _one, now=lambda: later)
    await casework(casework.world.event("case.noted", AMR, stream=stream))
    await older.keep(casework.pool)
    await questions.ask()
    [raised] = await relayed(casework)
    await older.restore(casework.pool)
    await questions.ask()
    assert await relayed(casework) == []
    await casework(casework.world.event("referral.sent", AMR, stream=stream, to=(PSB,)))
    await questions.ask()
    taken_back = [
        one
        for one in await relayed(casework)
        if dict(one.headers)["ce_type"].endswith(b"withdrawn.v1")
    ]
    assert len(taken_back) == 1
    assert dict(taken_back[0].headers)["ce_to"] == dict(raised.headers)["ce_to"]
