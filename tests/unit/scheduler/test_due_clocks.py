"""Clocks that ran out are told behind the barrier and once, on a database in memory."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from casebus.cases import CaseEvent, fold
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.law import Law
from services.casework.deriving import rows_of
from services.scheduler import clocks
from services.scheduler.clocks import ClockTeller
from services.scheduler.fakes import HeldBarrier
from services.scheduler.statements import StatementSigner
from storage import cases, outbox, sending, submissions
from storage.fakes import MemoryDatabase
from storage.outbox import OutboxRow
from storage.packing import unpack_headers
from storage.submissions import Finished
from tests.case_events import AMR, LAW, PRO, PSB, STREAM, event, until
from tests.small_law import law
from tests.world import SCHEMAS, World

CASE, SMALL, WORLD = UUID(STREAM), law(), World()
#: T18 of the storyline: filed on Friday 2026-04-10, goods due three days later, 12 hours of grace.
FILED = until("referral.filed")
HANDED_OVER = event(AMR, "referral.goods_handed_over", "2026-04-13 10:00", to=(PSB,))
LATE = event(AMR, "referral.goods_handed_over", "2026-04-15 10:00", to=(PSB,))
BEFORE, AFTER = "2026-04-14T11:00:00+08:00", "2026-04-14T13:00:00+08:00"
#: Fifteen days that end after National Day, on 2026-10-08.
ASKED = event("cn-330100-arb", "mediation.asked", "2026-09-20", to=(AMR,))


class Scheduler:
    """A teller of clocks, and what casework wrote of one case."""

    def __init__(self) -> None:
        self.database, self.barrier = MemoryDatabase(), HeldBarrier()
        self.at(AFTER)
        self.clocks = ClockTeller(
            pool=self.database.pool,
            barrier=self.barrier,
            signer=StatementSigner(WORLD.keys[BUS], SCHEMAS, lambda: self.now),
            directory=WORLD.directory,
            now=lambda: self.now,
            partitions=self._partitions,
        )

    async def _partitions(self) -> int:
        return 4

    def at(self, moment: str) -> None:
        self.now = datetime.fromisoformat(moment)

    async def record(self, events: list[CaseEvent], by: Law = LAW) -> None:
        """Replace what shows the case, as casework does."""
        known = await cases.lock_cases(self.database.connection, [CASE])
        version = known[CASE].version + 1 if known else 1
        rows = rows_of(
            CASE, fold(events, by), by, version=version, opened_at=None, updated_at=self.now
        )
        await cases.save(self.database.connection, [rows], set(known))

    async def hand_in(self, finished: Finished) -> Finished:
        return await submissions.store(self.database.pool, finished)

    def said(self, kind: str = "breached") -> list[tuple[str, dict[str, Any], str]]:
        """Id, body and recipients of what the outbox holds of clocks."""
        rows = self.database.tables.where("own.outbox", type=f"casebus.clock.{kind}.v1")
        return [
            (
                row["event_id"],
                SCHEMAS.decode(row["value"])[1],
                dict(unpack_headers(row["headers"])).get("ce_to", b"").decode(),
            )
            for row in rows
        ]

    def key(self, clock: str) -> str:
        [row] = self.database.tables.where("derived.clock", clock=clock)
        return str(row["key"])


@pytest.fixture
def scheduler() -> Scheduler:
    return Scheduler()


def handed_in(stream: UUID = CASE) -> Finished:
    record = WORLD.event("case.noted", PSB, stream=str(stream))
    envelope = Envelope.from_headers(record.headers)
    return Finished.of(record, envelope, agency=PSB, digest=b"d" * 32, topic="events.police")


async def waiting(scheduler: Scheduler) -> asyncio.Task[int]:
    """A telling that has come to its barrier."""
    scheduler.barrier.open.clear()
    telling = asyncio.create_task(scheduler.clocks.tell_due())
    await scheduler.barrier.reached.wait()
    return telling


async def test_a_breach_is_told_to_whom_its_rule_names_behind_the_barrier(
    scheduler: Scheduler,
) -> None:
    await scheduler.record(FILED)
    telling = await waiting(scheduler)
    assert (len(scheduler.barrier.partitions), scheduler.said()) == (1, [])
    scheduler.barrier.open.set()
    assert await telling == 1
    [(_, body, to)] = scheduler.said()
    assert (body["clock"], body["actor"], body["cause"]) == ("T18", AMR, "open")
    assert to == f"cn-330100-amr {PRO}"


async def test_a_clock_that_is_met_while_the_barrier_waits_is_not_told(
    scheduler: Scheduler,
) -> None:
    await scheduler.record(FILED)
    telling = await waiting(scheduler)
    await scheduler.record([*FILED, HANDED_OVER])
    scheduler.barrier.open.set()
    assert (await telling, scheduler.said()) == (0, [])


async def test_before_due_and_grace_nothing_is_told_and_no_barrier_asked(
    scheduler: Scheduler,
) -> None:
    await scheduler.record(FILED)
    scheduler.at(BEFORE)
    assert await scheduler.clocks.tell_due() == 0
    assert not scheduler.barrier.reached.is_set()


async def test_a_breach_is_told_once_whatever_is_derived_anew(scheduler: Scheduler) -> None:
    await scheduler.record(FILED)
    assert [await scheduler.clocks.tell_due() for _ in range(2)] == [1, 0]
    await scheduler.record(FILED)
    assert await scheduler.clocks.tell_due() == 0
    assert len(scheduler.said()) == 1


async def test_a_breach_that_was_withdrawn_can_be_told_again(scheduler: Scheduler) -> None:
    await scheduler.record(FILED)
    await scheduler.clocks.tell_due()
    [(event_id, body, _)] = scheduler.said()
    key = {"clock_key": body["clock_key"]}
    breached = event(BUS, "clock.breached", "2026-04-14", id=event_id, **key, due=body["due"])
    withdrawn = event(BUS, "clock.breach_withdrawn", "2026-04-15", id="w", **key)
    await scheduler.record([*FILED, breached])
    assert await scheduler.clocks.tell_due() == 0
    await scheduler.record([*FILED, breached, withdrawn])
    assert await scheduler.clocks.tell_due() == 1
    first, second = [identity for identity, _, _ in scheduler.said()]
    assert first == event_id != second


async def test_a_clock_of_what_was_imported_is_never_told(scheduler: Scheduler) -> None:
    imported = event(AMR, "referral.sent", "2026-01-05", to=(PSB,), imported=True)
    late = event(PSB, "referral.accepted", "2026-01-06", to=(AMR,), recorded_at="2026-04-01 09:00")
    await scheduler.record([imported, late])
    running = scheduler.database.tables.where("derived.clock", status="running")
    assert [row["historic"] for row in running if row["due"] < scheduler.now]
    assert await scheduler.clocks.tell_due() == 0


@pytest.mark.parametrize(("seconds", "cause"), [(9.9, "open"), (10.1, "link_down")])
async def test_a_breach_behind_a_slow_barrier_says_that_the_bus_was_behind(
    scheduler: Scheduler, seconds: float, cause: str
) -> None:
    await scheduler.record(FILED)
    scheduler.barrier.seconds = seconds
    await scheduler.clocks.tell_due()
    assert [body["cause"] for _, body, _ in scheduler.said()] == [cause]


async def test_a_date_that_the_notice_may_still_move_is_told_only_when_it_is_certain(
    scheduler: Scheduler,
) -> None:
    # Best known 2027-01-04; with all of 1 to 8 January off Monday the 11th, and 12 hours of grace.
    await scheduler.record([event(AMR, "referral.proposed", "2026-12-29")])
    for moment in ("2027-01-05T13:00:00+08:00", "2027-01-12T11:00:00+08:00"):
        scheduler.at(moment)
        assert (await scheduler.clocks.tell_due(), scheduler.said()) == (0, [])
    scheduler.at("2027-01-12T13:00:00+08:00")
    assert await scheduler.clocks.tell_due() == 1
    [(_, body, _)] = scheduler.said()
    assert (body["due"][:10], body["certain"][:10]) == ("2027-01-04", "2027-01-11")


async def test_a_lapse_is_said_once_and_moves_the_case(scheduler: Scheduler) -> None:
    scheduler.at("2026-10-09T00:00:00+08:00")
    await scheduler.record([ASKED], SMALL)
    assert [await scheduler.clocks.tell_due() for _ in range(2)] == [1, 0]
    [(event_id, body, _)] = scheduler.said("lapsed")
    assert (body["clock"], body["due"]) == ("M01", "2026-10-08T23:59:59+08:00")
    lapsed = event(BUS, "clock.lapsed", "2026-10-08 23:59:59", id=event_id, **body)
    await scheduler.record([ASKED, lapsed], SMALL)
    assert await scheduler.clocks.tell_due() == 0


async def test_a_proof_that_comes_while_the_barrier_waits_prevents_the_lapse(
    scheduler: Scheduler,
) -> None:
    scheduler.at("2026-10-09T00:00:00+08:00")
    await scheduler.record([ASKED], SMALL)
    telling = await waiting(scheduler)
    await scheduler.record([ASKED, event(AMR, "mediation.answered", "2026-10-08 23:59:59")], SMALL)
    scheduler.barrier.open.set()
    assert (await telling, scheduler.said("lapsed")) == (0, [])


async def test_an_actor_is_warned_once_and_not_after_the_due_moment(scheduler: Scheduler) -> None:
    await scheduler.record([ASKED], SMALL)
    told = []
    for moment in ("2026-09-30T00:00:00+08:00", "2026-10-07T00:00:00+08:00"):
        scheduler.at(moment)
        told += [await scheduler.clocks.tell_due(), await scheduler.clocks.tell_due()]
    assert told == [0, 0, 1, 0]
    [(_, body, to)] = scheduler.said("warned")
    assert (body["clock"], to) == ("M01", AMR)
    late = Scheduler()
    late.at("2026-10-09T00:00:00+08:00")
    await late.record([ASKED], SMALL)
    await late.clocks.tell_due()
    assert late.said("warned") == []


async def test_a_paused_clock_says_nothing_until_it_runs_again(scheduler: Scheduler) -> None:
    scheduler.at("2026-10-20T00:00:00+08:00")
    paused = event(AMR, "clock.paused", "2026-09-25", clock="M01")
    resumed = event(AMR, "clock.resumed", "2026-10-19", clock="M01")
    await scheduler.record([ASKED, paused], SMALL)
    assert await scheduler.clocks.tell_due() == 0
    await scheduler.record([ASKED, paused, resumed], SMALL)
    [row] = scheduler.database.tables.where("derived.clock", clock="M01")
    assert str(row["nominal"]) == "2026-10-29"
    assert await scheduler.clocks.tell_due() == 0


async def test_while_a_record_of_the_case_is_unsent_nothing_is_told_of_it(
    scheduler: Scheduler,
) -> None:
    await scheduler.record(FILED)
    await scheduler.hand_in(handed_in(UUID(int=7)))
    finished = await scheduler.hand_in(handed_in())
    assert await scheduler.clocks.tell_due() == 0
    await submissions.mark_sent(scheduler.database.pool, finished)
    assert await scheduler.clocks.tell_due() == 1


async def test_what_another_case_has_unsent_holds_nobody_up(scheduler: Scheduler) -> None:
    await scheduler.record(FILED)
    await scheduler.hand_in(handed_in(UUID(int=7)))
    assert await scheduler.clocks.tell_due() == 1


@pytest.mark.parametrize("is_sent", [False, True])
async def test_a_record_that_is_handed_in_while_the_barrier_waits_is_not_behind_it(
    scheduler: Scheduler, *, is_sent: bool
) -> None:
    await scheduler.record(FILED)
    telling = await waiting(scheduler)
    finished = await scheduler.hand_in(handed_in())
    if is_sent:
        await submissions.mark_sent(scheduler.database.pool, finished)
    scheduler.barrier.open.set()
    assert await telling == 0
    # The next barrier begins after it was sent.
    assert await scheduler.clocks.tell_due() == int(is_sent)


async def test_a_record_that_no_broker_takes_does_not_silence_its_case(
    scheduler: Scheduler,
) -> None:
    await scheduler.record(FILED)
    finished = await scheduler.hand_in(handed_in())
    await submissions.mark_refused(scheduler.database.pool, finished, "too_large")
    assert await scheduler.clocks.tell_due() == 1


async def test_an_agencys_record_in_the_outbox_is_waited_for_too(scheduler: Scheduler) -> None:
    await scheduler.record(FILED)
    noted = WORLD.event("case.noted", PSB, stream=STREAM)
    await outbox.enqueue(scheduler.database.connection, [OutboxRow.of(noted, "events.police")])
    assert await scheduler.clocks.tell_due() == 0
    [row] = scheduler.database.tables["own.outbox"]
    await sending.mark_sent(scheduler.database.pool, sending.OUTBOX, [row["id"]])
    assert await scheduler.clocks.tell_due() == 1


async def test_what_casework_held_back_is_said_where_the_record_came_to_nothing(
    scheduler: Scheduler,
) -> None:
    await scheduler.record([*FILED, LATE])
    assert await scheduler.clocks.tell_due() == 0
    await sending.hold_clock(scheduler.database.pool, CASE, scheduler.key("T18"), "breached")
    assert [await scheduler.clocks.tell_due() for _ in range(2)] == [1, 0]
    assert [body["clock"] for _, body, _ in scheduler.said()] == ["T18"]


async def test_what_casework_held_back_is_not_said_of_an_act_that_came_in_time(
    scheduler: Scheduler,
) -> None:
    await scheduler.record([*FILED, LATE])
    await sending.hold_clock(scheduler.database.pool, CASE, scheduler.key("T18"), "breached")
    await scheduler.record([*FILED, LATE, HANDED_OVER])
    assert (await scheduler.clocks.tell_due(), scheduler.said()) == (0, [])


async def test_a_clock_that_cannot_be_told_is_left_to_the_next_process(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scheduler.record(FILED)

    def refuses(*_: object, **__: object) -> None:
        raise CasebusError("unknown_type", "casebus.clock.breached.v1")

    with monkeypatch.context() as broken:
        broken.setattr(clocks, "statement_of", refuses)
        assert await scheduler.clocks.tell_due() == 0
    assert (await scheduler.clocks.tell_due(), scheduler.said()) == (0, [])
    following = Scheduler()
    following.database.tables.restore(scheduler.database.tables.saved())
    assert await following.clocks.tell_due() == 1


async def test_it_wakes_when_a_scenarios_time_jumps(scheduler: Scheduler) -> None:
    await scheduler.record(FILED)
    scheduler.at(BEFORE)
    running = asyncio.create_task(scheduler.clocks.run())
    await asyncio.sleep(0.01)
    assert scheduler.said() == []
    scheduler.at(AFTER)
    async with asyncio.timeout(5):
        while not scheduler.said():  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.02)
    running.cancel()


async def test_time_that_jumps_wakes_it_for_a_clock_that_it_has_not_seen_yet(
    scheduler: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clocks, "_LOOK_SECONDS", 60.0)
    scheduler.at(BEFORE)
    running = asyncio.create_task(scheduler.clocks.run())
    await asyncio.sleep(0.01)
    await scheduler.record(FILED)
    scheduler.at(AFTER)
    async with asyncio.timeout(5):
        while not scheduler.said():  # noqa: ASYNC110 - a table tells nobody
            await asyncio.sleep(0.02)
    running.cancel()
