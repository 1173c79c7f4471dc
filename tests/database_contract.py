"""The services of a database, as cases that run on memory and on PostgreSQL.

`tests/unit/storage/test_fakes.py` runs them on `storage.fakes`,
`tests/integration/test_database_contract.py` on a real one. So a fake cannot differ unnoticed. Each
case has streams of its own and asks by the functions of `storage` alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from casebus.cases import FOLD_VERSION, CaseEvent, fold
from casebus.events.doors import BUS_DOOR
from casebus.events.envelope import Envelope, Record
from casebus.events.types import CLOCK_BREACHED
from services.casework.deriving import rows_of
from services.casework.records import read
from storage import (
    access,
    cases,
    journal,
    law,
    outbox,
    reads,
    retries,
    scheduling,
    sending,
    speaking,
    stalling,
    submissions,
    work,
)
from storage.access import Looked
from storage.heartbeats import BeatDetail
from storage.outbox import OutboxRow
from storage.scheduling import BREACHED, WARNED, DueItem
from storage.sending import OUTBOX, SUBMISSIONS, Unsent, WaitingCount
from storage.submissions import Finished, PendingAction
from tests.case_events import LAW, event, until
from tests.integration.casework import Casework, altered
from tests.small_law import law as small_law
from tests.world import NOW, World

AMR, PSB, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-court"
#: Longer than any grace.
MOMENT, HOUR = timedelta(0), timedelta(hours=1)
WORLD = World()
Case = Callable[[Casework], Awaitable[None]]
CASES: list[Case] = []


def case(one: Case) -> Case:
    CASES.append(one)
    return one


def referral(casework: Casework, stream: UUID, **changes: Any) -> Record:
    given = {"to": (PSB,), "legal": "2026-03-05", "data": {"title": "假冒"}, **changes}
    return casework.world.event("referral.sent", AMR, stream=str(stream), **given)


def handed_in(stream: UUID, source: str = AMR, **changes: Any) -> Finished:
    """A record as the gateway stores it."""
    record = WORLD.event("case.noted", AMR, stream=str(stream))
    envelope = Envelope.from_headers(record.headers)
    made = Finished.of(
        record, envelope, agency=AMR, digest=b"d" * 32, topic="events.administrative"
    )
    return replace(made, source=source, **changes)


def owed(stream: UUID, name: str = "finding.raised", **changes: Any) -> OutboxRow:
    record = WORLD.event(name, "bus", stream=str(stream), **changes)
    return OutboxRow.of(record, BUS_DOOR)


async def shown(casework: Casework, stream: UUID, events: list[CaseEvent], **by: Any) -> None:
    """Rows of a case as casework writes them."""
    law_of = by.get("law", LAW)
    known = await cases.lock_cases(casework.connection, [stream])
    version = known[stream].version + 1 if stream in known else 1
    folded = fold([replace(one, stream=str(stream)) for one in events], law_of)
    rows = rows_of(stream, folded, law_of, version=version, opened_at=None, updated_at=NOW)
    await cases.save(casework.connection, [rows], set(known))


async def due(casework: Casework, stream: UUID, at: str) -> list[DueItem]:
    found = await scheduling.due_clocks(casework.pool, datetime.fromisoformat(at), 1_000)
    return [one for one in found if one.stream == stream]


@case
async def a_partition_begins_at_nothing_and_stands_where_it_was_left(casework: Casework) -> None:
    db, partition = casework.connection, 77
    for _ in range(2):
        await journal.open_position(db, 1, partition)
    first = await journal.lock_position(db, 1, partition)
    assert (first.next_index, first.next_offset, first.law, first.newest_fold) == (0, 0, None, 3)
    moved = replace(first, next_index=5, next_offset=9, law="d", frontier=first.frontier)
    await journal.advance_position(db, 1, partition, moved)
    assert await journal.lock_position(db, 1, partition) == moved
    assert await journal.next_offsets(db, 1, [partition, 78]) == {partition: 9}
    assert await scheduling.journal_offsets(db, [partition]) == {partition: 9}
    assert await journal.next_offsets(db, 2, [partition]) == {}


@case
async def of_a_transaction_that_fails_nothing_stays(casework: Casework) -> None:
    async with casework.pool.acquire() as connection:
        with suppress(ZeroDivisionError):
            async with connection.transaction():
                await speaking.note_spoken(connection, 1, 79, 8)
                assert await speaking.spoken(connection, 1, 79) == 8
                raise ZeroDivisionError
        assert await speaking.spoken(connection, 1, 79) == 0


@case
async def a_place_of_the_journal_is_taken_once(casework: Casework) -> None:
    await casework(referral(casework, uuid4()))
    at = len(casework.log) - 1
    last = read(casework.log[at], casework.context.schemas, epoch=1, partition=0, log_index=at)
    async with casework.pool.acquire() as connection:
        with pytest.raises(asyncpg.UniqueViolationError):
            await journal.append(connection, [last.row])


@case
async def an_identity_is_known_by_its_first_copy(casework: Casework) -> None:
    stream = uuid4()
    record = referral(casework, stream)
    await casework(record)
    at = len(casework.log) - 1
    identity = (stream, AMR, Envelope.from_headers(record.headers).id)
    known = await journal.known_events(casework.connection, [identity, (stream, AMR, "none")])
    assert set(known) == {identity}
    leaves = await journal.stored_leaves(casework.connection, 1, 0, at, at + 5)
    assert [len(leaf) for leaf in leaves.values()] == [32]
    standing = await retries.standing(casework.pool, [identity, (stream, AMR, "none")])
    assert [(one, row.value) for one, row in standing.items()] == [(identity, record.value)]


@case
async def recipients_are_those_of_every_equal_copy(casework: Casework) -> None:
    stream = uuid4()
    record = referral(casework, stream)
    await casework(record)
    first = casework.log[-1]
    again = altered(first, cb_recipients=COURT.encode(), cb_sectors=b"court")
    casework.log.append(replace(again, offset=len(casework.log)))
    await casework.record(casework.log[-1:])
    event_id = Envelope.from_headers(record.headers).id
    row = await reads.event(casework.pool, PSB, AMR, event_id)
    assert row is not None
    assert row["recipients"] == sorted({*row["recipients"], PSB, COURT})
    [kept] = await cases.events_of(casework.connection, [stream])
    assert (len(kept["copies"]), kept["conflicting"], kept["beyond"]) == (1, False, False)


@case
async def what_is_left_out_of_a_fold_is_read_no_more(casework: Casework) -> None:
    stream = uuid4()
    for at in range(3):
        await casework(referral(casework, stream, id=f"e{at}"))
    rows = [(stream, AMR, "e0", False), (stream, AMR, "e1", True)]
    for _ in range(2):
        await cases.leave_out(casework.connection, rows)
    found = await cases.events_of(casework.connection, [stream])
    assert [one["beyond"] for one in found] == [True, False]
    assert [row["id"] for row in await cases.left_out(casework.connection, [stream])] == ["e0"]


@case
async def a_case_stands_as_it_was_saved_last(casework: Casework) -> None:
    stream, other = uuid4(), uuid4()
    await casework(referral(casework, stream))
    first = await cases.standing_of(casework.connection, [stream, other])
    await casework(casework.world.event("case.noted", AMR, stream=str(stream)))
    second = await cases.lock_cases(casework.connection, [stream, other])
    assert set(first) == set(second) == {stream}
    assert second[stream].version == first[stream].version + 1
    assert (second[stream].law, second[stream].fold_version) == (LAW.digest, FOLD_VERSION)
    assert await cases.among(casework.connection, {stream, other}) == {stream}


@case
async def a_work_item_is_its_agencys_alone(casework: Casework) -> None:
    stream = uuid4()
    await casework(referral(casework, stream))
    folded = fold(casework.context.streams._known[stream].events.values(), LAW)
    [item] = [one for one in folded.work if one.agency == PSB]
    row = await work.item(casework.pool, PSB, item.key)
    assert row is not None
    assert (row["stream"], row["opener"], row["is_open"]) == (stream, AMR, True)
    assert set(row["view"]["actions"]) == set(item.actions)
    assert row["version"] == item.version
    assert await work.item(casework.pool, AMR, item.key) is None
    assert await work.item(casework.pool, PSB, "none") is None


@case
async def an_event_is_read_by_its_author_and_by_those_with_a_part(casework: Casework) -> None:
    stream = uuid4()
    await casework(referral(casework, stream, id="only"))
    for agency in (AMR, PSB):
        row = await reads.event(casework.pool, agency, AMR, "only")
        assert row is not None
        assert (row["stream"], row["author"]) == (stream, AMR)
    assert await reads.event(casework.pool, COURT, AMR, "only") is None
    assert await reads.findings(casework.pool, COURT, stream) == []


@case
async def what_stands_in_the_outbox_or_the_journal_is_not_said_again(casework: Casework) -> None:
    stream = uuid4()
    row = owed(stream)
    identity = (stream, row.source, row.event_id)
    assert await outbox.enqueued(casework.connection, [identity]) == set()
    for _ in range(2):
        await outbox.enqueue(casework.pool, [row])
    assert await outbox.enqueued(casework.connection, [identity]) == {row.event_id}
    assert [one.value for one in await unsent(casework, stream)] == [row.value]
    journaled = referral(casework, stream, id="journaled")
    await casework(journaled)
    assert await outbox.enqueued(casework.connection, [(stream, AMR, "journaled")]) == {"journaled"}
    await outbox.enqueue(casework.pool, [OutboxRow.of(journaled, "events.administrative")])
    assert [one.value for one in await unsent(casework, stream)] == [row.value]


async def unsent(casework: Casework, stream: UUID, *held: str) -> list[Unsent]:
    found = await sending.unsent(casework.connection, OUTBOX, held, 1_000)
    return [one for one in found if one.stream == stream]


@case
async def what_waits_leaves_in_order_until_it_is_sent(casework: Casework) -> None:
    stream = uuid4()
    rows = [owed(stream, id=f"o{at}") for at in range(3)]
    await outbox.enqueue(casework.pool, rows)
    first, second, third = await unsent(casework, stream)
    assert [one.value for one in (first, second, third)] == [row.value for row in rows]
    assert await unsent(casework, stream, BUS_DOOR) == []
    after = await sending.unsent(casework.connection, OUTBOX, (), 1, second.id)
    assert [one.id for one in after] == [third.id]
    await sending.mark_sent(casework.pool, OUTBOX, [first.id])
    await sending.mark_refused(casework.connection, OUTBOX, [second.id], "too_large")
    assert [one.id for one in await unsent(casework, stream)] == [third.id]
    await sending.give_up(casework.connection, OUTBOX, BUS_DOOR, "topic_unknown", HOUR)
    assert [one.id for one in await unsent(casework, stream)] == [third.id]
    await sending.give_up(casework.connection, OUTBOX, BUS_DOOR, "topic_unknown", MOMENT)
    assert await unsent(casework, stream) == []


@case
async def what_the_journal_holds_is_settled_with_its_bytes(casework: Casework) -> None:
    stream = uuid4()
    record = casework.world.event("case.noted", AMR, stream=str(stream))
    row = OutboxRow.of(record, BUS_DOOR)
    await outbox.enqueue(casework.pool, [row])
    [waiting] = await unsent(casework, stream)
    assert await sending.settle(casework.connection, [waiting.id]) == set()
    await casework(record)
    assert await sending.settle(casework.connection, [waiting.id]) == {waiting.id}
    assert await unsent(casework, stream) == []


@case
async def a_record_that_is_handed_in_twice_is_the_one_kept_first(casework: Casework) -> None:
    stream = uuid4()
    first = handed_in(stream)
    another = replace(first.record, value=b"other")
    other = replace(first, digest=b"x" * 32, record=another)
    assert (await submissions.store(casework.pool, first)).record == first.record
    assert (await submissions.store(casework.pool, other)).digest == first.digest
    assert await submissions.stored(casework.pool, AMR, "none") is None
    assert await submissions.store_at_once(casework.pool, [other]) == [None]


@case
async def whoever_handed_in_before_in_the_stream_is_sent_before(casework: Casework) -> None:
    stream = uuid4()
    first, second, third = (handed_in(stream) for _ in range(3))
    assert await submissions.store_at_once(casework.pool, [first]) == [True]
    elsewhere = handed_in(uuid4())
    told = await submissions.store_at_once(casework.pool, [second, elsewhere])
    assert told == [False, True]
    assert await ids_before(casework, second) == [first.event_id, second.event_id]
    await submissions.mark_refused(casework.pool, first, "too_large")
    assert await ids_before(casework, second) == [second.event_id]
    assert await ids_before(casework, first) == [first.event_id]
    await submissions.mark_sent(casework.pool, second)
    assert await ids_before(casework, second) == []
    assert await submissions.store_at_once(casework.pool, [third]) == [True]
    kept = await submissions.stored(casework.pool, AMR, second.event_id)
    assert kept is not None
    assert kept.sent_at is not None


async def ids_before(casework: Casework, finished: Finished) -> list[str]:
    return [one.event_id for one in await submissions.unsent_before(casework.pool, finished)]


@case
async def what_the_journal_holds_is_not_kept_as_handed_in(casework: Casework) -> None:
    stream = uuid4()
    await casework(referral(casework, stream, id="stands"))
    assert await submissions.store_at_once(
        casework.pool, [handed_in(stream, event_id="stands")]
    ) == [None]
    assert await submissions.stored(casework.pool, AMR, "stands") is None


@case
async def what_was_handed_in_is_the_gateways_to_send_for_a_while(casework: Casework) -> None:
    await submissions.store(casework.pool, handed_in(stream := uuid4()))
    found = await sending.unsent(casework.connection, SUBMISSIONS, (), 1_000)
    assert [one for one in found if one.stream == stream] == []
    at_once = replace(SUBMISSIONS, grace=MOMENT)
    [one] = [
        one
        for one in await sending.unsent(casework.connection, at_once, (), 1_000)
        if one.stream == stream
    ]
    await sending.mark_sent(casework.pool, SUBMISSIONS, [one.id])
    left = await sending.unsent(casework.connection, at_once, (), 1_000)
    assert [other for other in left if other.id == one.id] == []


@case
async def what_the_gateway_left_is_the_relays_at_once(casework: Casework) -> None:
    left, kept = handed_in(uuid4()), handed_in(uuid4())
    for one in (left, kept):
        await submissions.store(casework.pool, one)
    await submissions.hand_to_relay(casework.pool, left)
    found = {
        one.stream for one in await sending.unsent(casework.connection, SUBMISSIONS, (), 1_000)
    }
    assert found & {left.stream, kept.stream} == {left.stream}


@case
async def what_was_handed_in_before_what_is_left_leaves_before_it(casework: Casework) -> None:
    stream = uuid4()
    first, second, later = (handed_in(stream) for _ in range(3))
    for one in (first, second, later):
        await submissions.store(casework.pool, one)
    await submissions.hand_to_relay(casework.pool, second)
    found = await sending.unsent(casework.connection, SUBMISSIONS, (), 1_000)
    leaving = [one.headers for one in found if one.stream == stream]
    assert leaving == [first.record.headers, second.record.headers]


@case
async def one_action_at_a_time_holds_a_version_of_an_item(casework: Casework) -> None:
    item = f"item-{uuid4()}"
    first, second = (PendingAction(item, 1, b"d" * 32, AMR, str(uuid4())) for _ in range(2))
    assert await submissions.pending(casework.pool, item, 1) is None
    assert await submissions.reserve(casework.pool, first, HOUR) == first
    assert await submissions.reserve(casework.pool, second, HOUR) == first
    assert await submissions.pending(casework.pool, item, 1) == first
    await submissions.release(casework.pool, second)
    assert await submissions.pending(casework.pool, item, 1) == first
    await submissions.release(casework.pool, first)
    assert await submissions.reserve(casework.pool, second, HOUR) == second
    assert await submissions.reserve(casework.pool, replace(first, version=2), HOUR) != second


@case
async def an_action_that_expired_gives_way_unless_its_record_waits(casework: Casework) -> None:
    item, waiting = f"item-{uuid4()}", handed_in(uuid4())
    await submissions.store(casework.pool, waiting)
    holds = PendingAction(item, 1, b"d" * 32, AMR, waiting.event_id)
    other = replace(holds, event_id=str(uuid4()))
    await submissions.reserve(casework.pool, holds, -HOUR)
    assert await submissions.reserve(casework.pool, other, HOUR) == holds
    await submissions.mark_refused(casework.pool, waiting, "too_large")
    assert await submissions.reserve(casework.pool, other, HOUR) == other


@case
async def a_key_is_its_holders_until_it_is_revoked(casework: Casework) -> None:
    one, other = uuid4().bytes * 2, uuid4().bytes * 2
    for _ in range(2):
        await submissions.add_key(casework.pool, one, AMR, "desk")
    await submissions.add_key(casework.pool, other, AMR, "lab")
    asked = [other, uuid4().bytes * 2, one]
    found = await submissions.holders_of_keys(casework.pool, asked)
    assert found == [(AMR, "lab"), (None, ""), (AMR, "desk")]
    assert await submissions.revoke_keys(casework.pool, AMR, "desk") == 1
    assert await submissions.holders_of_keys(casework.pool, [one]) == [(None, "")]
    assert await submissions.revoke_all_keys(casework.pool, AMR) == 1
    assert await submissions.holders_of_keys(casework.pool, [other]) == [(None, "")]


#: T18 of the storyline: goods due three days after Friday 2026-04-10, and 12 hours of grace.
FILED = until("referral.filed")
BEFORE, AFTER = "2026-04-14T11:00:00+08:00", "2026-04-14T13:00:00+08:00"


@case
async def a_clock_is_due_after_its_grace_until_it_was_told(casework: Casework) -> None:
    stream = uuid4()
    await shown(casework, stream, FILED)
    assert await due(casework, stream, BEFORE) == []
    [one] = await due(casework, stream, AFTER)
    assert one.kind == BREACHED
    view = await scheduling.tellable(casework.connection, one, NOW)
    assert view is not None
    assert (view["id"], view["status"]) == ("T18", "running")
    assert await scheduling.tellable(casework.connection, replace(one, kind=WARNED), NOW) is None
    for _ in range(2):
        await scheduling.note_said(casework.connection, one, view["revision"], "said")
    assert await due(casework, stream, AFTER) == []


@case
async def the_next_moment_of_a_running_clock_is_known(casework: Casework) -> None:
    stream = uuid4()
    await shown(casework, stream, FILED)
    at = await scheduling.next_due(casework.pool, datetime.fromisoformat(BEFORE))
    assert at is not None
    assert datetime.fromisoformat(BEFORE) < at <= datetime.fromisoformat(AFTER)


@case
async def of_a_case_with_an_unsent_record_nothing_is_told(casework: Casework) -> None:
    stream, other = uuid4(), uuid4()
    await shown(casework, stream, FILED)
    await shown(casework, other, FILED)
    [one] = await due(casework, stream, AFTER)
    waiting = handed_in(stream)
    await submissions.store(casework.pool, waiting)
    before = await sending.database_time(casework.pool)
    assert await due(casework, stream, AFTER) == []
    assert len(await due(casework, other, AFTER)) == 1
    assert await scheduling.tellable(casework.connection, one, before) is None
    assert await sending.awaited_among(casework.connection, [stream]) == {stream}
    assert await sending.anything_on_its_way(casework.pool, before + HOUR)
    await submissions.mark_sent(casework.pool, waiting)
    # Sent after the barrier began: not behind it.
    assert await scheduling.tellable(casework.connection, one, before) is None
    later = await sending.database_time(casework.pool)
    assert await scheduling.tellable(casework.connection, one, later + HOUR) is not None
    assert await due(casework, stream, AFTER) == [one]
    refused = handed_in(stream)
    await submissions.store(casework.pool, refused)
    assert await due(casework, stream, AFTER) == []
    await submissions.mark_refused(casework.pool, refused, "too_large")
    assert await due(casework, stream, AFTER) == [one]


@case
async def what_the_bus_says_of_clocks_holds_no_clock_up(casework: Casework) -> None:
    stream = uuid4()
    await shown(casework, stream, FILED)
    await outbox.enqueue(casework.pool, [owed(stream), replace(owed(stream), type=CLOCK_BREACHED)])
    assert len(await due(casework, stream, AFTER)) == 1
    assert await sending.awaited_among(casework.connection, [stream]) == set()
    await outbox.enqueue(casework.pool, [replace(owed(stream), type="casebus.case.noted.v1")])
    assert await due(casework, stream, AFTER) == []


@case
async def an_actor_is_warned_before_the_due_moment_alone(casework: Casework) -> None:
    stream = uuid4()
    asked = event("cn-330100-arb", "mediation.asked", "2026-09-20", to=(AMR,))
    await shown(casework, stream, [asked], law=small_law())
    assert await due(casework, stream, "2026-09-30T00:00:00+08:00") == []
    [warned] = await due(casework, stream, "2026-10-07T00:00:00+08:00")
    assert warned.kind == WARNED
    late = await due(casework, stream, "2026-10-09T00:00:00+08:00")
    assert [one.kind for one in late] == ["lapsed"]


@case
async def a_clock_that_was_held_back_is_due_at_once(casework: Casework) -> None:
    stream = uuid4()
    late = event(AMR, "referral.goods_handed_over", "2026-04-15 10:00", to=(PSB,))
    await shown(casework, stream, [*FILED, late])
    own = [replace(one, stream=str(stream)) for one in (*FILED, late)]
    [clock] = [one for one in fold(own, LAW).clocks if one.id == "T18"]
    assert await due(casework, stream, AFTER) == []
    for _ in range(2):
        await sending.hold_clock(casework.pool, stream, clock.key, BREACHED)
    [held] = await due(casework, stream, "2026-01-01T00:00:00+08:00")
    assert await scheduling.tellable(casework.connection, held, NOW) is not None
    in_time = event(AMR, "referral.goods_handed_over", "2026-04-13 10:00", id="in_time", to=(PSB,))
    await shown(casework, stream, [*FILED, late, in_time])
    assert await due(casework, stream, AFTER) == []
    await shown(casework, stream, [*FILED, late])
    await sending.let_go(casework.connection, stream, clock.key, BREACHED)
    assert await due(casework, stream, AFTER) == []


@case
async def of_what_was_imported_no_clock_is_due(casework: Casework) -> None:
    stream = uuid4()
    imported = event(AMR, "referral.sent", "2026-01-05", to=(PSB,), imported=True)
    await shown(casework, stream, [imported])
    assert await due(casework, stream, AFTER) == []


@case
async def a_case_shows_the_clocks_of_its_last_fold_alone(casework: Casework) -> None:
    stream = uuid4()
    await shown(casework, stream, FILED)
    assert len(await due(casework, stream, AFTER)) == 1
    in_time = event(AMR, "referral.goods_handed_over", "2026-04-13 10:00", to=(PSB,))
    await shown(casework, stream, [*FILED, in_time])
    assert await due(casework, stream, AFTER) == []


@case
async def whoever_looked_is_noted_and_read_last_first(casework: Casework) -> None:
    stream = uuid4()
    await casework(referral(casework, stream, id=f"looked-{stream}"))
    looks = [looked(stream, 200), looked(stream, 404), looked(None, 200)]
    await access.note(casework.connection, looks)
    rows = await access.accesses(casework.pool, stream, limit=5)
    assert [(row.agency, row.status) for row in rows] == [(AMR, 404), (AMR, 200)]
    asked = {(AMR, f"looked-{stream}"), (AMR, "none")}
    found = await access.streams_of(casework.pool, asked)
    assert found == {(AMR, f"looked-{stream}"): [stream]}


def looked(stream: UUID | None, status: int) -> Looked:
    at = datetime(2026, 3, 5, tzinfo=UTC)
    return Looked(at, AMR, "GET", "/v1/cases/{case}", stream, None, None, status)


@case
async def a_law_bundle_is_kept_once_and_a_partition_waits_visibly(casework: Casework) -> None:
    digest = f"digest-{uuid4()}"
    for body in (b"first", b"second"):
        await law.keep_bundle(casework.connection, digest, body)
    assert await law.bundle(casework.pool, digest) == b"first"
    assert await law.bundle(casework.pool, "none") is None
    for reason in ("law_unknown", "law_unknown"):
        await stalling.begin(casework.pool, 81, reason, digest, "adoption")
    [one] = [one for one in await stalling.stalled(casework.pool) if one.partition == 81]
    assert (one.reason, one.digest, one.adoption) == ("law_unknown", digest, "adoption")
    await stalling.end(casework.pool, 81)
    assert [one for one in await stalling.stalled(casework.pool) if one.partition == 81] == []
    assert not await stalling.is_voided(casework.pool, digest)
    for _ in range(2):
        await stalling.note_voided(casework.pool, digest, 81, digest)
    assert await stalling.is_voided(casework.pool, digest)


@case
async def a_service_that_lives_is_read_with_what_it_said_last(casework: Casework) -> None:
    for count in (1, 2):
        said = BeatDetail(WaitingCount(outbox_unsent=count), still={"a b/1": (count, 0.5)})
        await scheduling.beat(casework.pool, "contract", said)
    [beat] = [row for row in await reads.heartbeats(casework.pool) if row.service == "contract"]
    assert (beat.detail, 0 <= beat.seconds < 60) == (said, True)
