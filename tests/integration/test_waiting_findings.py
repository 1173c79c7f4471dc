"""Findings that wait, on real tables, behind a barrier that the test opens."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

import pytest

from casebus.events.doors import BUS
from onebox.testing import Stack
from services.scheduler.statements import StatementSigner
from services.scheduler.waiting import FindingTeller
from storage.handles import Pool
from storage.pool import open_pool
from tests.case_events import AMR, PSB, STREAM, event, until
from tests.integration.database import fresh_database
from tests.integration.handed_in import LONG_AGO, hand_in
from tests.integration.test_due_clocks import Desk as ClockDesk
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

#: Out of procedure until the acceptance arrives, and told a day after it was recorded.
STRAY = event(PSB, "referral.filed", "2026-03-06 15:00", id="stray", to=(AMR,))
UNHEALED = [*until("referral.receipted"), STRAY]
ACCEPTED = event(PSB, "referral.accepted", "2026-03-06 12:00", to=(AMR,))
#: Before and after the moment at which it may be told; nothing else falls due between the two.
A_DAY_LESS, A_DAY_LATER = (
    datetime.fromisoformat(f"2026-03-07T{time}:00+08:00") for time in ("14:50", "15:10")
)


class Desk(ClockDesk):
    def __init__(self, pool: Pool) -> None:
        super().__init__(pool)
        self.waiting = FindingTeller(
            pool=pool,
            barrier=self.gate,
            signer=StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: self.now),
            directory=self.world.directory,
            now=lambda: self.now,
            partitions=self._partitions,
        )


@pytest.fixture
async def desk(brokers: Stack) -> AsyncIterator[Desk]:
    async with fresh_database(brokers) as url:
        pool = await open_pool(url, application="test")
        yield Desk(pool)
        await pool.close()


async def found_said(desk: Desk) -> list[tuple[str, str]]:
    query = "select value, headers from own.outbox where type = 'casebus.finding.raised.v1'"
    rows = await desk.pool.fetch(query + " order by id")
    bodies = [SCHEMAS.decode(row["value"])[1] for row in rows]
    return [(body["kind"], " ".join(body["told"])) for body in bodies]


async def test_a_finding_that_a_late_event_may_heal_is_told_when_its_time_has_passed(
    desk: Desk,
) -> None:
    await desk.record(UNHEALED)
    desk.gate.open.set()
    desk.now = A_DAY_LESS
    await desk.waiting.tell_due()
    assert await found_said(desk) == []
    desk.now = A_DAY_LATER
    await desk.waiting.tell_due()
    assert await found_said(desk) == [("out_of_procedure", PSB)]
    # Told once, by a scheduler or a casework that begins anew too.
    await desk.record(UNHEALED)
    await desk.waiting.tell_due()
    assert len(await found_said(desk)) == 1


async def test_what_heals_it_while_the_barrier_waits_keeps_it_untold(desk: Desk) -> None:
    await desk.record(UNHEALED)
    desk.now = A_DAY_LATER
    telling = asyncio.create_task(desk.waiting.tell_due())
    await desk.gate.reached.wait()
    await desk.record([*UNHEALED, ACCEPTED])
    desk.gate.open.set()
    await telling
    assert await found_said(desk) == []


async def test_a_finding_that_was_withdrawn_and_is_back_is_told_again(desk: Desk) -> None:
    await desk.record(UNHEALED)
    desk.gate.open.set()
    desk.now = A_DAY_LATER
    await desk.waiting.tell_due()
    query = "select event_id, value from own.outbox where type = 'casebus.finding.raised.v1'"
    [row] = await desk.pool.fetch(query)
    body = SCHEMAS.decode(row["value"])[1]
    told = event(BUS, "finding.raised", "2026-03-07 15:10", id=row["event_id"], **body)
    back = event(BUS, "finding.withdrawn", "2026-03-07 15:20", id="w", key=body["key"])
    await desk.record([*UNHEALED, told])
    await desk.waiting.tell_due()
    assert len(await found_said(desk)) == 1
    await desk.record([*UNHEALED, told, back])
    await desk.waiting.tell_due()
    assert len(await found_said(desk)) == 2


async def test_nobody_is_told_while_a_record_of_the_case_is_stored_and_unsent(desk: Desk) -> None:
    await desk.record(UNHEALED)
    desk.gate.open.set()
    desk.now = A_DAY_LATER
    noted = desk.world.event("case.noted", PSB, stream=STREAM)
    await hand_in(desk.pool, noted, "events.police", age=LONG_AGO)
    assert await desk.waiting.tell_due() == 0
    assert await found_said(desk) == []
