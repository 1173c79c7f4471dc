"""A dry run of a redrive says what the door would say, and the door then says the same (ADR 60)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import httpx
import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Record
from casebus.events.topics import ADMIN
from onebox.testing import Stack
from tests.integration.casework import Casework, casework_on
from tests.integration.worlds import Hidden, TwinWorld
from tests.world import with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


@pytest.fixture
async def operator(casework: Casework) -> AsyncIterator[httpx.AsyncClient]:
    async with TwinWorld(casework, Hidden()).client(ADMIN) as (client, _):
        yield client


def own(casework: Casework, **changes: Any) -> Record:
    given: dict[str, Any] = {"to": (PSB,), "legal": "2026-03-05", "stream": str(uuid4()), **changes}
    return casework.world.event("referral.sent", AMR, **given)


async def refused(casework: Casework, record: Record, reason: str = "unknown_key") -> str:
    await casework.reject(record, reason)
    return f"0-{len(casework.refused) - 1}"


async def planned(client: httpx.AsyncClient, *places: str) -> list[dict[str, Any]]:
    answer = await client.post("/v1/redrives", json={"places": places, "dry_run": True})
    assert answer.status_code == 200, answer.text
    assert answer.json()["redrive"] is None
    return list(answer.json()["records"])


async def door(casework: Casework, record: Record) -> str:
    """What admission says of the record; empty where it takes it."""
    try:
        casework.journaled(record)
    except CasebusError as error:
        return error.code
    return ""


async def test_a_dry_run_says_what_the_door_then_says(
    casework: Casework, operator: httpx.AsyncClient
) -> None:
    stranger = own(casework)
    spoiled = with_headers(stranger, ce_legaltime=b"2026-03-01")
    unsigned = replace(
        stranger, headers=tuple(one for one in stranger.headers if one[0] != "ce_signature")
    )
    said = {"bad_signature": spoiled, "unsigned": unsigned, "": own(casework)}
    places = [await refused(casework, record) for record in said.values()]
    rows = await planned(operator, *places)
    assert {row["obstacle"] for row in rows} == {""}
    for row, (reason, record) in zip(rows, said.items(), strict=True):
        judgement = row["judgement"]
        assert (judgement["admitted"], judgement["reason"]) == (not reason, reason)
        assert await door(casework, record) == reason


async def test_it_says_whom_an_event_would_not_reach(
    casework: Casework, operator: httpx.AsyncClient
) -> None:
    place = await refused(casework, own(casework, to=(PSB, "cn-000000-nobody")))
    [row] = await planned(operator, place)
    assert row["judgement"]["unreached"] == ["cn-000000-nobody"]
    assert row["judgement"]["flags"] == ["unknown_recipient"]


async def test_of_what_is_journaled_or_not_kept_it_says_nothing_and_it_keeps_nothing(
    casework: Casework, operator: httpx.AsyncClient
) -> None:
    taken = own(casework)
    await casework(taken)
    places = [await refused(casework, one) for one in (taken, own(casework))]
    await casework.pool.execute("update own.rejected set value = null where kafka_offset = 1")
    rows = await planned(operator, *places)
    assert [row["obstacle"] for row in rows] == ["journaled", "not_kept"]
    assert [row["judgement"] for row in rows] == [None, None]
    assert await casework.rows("select from own.redrive") == []


async def test_an_agency_hears_it_of_what_its_own_key_signed(casework: Casework) -> None:
    place = await refused(casework, own(casework))
    async with TwinWorld(casework, Hidden()).client(AMR) as (client, _):
        [row] = await planned(client, place)
        assert row["judgement"]["admitted"]
    async with TwinWorld(casework, Hidden()).client(PSB) as (client, _):
        answer = await client.post("/v1/redrives", json={"places": [place], "dry_run": True})
        assert answer.json()["code"] == "not_found"
