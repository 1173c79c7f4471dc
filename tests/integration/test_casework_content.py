"""Nothing that the front door lets through may stop casework (design rule 11)."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.envelope import Record
from onebox.testing import Stack
from storage.packing import unpack_headers
from tests.integration.casework import Casework, casework_on
from tests.world import World, with_headers

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
STREAM = str(uuid4())
#: Longer than an index row of PostgreSQL, and nothing that it could compress.
LONG = "".join(map(chr, random.Random(7).choices(range(0x4E00, 0x9FA5), k=5_000)))
NOISE = "".join(random.Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=5_000))
NUL = "杭\x00西"


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def sent(world: World, **changes: object) -> Record:
    given: dict[str, Any] = {"stream": STREAM, "to": (PSB,), "legal": "2026-03-05", **changes}
    return world.event("referral.sent", given.pop("source", AMR), **given)


def opened(world: World, **body: str) -> Record:
    data = {"agency": PSB, "event_source": AMR, "event_id": "x", **body}
    return world.event("intake.opened", PSB, stream=STREAM, data=data)


def timed(world: World, moment: str) -> Record:
    """By the author's clock alone."""
    return sent(world, legal=None, time=datetime.fromisoformat(moment))


def numbered(kind: str, value: str) -> Callable[[World], Record]:
    return lambda world: sent(world, data={"numbers": [{"kind": kind, "value": value}]})


NASTY: dict[str, Callable[[World], Record]] = {
    "the first day that is a legal date": lambda world: sent(world, legal="1949-01-01"),
    "the last day of the calendar": lambda world: sent(world, legal="9999-12-31"),
    "a clock at the first moment there is": lambda world: timed(world, "0001-01-01T00:00:00+00:00"),
    "a clock at the last moment there is": lambda world: timed(world, "9999-12-31T23:59:59+00:00"),
    "the longest id and source": lambda world: sent(
        world, id=LONG[:340], source=f"{AMR}/{NOISE[:1000]}", causationid=(LONG[:340],)
    ),
    "a number longer than an index row": numbered("letter_no", LONG),
    "a number of control characters": numbered("letter_no", NUL),
    "a kind of number that no table takes": numbered(NUL, "7"),
    "a kind of number longer than an index row": numbered(LONG, "7"),
    "an opening of an id that no table takes": lambda world: opened(world, event_id=NUL),
    "an opening of a source that no table takes": lambda world: opened(world, event_source=NUL),
    "an opening of an id longer than an index row": lambda world: opened(world, event_id=LONG),
    "text that no table takes": lambda world: sent(world, data={"title": NUL, "facts": NUL}),
}


@pytest.mark.parametrize("what", NASTY)
async def test_content_that_no_table_takes_stops_nothing(casework: Casework, what: str) -> None:
    await casework(NASTY[what](casework.world))
    await casework(sent(casework.world))
    assert (await casework.case(STREAM))["status"] == "sent"


async def test_a_case_event_under_the_id_of_an_event_that_was_none_is_a_conflict(
    casework: Casework,
) -> None:
    opening = casework.world.event("import.opened", AMR, stream=STREAM, id="same")
    await casework(opening)
    casework.restart()
    noted = casework.world.event("case.noted", AMR, stream=STREAM, id="same", legal="2026-03-05")
    await casework(noted)
    await casework(sent(casework.world))
    row = await casework.case(STREAM)
    assert row["status"] == "sent"
    assert "id_conflict" in {one["kind"] for one in row["view"]["findings"]}


REJECTED: dict[str, dict[str, bytes]] = {
    "an id longer than an index row": {"ce_id": LONG.encode()},
    "a source longer than an index row": {"ce_source": f"{AMR}/{NOISE}".encode()},
    "an agency longer than an index row": {"ce_source": NOISE.encode()},
    "headers that are no UTF-8": {"ce_id": b"\xff\x00", "ce_subject": b"\xff"},
}


@pytest.mark.parametrize("what", REJECTED)
async def test_what_was_rejected_is_kept_whatever_it_says(casework: Casework, what: str) -> None:
    record = with_headers(sent(casework.world), **REJECTED[what])
    await casework.reject(record, "malformed_headers")
    [row] = await casework.rows("select value, headers from own.rejected")
    assert row["value"] == record.value
    assert set(REJECTED[what].items()) <= set(unpack_headers(row["headers"]))
