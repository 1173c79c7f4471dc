"""Law on real tables and brokers: tried without a trace, refused, adopted, reinterpreted by."""

from __future__ import annotations

import asyncio
import datetime as dt
import hashlib
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.law import Law, LawError, loader
from onebox.testing import Stack
from operations.adoption import adopting
from operations.adoption.reinterpreting import Decision, reinterpret
from operations.adoption.trying import TrialPeriod, try_law
from storage.handles import Connection
from tests import case_events
from tests.case_events import ROOT
from tests.integration.casework import Casework, casework_on
from tests.integration.street import Bus, opened
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
FILES = loader.read(ROOT / "policies/law")
LAW = Law(FILES)
REFERRAL = "procedures/referral.yaml"
RECEIPT = "    from: [sent, forwarded]\n    to: receipted\n    by: [police]\n"
FORWARDED = "forwarded: {zh: 已转送, en: Forwarded}"
SINCE, UNTIL = dt.date(2026, 3, 1), dt.date(2026, 3, 31)
LATER = dt.datetime(2026, 9, 1, tzinfo=dt.UTC)
TABLES = """
select schemaname || '.' || tablename as name from pg_tables
where schemaname in ('derived', 'own') order by 1
"""


def changed(old: str, new: str) -> dict[str, bytes]:
    text = FILES[REFERRAL].decode()
    assert old in text
    return {**FILES, REFERRAL: text.replace(old, new, 1).encode()}


def written(folder: Path, files: dict[str, bytes]) -> Path:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(text)
    return folder


async def digests(casework: Casework) -> dict[str, str]:
    """Of every table, whatever the order of its rows."""
    found = {}
    for row in await casework.rows(TABLES):
        rows = await casework.rows(f"select t::text as line from {row['name']} t order by 1")
        text = "\n".join(one["line"] for one in rows)
        found[row["name"]] = hashlib.sha256(text.encode()).hexdigest()
    return found


async def referral(casework: Casework) -> str:
    stream, world = str(uuid4()), casework.world
    sent = world.event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-05")
    taken = world.event("referral.receipted", PSB, stream=stream, to=(AMR,), legal="2026-03-06")
    await casework(sent, taken)
    return stream


async def test_a_law_is_tried_over_history_and_no_table_changes(brokers: Stack) -> None:
    tried = Law(changed(RECEIPT, RECEIPT.replace("police", "court")))
    async with casework_on(brokers) as casework:
        stream = await referral(casework)
        await casework.keep_law(LAW)
        before = await digests(casework)
        async with casework.pool.acquire() as connection:
            asked = TrialPeriod(SINCE, UNTIL, tried)
            answer = (await try_law(connection, asked, SCHEMAS, LATER)).to_json()
            other = TrialPeriod(dt.date(2026, 4, 1), UNTIL, tried)
            nothing = (await try_law(connection, other, SCHEMAS, LATER)).to_json()
        assert await digests(casework) == before
    assert len(before) > 20
    assert (answer["cases"], answer["changed"], nothing["cases"]) == (1, 1, 0)
    assert answer["in_force"] == [case_events.LAW.digest]
    assert answer["law"] == tried.digest
    [item] = answer["items"]
    assert item["case"] == stream
    found = {one["kind"]: one for one in item["differences"]}
    moved = {"kind": "status", "what": "referral", "before": "receipted", "after": "sent"}
    assert found["status"] == moved
    assert found["finding"]["what"].startswith("no_standing of ")
    # What the police may not sign falls due unsigned.
    assert {"status", "finding", "clock", "breach"} == answer["counts"].keys()


async def test_the_transaction_of_a_trial_may_write_nothing(brokers: Stack) -> None:
    async with casework_on(brokers) as casework:
        await referral(casework)
        await casework.keep_law(LAW)
        seen: list[str] = []

        class Nosy:
            """A connection that tries to write once the trial has begun to read."""

            def __init__(self, connection: Connection) -> None:
                self._connection = connection

            def transaction(self, **options: Any) -> Any:
                return self._connection.transaction(**options)

            async def fetch(self, *given: Any) -> Any:
                seen.append(await self._connection.fetchval("show transaction_read_only"))
                return await self._connection.fetch(*given)

            async def fetchval(self, *given: Any) -> Any:
                return await self._connection.fetchval(*given)

        async with casework.pool.acquire() as connection:
            await try_law(
                cast("Connection", Nosy(connection)), TrialPeriod(SINCE, UNTIL, LAW), SCHEMAS, LATER
            )
    assert set(seen) == {"on"}


async def test_only_cases_of_a_division_are_asked(brokers: Stack) -> None:
    async with casework_on(brokers) as casework:
        await referral(casework)
        await casework.keep_law(LAW)
        async with casework.pool.acquire() as connection:
            asked = TrialPeriod(SINCE, UNTIL, LAW, "440000")
            assert (await try_law(connection, asked, SCHEMAS, LATER)).cases == 0
            with pytest.raises(CasebusError, match="unknown_division"):
                await try_law(connection, TrialPeriod(SINCE, UNTIL, LAW, "999999"), SCHEMAS, LATER)


def test_a_law_is_refused_adopted_and_reinterpreted_by(bus: Bus, tmp_path: Path) -> None:
    def show() -> dict[str, Any]:
        return asyncio.run(adopting.show(bus.admin))

    stream, _ = opened(bus)
    first = set(show()["in_force"].values())
    bad = written(tmp_path / "bad", changed("starts: [T04]", "starts: [T99]"))
    with pytest.raises(LawError, match=rf"{REFERRAL}: line \d+: .*T99"):
        asyncio.run(adopting.adopt(bus.admin, bad, "wang", "for once"))
    odd = written(tmp_path / "odd", changed("event: goods.released", "event: goods.freed"))
    with pytest.raises(LawError, match=rf"law_refused: {REFERRAL}: line \d+: goods.freed"):
        asyncio.run(adopting.adopt(bus.admin, odd, "wang", "for once"))
    assert set(show()["in_force"].values()) == first == {LAW.digest}

    files = changed(FORWARDED, FORWARDED.replace("Forwarded", "Passed on"))
    good = written(tmp_path / "good", files)
    done = asyncio.run(adopting.adopt(bus.admin, good, "wang.fang", "a new text"))
    assert done == {"digest": Law(files).digest, "previous": LAW.digest, "adopted": True}
    assert not asyncio.run(adopting.adopt(bus.admin, good, "wang.fang", "again"))["adopted"]
    shown = show()
    assert set(shown["in_force"].values()) == {done["digest"]}
    [since] = [one for one in shown["history"] if one["author"] == "wang.fang"]
    assert (since["reasons"], since["previous"]) == ("a new text", LAW.digest)
    assert sorted(since["partitions"]) == [0, 1, 2, 3]

    fresh, _ = opened(bus)
    assert bus.status(fresh, "sent")["law"] == done["digest"]
    # The cases that run are derived by it too, in the background.
    query = "select law from derived.case_state where stream = $1 and law = $2"
    bus.until(query, stream, done["digest"])
    now = dt.datetime.now(dt.UTC)
    with pytest.raises(CasebusError, match="same_law"):
        asyncio.run(reinterpret(bus.admin, Decision(stream, done["digest"], "again"), now))
    said = asyncio.run(reinterpret(bus.admin, Decision(stream, LAW.digest[:16], "as before"), now))
    assert said["law_before"] == done["digest"]
    # It was not forwarded: what that is called changes nothing here.
    assert said["state_before"] == said["state_after"]
    bus.until(query, stream, LAW.digest)
    with pytest.raises(CasebusError, match="law_unknown"):
        asyncio.run(reinterpret(bus.admin, Decision(stream, "f" * 64, "no"), now))

    back = asyncio.run(adopting.adopt(bus.admin, ROOT / "policies/law", "li.na", "the old one"))
    assert back["adopted"]
    again = asyncio.run(adopting.adopt(bus.admin, good, "wang.fang", "a new text"))
    assert again["adopted"]
    assert bus.verified().ok
