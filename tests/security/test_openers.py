"""Squatters and strangers in a stream get nothing by being first or being named (ADR 40)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import pytest

from casebus.events.doors import BUS
from casebus.events.envelope import Envelope, Record
from casebus.events.minted import stream_id
from onebox.testing import Stack
from services.scheduler.fakes import HeldBarrier
from services.scheduler.imports import Imports
from services.scheduler.statements import StatementSigner
from storage import reads, scheduling, work
from storage.scheduling import DueItem
from tests.integration.casework import Casework, casework_on
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, CITY, PSB, PRO = "cn-330106-amr", "cn-330100-amr", "cn-330106-psb", "cn-330106-pro"
COURT = "cn-330106-court"
NUMBER = {"kind": "letter_no", "value": "杭西市监移〔2026〕7号"}
MINTED = stream_id(AMR, "letter_no", NUMBER["value"])


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def sent(casework: Casework, author: str, stream: str, **changes: Any) -> Record:
    given: dict[str, Any] = {"stream": stream, "to": (PSB,), "legal": "2026-03-05", **changes}
    return casework.world.event("referral.sent", author, **given)


def identity(record: Record) -> tuple[str, str]:
    envelope = Envelope.from_headers(record.headers)
    return envelope.source, envelope.id


async def shown(casework: Casework, agency: str, stream: str) -> list[str]:
    rows = await reads.history(casework.pool, agency, UUID(stream))
    return sorted(row["author"] for row in rows)


async def test_a_squatter_of_an_import_s_stream_keeps_its_own_events_and_gets_nothing(
    casework: Casework,
) -> None:
    squat = sent(casework, CITY, MINTED, to=())
    await casework(squat)
    assert (await casework.case(MINTED))["opener"] == CITY
    own = sent(casework, AMR, MINTED, data={"numbers": [NUMBER]})
    await casework(own)
    assert (await casework.case(MINTED))["opener"] == AMR
    assert await reads.case(casework.pool, CITY, UUID(MINTED)) is None
    assert await shown(casework, CITY, MINTED) == [CITY]
    # Its own event and the receipts of that it sees as before.
    assert await reads.event(casework.pool, CITY, *identity(squat)) is not None
    assert await reads.event(casework.pool, CITY, *identity(own)) is None
    for agency in (AMR, PSB):
        assert await reads.case(casework.pool, agency, UUID(MINTED)) is not None
        assert await reads.event(casework.pool, agency, *identity(own)) is not None
    items = await work.items(casework.pool, PSB, work.WorkFilter(True), after=None, limit=9)
    assert [str(item["stream"]) for item in items] == [MINTED]
    assert await work.items(casework.pool, CITY, work.WorkFilter(None), after=None, limit=9) == []
    before = (await casework.case(MINTED))["digest"]
    await casework.rebuild()
    assert (await casework.case(MINTED))["digest"] == before


async def test_a_work_item_of_a_procedure_opened_unasked_says_nothing_of_the_case(
    casework: Casework,
) -> None:
    stream = str(uuid4())
    await casework(sent(casework, AMR, stream, data={"numbers": [NUMBER]}))
    unasked = {"stream": stream, "legal": "2026-03-06"}
    await casework(casework.world.event("administrative_case.filed", CITY, **unasked))
    (item, *_) = await work.items(casework.pool, CITY, work.WorkFilter(None), after=None, limit=9)
    one = await work.item(casework.pool, CITY, item["key"])
    assert one is not None
    assert str(item["stream"]) == stream
    assert await reads.case(casework.pool, CITY, UUID(stream)) is None
    assert (item["numbers"], one["numbers"], one["opener"]) == (None, None, None)
    assert (item["case_view"], one["case_view"]) == (None, None)
    (own, *_) = await work.items(casework.pool, PSB, work.WorkFilter(None), after=None, limit=9)
    assert (own["numbers"], own["opener"]) == ([NUMBER], AMR)


async def test_a_finding_that_waits_says_no_numbers_to_a_stranger(casework: Casework) -> None:
    stream = str(uuid4())
    strange = casework.world.event("referral.judged", COURT, stream=stream, legal="2026-03-05")
    own = casework.world.event("referral.filed", PSB, stream=stream, legal="2026-03-05", to=(AMR,))
    await casework(sent(casework, AMR, stream, data={"numbers": [NUMBER]}), strange, own)
    told = {}
    for row in await casework.rows("select * from derived.finding where tell_after is not null"):
        due = DueItem(row["stream"], row["key"], row["kind"], row["tell_after"])
        async with casework.pool.acquire() as connection:
            found = await scheduling.tellable_finding(connection, due, NOW)
        assert found is not None
        told[found.view["event"]["source"]] = found.numbers
    assert told == {COURT: [], PSB: [NUMBER]}


async def test_who_opens_another_s_import_hears_nothing_of_it_and_hinders_no_summary(
    casework: Casework,
) -> None:
    about = str(uuid4())

    async def frame(word: str, author: str) -> None:
        data = {"import_id": about}
        await casework(
            casework.world.event(f"import.{word}", author, stream=about, data=data, importid=about)
        )

    await frame("opened", CITY)
    await frame("opened", AMR)
    stray = {"stream": str(uuid4()), "importid": about, "legal": "2011-05-06"}
    await casework(
        casework.world.event("referral.sent", AMR, to=(PSB,), **stray),
        casework.world.event("referral.judged", COURT, **stray),
    )
    await frame("closed", CITY)
    await frame("closed", AMR)
    signer = StatementSigner(casework.world.keys[BUS], SCHEMAS, lambda: NOW)
    await Imports(casework.pool, signer, HeldBarrier(), one_partition).ask()
    rows = await casework.rows("select value from own.outbox where type like '%summarised.v1'")
    said = {one["told"][0]: one for one in (SCHEMAS.decode(row["value"])[1] for row in rows)}
    assert (said[CITY]["events"], said[CITY]["found"]) == (0, [])
    assert said[AMR]["events"] == 1


async def one_partition() -> int:
    return 1
