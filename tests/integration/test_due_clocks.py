"""Due clocks on real tables, behind a barrier that the test opens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from casebus.cases import CaseEvent, fold
from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.law import Law
from onebox.testing import Stack
from services.casework.deriving import rows_of
from services.scheduler.clocks import ClockTeller
from services.scheduler.fakes import HeldBarrier
from services.scheduler.statements import StatementSigner
from storage import cases, outbox, searching, sending, submissions
from storage.handles import Pool, sole
from storage.outbox import OutboxRow
from storage.packing import unpack_headers
from storage.pool import open_pool
from storage.searching import CaseFilter, Page, Viewing
from tests.case_events import AMR, LAW, PRO, PSB, STREAM, event, until
from tests.integration.database import fresh_database
from tests.integration.handed_in import LONG_AGO, hand_in
from tests.small_law import law
from tests.world import NOW, SCHEMAS, World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

CASE = UUID(STREAM)
#: T18 of the storyline: filed on Friday 2026-04-10, goods due three days later, 12 hours of grace.
FILED = until("referral.filed")
HANDED_OVER = event(AMR, "referral.goods_handed_over", "2026-04-13 10:00", to=(PSB,))
BEFORE = datetime.fromisoformat("2026-04-14T11:00:00+08:00")
AFTER = datetime.fromisoformat("2026-04-14T13:00:00+08:00")


class Desk:
    def __init__(self, pool: Pool) -> None:
        self.pool, self.gate, self.now = pool, HeldBarrier(is_open=False), AFTER
        self.world = World()
        self.version = 0
        self.clocks = ClockTeller(
            pool=pool,
            barrier=self.gate,
            signer=StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: self.now),
            directory=self.world.directory,
            now=lambda: self.now,
            partitions=self._partitions,
        )

    async def _partitions(self) -> int:
        return 4

    async def record(self, events: list[CaseEvent], law: Law = LAW) -> None:
        """What casework does with a case: under its row lock, replace what shows it."""
        async with self.pool.acquire() as connection, connection.transaction():
            await cases.lock_cases(connection, [CASE])
            self.version += 1
            rows = rows_of(
                CASE,
                fold(events, law),
                law,
                version=self.version,
                opened_at=None,
                updated_at=self.now,
            )
            await cases.save(connection, [rows], {CASE} if self.version > 1 else set())

    async def said(self, kind: str = "breached") -> list[tuple[str, dict[str, Any], str]]:
        """(id, body, recipients) of what the outbox holds of clocks."""
        query = "select event_id, value, headers from own.outbox where type = $1"
        return [
            (
                row["event_id"],
                SCHEMAS.decode(row["value"])[1],
                dict(unpack_headers(row["headers"])).get("ce_to", b"").decode(),
            )
            for row in await self.pool.fetch(query + " order by id", f"casebus.clock.{kind}.v1")
        ]

    async def said_clocks(self) -> list[str]:
        return [body["clock"] for _, body, _ in await self.said()]


@pytest.fixture
async def desk(brokers: Stack) -> AsyncIterator[Desk]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test")
        yield Desk(pool)
        await pool.close()


async def test_a_clock_breaches_only_when_the_barrier_has_passed(desk: Desk) -> None:
    await desk.record(FILED)
    telling = asyncio.create_task(desk.clocks.tell_due())
    await desk.gate.reached.wait()
    assert len(desk.gate.partitions) == 1
    assert await desk.said_clocks() == []

    desk.gate.open.set()
    assert await telling == 1
    [(_, body, to)] = await desk.said()
    assert (body["clock"], body["actor"], body["cause"]) == ("T18", AMR, "open")
    assert to == f"cn-330100-amr {PRO}"


async def test_a_clock_that_is_met_while_the_barrier_waits_is_not_told(desk: Desk) -> None:
    await desk.record(FILED)
    telling = asyncio.create_task(desk.clocks.tell_due())
    await desk.gate.reached.wait()
    await desk.record([*FILED, HANDED_OVER])
    desk.gate.open.set()
    assert await telling == 0
    assert await desk.said_clocks() == []


async def test_a_date_that_the_notice_may_still_move_is_told_only_when_it_is_certain(
    desk: Desk,
) -> None:
    # Best known 2027-01-04; with all of 1 to 8 January off Monday the 11th, and 12 hours of grace.
    await desk.record([event(AMR, "referral.proposed", "2026-12-29")])
    desk.gate.open.set()
    for moment in ("2027-01-05T13:00:00+08:00", "2027-01-12T11:00:00+08:00"):
        desk.now = datetime.fromisoformat(moment)
        await desk.clocks.tell_due()
        assert await desk.said() == []
    desk.now = datetime.fromisoformat("2027-01-12T13:00:00+08:00")
    assert await desk.clocks.tell_due() == 1
    [(_, body, _)] = await desk.said()
    assert (body["clock"], body["provisional"]) == ("T02", True)
    assert (body["due"][:10], body["certain"][:10]) == ("2027-01-04", "2027-01-11")


async def test_of_a_row_that_does_not_say_when_it_is_certain_nothing_is_told(desk: Desk) -> None:
    proposed = [event(AMR, "referral.proposed", "2026-12-29")]
    await desk.record(proposed)
    await desk.pool.execute(
        "update derived.clock set view = view - 'certain', breach_after = '2027-01-02T04:00Z'"
    )
    desk.gate.open.set()
    desk.now = datetime.fromisoformat("2027-01-12T13:00:00+08:00")
    assert await desk.clocks.tell_due() == 0
    await desk.record(proposed)
    assert await desk.clocks.tell_due() == 1


async def test_it_waits_for_the_lock_of_a_case_that_is_being_folded(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    async with desk.pool.acquire() as connection:
        held = connection.transaction()
        await held.start()
        await cases.lock_cases(connection, [CASE])
        telling = asyncio.create_task(desk.clocks.tell_due())
        done, _ = await asyncio.wait([telling], timeout=0.5)
        assert not done
        await connection.execute("update derived.clock set status = 'met' where clock = 'T18'")
        await held.commit()
    assert await telling == 0


@pytest.mark.long
async def test_nothing_is_told_before_due_and_grace(desk: Desk) -> None:
    await desk.record(FILED)
    desk.now = BEFORE
    assert await desk.clocks.tell_due() == 0
    assert not desk.gate.reached.is_set()


@pytest.mark.long
async def test_a_breach_is_told_once_while_it_is_on_its_way_and_after(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    assert await desk.clocks.tell_due() == 1
    assert await desk.clocks.tell_due() == 0
    # A rebuild shows the clock anew; what was said stays said.
    await desk.record(FILED)
    assert await desk.clocks.tell_due() == 0
    assert await desk.said_clocks() == ["T18"]


async def test_a_breach_that_was_withdrawn_can_be_told_again(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    await desk.clocks.tell_due()
    [(event_id, body, _)] = await desk.said()
    key = {"clock_key": body["clock_key"]}
    breached = event(BUS, "clock.breached", "2026-04-14", id=event_id, **key, due=body["due"])
    withdrawn = event(BUS, "clock.breach_withdrawn", "2026-04-15", id="w", **key)
    await desk.record([*FILED, breached])
    assert await desk.clocks.tell_due() == 0
    await desk.record([*FILED, breached, withdrawn])
    assert await desk.clocks.tell_due() == 1
    first, second = [identity for identity, _, _ in await desk.said()]
    assert first == event_id != second


@pytest.mark.long
async def test_a_historic_clock_is_never_told(desk: Desk) -> None:
    imported = [event(AMR, "referral.sent", "2026-01-05", to=(PSB,), imported=True)]
    late = event(PSB, "referral.accepted", "2026-01-06", to=(AMR,), recorded_at="2026-04-01 09:00")
    await desk.record([*imported, late])
    running = await desk.pool.fetch(
        "select historic from derived.clock where status = 'running' and due < $1", AFTER
    )
    assert running
    assert all(row["historic"] for row in running)
    desk.gate.open.set()
    assert await desk.clocks.tell_due() == 0


async def test_a_breach_behind_a_slow_barrier_says_that_the_bus_was_behind(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.seconds = 60.0
    desk.gate.open.set()
    await desk.clocks.tell_due()
    [(_, body, _)] = await desk.said()
    assert body["cause"] == "link_down"


async def test_it_wakes_when_a_scenario_s_time_jumps(desk: Desk) -> None:
    await desk.record(FILED)
    desk.now = BEFORE
    desk.gate.open.set()
    running = asyncio.create_task(desk.clocks.run())
    await asyncio.sleep(0.5)
    assert await desk.said_clocks() == []
    desk.now = AFTER
    async with asyncio.timeout(20):
        while True:
            if await desk.said_clocks() == ["T18"]:
                break
            await asyncio.sleep(0.05)
    running.cancel()


SMALL = law()
#: Fifteen days that end after National Day, on 2026-10-08.
ASKED = event("cn-330100-arb", "mediation.asked", "2026-09-20", to=(AMR,))


async def test_a_lapse_is_said_behind_the_barrier_and_once(desk: Desk) -> None:
    desk.now = datetime.fromisoformat("2026-10-09T00:00:00+08:00")
    await desk.record([ASKED], SMALL)
    telling = asyncio.create_task(desk.clocks.tell_due())
    await desk.gate.reached.wait()
    assert await desk.said("lapsed") == []
    desk.gate.open.set()
    assert await telling == 1
    [(event_id, body, _)] = await desk.said("lapsed")
    assert (body["clock"], body["due"]) == ("M01", "2026-10-08T23:59:59+08:00")
    assert await desk.clocks.tell_due() == 0

    lapsed = event(BUS, "clock.lapsed", "2026-10-08 23:59:59", id=event_id, **body)
    await desk.record([ASKED, lapsed], SMALL)
    status = await desk.pool.fetchval("select status from derived.clock where clock = 'M01'")
    assert status == "lapsed"
    assert await desk.clocks.tell_due() == 0


@pytest.mark.long
async def test_a_proof_that_comes_while_the_barrier_waits_prevents_the_lapse(desk: Desk) -> None:
    desk.now = datetime.fromisoformat("2026-10-09T00:00:00+08:00")
    await desk.record([ASKED], SMALL)
    telling = asyncio.create_task(desk.clocks.tell_due())
    await desk.gate.reached.wait()
    answered = event(AMR, "mediation.answered", "2026-10-08 23:59:59")
    await desk.record([ASKED, answered], SMALL)
    desk.gate.open.set()
    assert await telling == 0
    assert await desk.said("lapsed") == []


@pytest.mark.long
async def test_an_actor_is_warned_once_and_not_after_the_due_moment(desk: Desk) -> None:
    desk.gate.open.set()
    desk.now = datetime.fromisoformat("2026-09-30T00:00:00+08:00")
    await desk.record([ASKED], SMALL)
    assert await desk.clocks.tell_due() == 0
    desk.now = datetime.fromisoformat("2026-10-07T00:00:00+08:00")
    assert await desk.clocks.tell_due() == 1
    [(_, body, to)] = await desk.said("warned")
    assert (body["clock"], to) == ("M01", AMR)
    assert await desk.clocks.tell_due() == 0


@pytest.mark.long
async def test_a_warning_that_would_come_too_late_is_none(desk: Desk) -> None:
    desk.gate.open.set()
    desk.now = datetime.fromisoformat("2026-10-09T00:00:00+08:00")
    await desk.record([ASKED], SMALL)
    assert await desk.clocks.tell_due() == 1
    assert await desk.said("warned") == []


async def test_a_paused_clock_says_nothing_until_it_runs_again(desk: Desk) -> None:
    desk.gate.open.set()
    desk.now = datetime.fromisoformat("2026-10-20T00:00:00+08:00")
    paused = event(AMR, "clock.paused", "2026-09-25", clock="M01")
    await desk.record([ASKED, paused], SMALL)
    assert await desk.clocks.tell_due() == 0
    resumed = event(AMR, "clock.resumed", "2026-10-19", clock="M01")
    await desk.record([ASKED, paused, resumed], SMALL)
    query = "select nominal, due from derived.clock where clock = 'M01'"
    row = sole(await desk.pool.fetchrow(query))
    assert str(row["nominal"]) == "2026-10-29"
    assert await desk.clocks.tell_due() == 0


async def test_a_case_is_found_by_the_status_of_any_of_its_procedures(desk: Desk) -> None:
    filed = event(AMR, "penalty.filed", "2026-09-19")
    await desk.record([filed, ASKED], SMALL)
    await desk.pool.execute("insert into derived.party values ($1, $2)", CASE, AMR)

    async def found(status: str) -> int:
        viewing, page = Viewing(AMR, figures=True, now=NOW), Page("-changed", None, 5)
        return len(await searching.page(desk.pool, viewing, CaseFilter(status=status), page))

    assert [await found(one) for one in ("filed", "asked", "closed")] == [1, 1, 0]
    regions = await desk.pool.fetch("select procedure from derived.region order by is_leading desc")
    assert [row["procedure"] for row in regions] == ["penalty", "mediation"]
    await desk.record([filed], SMALL)
    assert [await found(one) for one in ("filed", "asked")] == [1, 0]


def noted(desk: Desk) -> Record:
    """What may be the answer: an agency's record in the case."""
    return desk.world.event("case.noted", PSB, stream=STREAM)


@pytest.mark.long
async def test_nothing_is_told_of_a_case_while_a_record_of_it_is_stored_and_unsent(
    desk: Desk,
) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    finished = await hand_in(desk.pool, noted(desk), "events.police", age=LONG_AGO)
    assert await desk.clocks.tell_due() == 0
    assert await desk.said_clocks() == []
    await submissions.mark_sent(desk.pool, finished)
    assert await desk.clocks.tell_due() == 1
    assert await desk.said_clocks() == ["T18"]


@pytest.mark.long
async def test_another_case_s_unsent_record_holds_nobody_up(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    other = desk.world.event("case.noted", PSB)
    await hand_in(desk.pool, other, "events.police", age=LONG_AGO)
    assert await desk.clocks.tell_due() == 1


@pytest.mark.long
async def test_a_record_handed_in_while_the_barrier_waits_keeps_the_breach_unsaid(
    desk: Desk,
) -> None:
    await desk.record(FILED)
    telling = asyncio.create_task(desk.clocks.tell_due())
    await desk.gate.reached.wait()
    await hand_in(desk.pool, noted(desk), "events.police")
    desk.gate.open.set()
    assert await telling == 0


@pytest.mark.long
async def test_what_is_sent_while_the_barrier_waits_is_not_behind_it(desk: Desk) -> None:
    await desk.record(FILED)
    telling = asyncio.create_task(desk.clocks.tell_due())
    await desk.gate.reached.wait()
    await submissions.mark_sent(desk.pool, await hand_in(desk.pool, noted(desk), "events.police"))
    desk.gate.open.set()
    assert await telling == 0
    # The next barrier begins after it was sent.
    assert await desk.clocks.tell_due() == 1


@pytest.mark.long
async def test_a_record_that_no_broker_takes_does_not_silence_its_case(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    finished = await hand_in(desk.pool, noted(desk), "events.police", age=LONG_AGO)
    await submissions.mark_refused(desk.pool, finished, "too_large")
    assert await desk.clocks.tell_due() == 1


@pytest.mark.long
async def test_an_agency_s_record_in_the_outbox_is_waited_for_too(desk: Desk) -> None:
    await desk.record(FILED)
    desk.gate.open.set()
    await outbox.enqueue(desk.pool, [OutboxRow.of(noted(desk), "events.police")])
    assert await desk.clocks.tell_due() == 0
    await desk.pool.execute("update own.outbox set sent_at = now()")
    assert await desk.clocks.tell_due() == 1


async def test_a_warning_waits_for_what_is_unsent_like_a_breach(desk: Desk) -> None:
    desk.gate.open.set()
    desk.now = datetime.fromisoformat("2026-10-07T00:00:00+08:00")
    await desk.record([ASKED], SMALL)
    finished = await hand_in(desk.pool, noted(desk), "events.police", age=LONG_AGO)
    assert await desk.clocks.tell_due() == 0
    await submissions.mark_sent(desk.pool, finished)
    assert await desk.clocks.tell_due() == 1


LATE = event(AMR, "referral.goods_handed_over", "2026-04-15 10:00", to=(PSB,))


@pytest.mark.long
async def test_what_casework_held_back_is_said_when_the_record_came_to_nothing(desk: Desk) -> None:
    await desk.record([*FILED, LATE])
    desk.gate.open.set()
    [(key, status)] = await desk.pool.fetch(
        "select key, status from derived.clock where clock = 'T18'"
    )
    assert status == "met_late"
    assert await desk.clocks.tell_due() == 0
    await sending.hold_clock(desk.pool, CASE, key, "breached")
    assert await desk.clocks.tell_due() == 1
    assert await desk.said_clocks() == ["T18"]
    assert await desk.clocks.tell_due() == 0


async def test_what_casework_held_back_is_not_said_of_an_act_that_came_in_time(desk: Desk) -> None:
    await desk.record([*FILED, LATE])
    desk.gate.open.set()
    key = await desk.pool.fetchval("select key from derived.clock where clock = 'T18'")
    await sending.hold_clock(desk.pool, CASE, key, "breached")
    await desk.record([*FILED, LATE, HANDED_OVER])
    assert await desk.clocks.tell_due() == 0
    assert await desk.said_clocks() == []
