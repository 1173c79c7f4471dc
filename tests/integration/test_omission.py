"""A seizure that must be transferred and is not: scheduler and casework on real tables."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.doors import BUS
from casebus.events.envelope import Record
from onebox.testing import Stack
from services.scheduler.clocks import ClockTeller
from services.scheduler.fakes import HeldBarrier
from services.scheduler.statements import StatementSigner
from storage.packing import unpack_headers
from tests.integration.casework import Casework, casework_on
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
#: Seized on Wednesday 2026-03-04: O01 ends on Monday 2026-03-16, O02 on Tuesday 2026-03-24.
SEIZED = "2026-03-04"
ASKED = datetime.fromisoformat("2026-03-18T09:00:00+08:00")
SUPERVISED = datetime.fromisoformat("2026-03-26T09:00:00+08:00")


class Office:
    """Casework and the scheduler's clocks; what the bus says goes through the front door."""

    def __init__(self, casework: Casework) -> None:
        self.casework, self.world, self.stream = casework, casework.world, str(uuid4())
        self.now, self._heard = ASKED, 0
        self._clocks = ClockTeller(
            pool=casework.pool,
            barrier=HeldBarrier(),
            signer=StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: self.now),
            directory=self.world.directory,
            now=lambda: self.now,
            partitions=_one,
        )

    async def say(self, name: str, day: str, to: tuple[str, ...] = (), **data: Any) -> None:
        await self.casework(
            self.world.event(name, AMR, stream=self.stream, legal=day, to=to, data=data)
        )

    async def until(self, now: datetime) -> list[tuple[str, str, tuple[str, ...]]]:
        """(type, kind or clock, told) of what the bus says by then, of findings and lapses."""
        self.now = now
        said = await self._hear()
        while await self._clocks.tell_due():
            said += await self._hear()
        return said

    async def _hear(self) -> list[tuple[str, str, tuple[str, ...]]]:
        said = []
        query = "select * from own.outbox where id > $1 order by id"
        while rows := await self.casework.rows(query, self._heard):
            for row in rows:
                self._heard = row["id"]
                headers = unpack_headers(row["headers"])
                await self.casework(Record(self.stream.encode(), row["value"], headers))
                # As the relay would: nothing is told of a case while words about it lie here.
                await self.casework.rows(
                    "update own.outbox set sent_at = clock_timestamp() where id = $1", row["id"]
                )
                data = SCHEMAS.decode(row["value"])[1]
                about = data.get("kind") or data.get("clock") or ""
                name = row["type"].removeprefix("casebus.").removesuffix(".v1")
                said.append((name, about, tuple(data.get("told", ()))))
        return [one for one in said if one[1] in {"omission", "O01", "O02"}]


async def _one() -> int:
    return 1


@pytest.fixture
async def office(brokers: Stack) -> AsyncIterator[Office]:
    async with casework_on(brokers) as casework:
        found = Office(casework)
        goods = {"fen": 16_000_000}
        await found.say("goods.seized", SEIZED, offence="214", goods_value=goods)
        yield found


async def test_the_agency_is_asked_then_the_procuratorate_and_the_transfer_ends_it(
    office: Office,
) -> None:
    first = await office.until(ASKED)
    assert ("clock.lapsed", "O01", ()) in first
    assert ("finding.raised", "omission", (AMR,)) in first
    second = await office.until(SUPERVISED)
    assert ("clock.lapsed", "O02", (PRO,)) in second
    assert ("finding.raised", "omission", (AMR, PRO)) in second
    await office.say("referral.sent", "2026-03-27", to=(PSB, PRO))
    ended = await office.until(SUPERVISED)
    assert sorted(ended) == [
        ("finding.withdrawn", "omission", (AMR,)),
        ("finding.withdrawn", "omission", (AMR, PRO)),
    ]
    case = await office.casework.case(office.stream)
    assert not [one for one in case["view"]["findings"] if one["kind"] == "omission"]


async def test_a_transfer_in_time_leaves_nothing_to_say(office: Office) -> None:
    await office.say("referral.sent", "2026-03-10", to=(PSB, PRO))
    said = await office.until(SUPERVISED)
    assert not [one for one in said if one[0] != "clock.warned"]


async def test_a_rebuild_finds_the_same_omission(office: Office) -> None:
    await office.until(SUPERVISED)
    digest = (await office.casework.case(office.stream))["digest"]
    await office.casework.rebuild()
    assert (await office.casework.case(office.stream))["digest"] == digest
    assert await office.until(SUPERVISED) == []
