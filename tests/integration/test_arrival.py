"""In whatever order and batches a case's events arrive, the tables end with the same rows."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import orjson
import pytest

from casebus.events.envelope import Record
from onebox.testing import Stack
from storage.packing import unpack_headers
from tests.integration.casework import Casework, casework_on

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro", "cn-330106-court"
RIGHT = {"kind": "TRADEMARK", "number": "1234567", "title": "湖山"}
SELLER = {"role": "SUSPECT", "name": "某公司", "organisation": {"uscc": "91330106MA2XXXXX0T"}}
LETTER = {"numbers": [{"kind": "letter_no", "value": "移1号"}]}
DOCKET = {"numbers": [{"kind": "docket", "value": "接7号"}]}
HANDED, RECEIVED = ({"goods": [{"name": "包", **one}]} for one in ({"listed": 3}, {"received": 2}))
CORRECTION = {
    "corrected_source": AMR,
    "corrected_id": "0",
    "changes": {"$legaltime": '"2026-02-26"', "rights.0.kind": '"COPYRIGHT"'},
}
Step = tuple[str, str, str, tuple[str, ...], dict[str, Any]]
#: (author, event, day, recipients, body): two openings of one agency, and who joins by them.
STEPS: list[Step] = [
    (AMR, "administrative_case.filed", "2026-02-27", (), {"rights": [RIGHT]}),
    (AMR, "referral.proposed", "2026-03-02", (), {}),
    (AMR, "referral.approved", "2026-03-03", (), {}),
    (AMR, "referral.sent", "2026-03-03", (PSB, PRO), {"suspects": [SELLER], **LETTER}),
    (PSB, "referral.receipted", "2026-03-03", (AMR,), {}),
    (PSB, "referral.accepted", "2026-03-03", (AMR,), DOCKET),
    (PSB, "referral.filed", "2026-03-04", (AMR, PRO), {}),
    (AMR, "case.corrected", "2026-03-04", (), CORRECTION),
    (AMR, "referral.goods_handed_over", "2026-03-04", (PSB,), HANDED),
    (PSB, "referral.goods_received", "2026-03-05", (AMR,), RECEIVED),
    (COURT, "case.noted", "2026-03-05", (AMR,), {"note": "外人"}),
]
#: Columns that say when, where in the journal and how often, which is what an order of arrival is.
_OF_ARRIVAL = {"version", "updated_at", "digest", "recorded_at", "revision", "recipients"}
TABLES = ("case_state", "side_region", "clock", "work_item", "finding", "number", "trait", "party",
          "punished", "act", "right_said", "right_use", "fact", "title")  # fmt: skip


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def is_settled(row: dict[str, Any]) -> bool:
    """What the bus said on the way stays in the journal, and is no matter of the case."""
    return row.get("author") != "bus"


def without_the_way(row: dict[str, Any]) -> dict[str, Any]:
    shown = {name: value for name, value in row.items() if name not in _OF_ARRIVAL}
    if "order" in (view := row.get("view") or {}):
        order = [one for one in view["order"] if not one["source"].startswith("bus")]
        shown["view"] = view | {"order": order}
    return shown


def letters(casework: Casework, steps: list[Step]) -> list[Record]:
    stream = str(uuid4())
    return [
        casework.world.event(name, author, id=f"{at}", stream=stream, to=to, legal=day, data=data)
        for at, (author, name, day, to, data) in enumerate(steps)
    ]


async def shown(casework: Casework) -> dict[str, list[bytes]]:
    """Every row of every table that shows cases, but for what an order of arrival itself is."""
    found = {}
    for table in TABLES:
        # Of facts what is known in the end: each reading on the way has a row of its own.
        place = f"{table}" if table != "fact" else "known_fact('infinity')"
        query = f"select * from derived.{place}"
        rows = [dict(row) for row in await casework.rows(query)]
        found[table] = sorted(
            orjson.dumps(without_the_way(row), default=str, option=orjson.OPT_SORT_KEYS)
            for row in rows
            if is_settled(row)
        )
    return found


async def arrive(casework: Casework, records: list[Record], batch: int) -> dict[str, list[bytes]]:
    """Recorded anew, so many at once, with what the bus had to say of each batch."""
    tables = await casework.rows("select tablename from pg_tables where schemaname = 'derived'")
    names = ", ".join(f"derived.{row['tablename']}" for row in tables)
    await casework.pool.execute(f"truncate {names}")
    await casework.pool.execute("truncate own.outbox, own.spoken")
    casework.log.clear()
    casework.restart()
    for at in range(0, len(records), batch):
        await casework(*records[at : at + batch])
        await hear(casework)
    return await shown(casework)


async def hear(casework: Casework) -> None:
    """Journal what the bus has said, and what it says of that, until it is at rest."""
    heard = 0
    while rows := await casework.rows("select * from own.outbox where id > $1 order by id", heard):
        heard = rows[-1]["id"]
        for row in rows:
            headers = unpack_headers(row["headers"])
            await casework(Record(str(row["aggregateid"]).encode(), row["value"], headers))


@pytest.mark.parametrize("batch", [1, 4])
@pytest.mark.parametrize("steps", [STEPS, STEPS[:-2]], ids=["found", "nothing found"])
async def test_rows_do_not_depend_on_the_order_of_arrival(
    casework: Casework, steps: list[Step], batch: int
) -> None:
    records = letters(casework, steps)
    wanted = await arrive(casework, records, 1)
    assert wanted["number"]
    assert wanted["trait"]
    for seed in range(5):
        mixed = random.Random(seed).sample(records, len(records))
        assert await arrive(casework, mixed, batch) == wanted, f"seed {seed}"
