"""An adoption whose bundle is missing: its partition waits, visibly, and two things bring it on."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from casebus.errors import CasebusError
from casebus.events.doors import BUS
from casebus.events.envelope import Envelope
from casebus.trust.keys import SigningKey
from casebus.trust.signing import Draft
from onebox.testing import Stack
from operations.adoption import announcing
from storage import law as bundles
from storage import stalling
from storage.handles import Connection
from tests.case_events import LAW
from tests.integration.casework import Casework, casework_on
from tests.integration.test_casework_rules import OTHER_LAW, bus_says, sent
from tests.world import SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]


@pytest.fixture
async def casework(brokers: Stack) -> AsyncIterator[Casework]:
    async with casework_on(brokers) as casework:
        yield casework


def adoption(casework: Casework) -> tuple[Any, str]:
    record = bus_says(casework, "law.adopted", str(uuid4()), digest=OTHER_LAW.digest)
    return record, Envelope.from_headers(record.headers).id


def void(casework: Casework, adoption: str, author: str = BUS) -> Any:
    body = {"adoption": adoption, "digest": OTHER_LAW.digest}
    return casework.world.event("law.adoption_voided", author, stream=str(uuid4()), data=body)


async def law_of(casework: Casework, stream: str) -> str:
    return str((await casework.case(stream))["law"])


async def test_the_adoption_itself_waits_for_its_bundle(casework: Casework) -> None:
    """Not the first case after it: until then nothing would say that something is missing."""
    record, _ = adoption(casework)
    with pytest.raises(CasebusError, match="law_unknown"):
        await casework(record)
    assert (
        await casework.rows("select law from derived.journal_position where law is not null") == []
    )
    await casework.keep_law(OTHER_LAW)
    await casework.record(casework.log)
    [row] = await casework.rows("select law from derived.journal_position")
    assert row["law"] == OTHER_LAW.digest


async def test_a_voided_adoption_never_counted_in_every_rebuild_alike(casework: Casework) -> None:
    first, second = str(uuid4()), str(uuid4())
    record, named = adoption(casework)
    await casework(record, sent(casework, first), void(casework, named), sent(casework, second))
    query = "select stream, law, digest from derived.case_state order by stream"
    rows = await casework.rows(query)
    assert {row["law"] for row in rows} == {LAW.digest}
    # What is restored later does not make it count.
    await casework.keep_law(OTHER_LAW)
    await casework.rebuild()
    assert await casework.rows(query) == rows
    await casework.rebuild(at_once=True)
    assert await casework.rows(query) == rows


async def test_an_adoption_that_counts_is_not_voided(casework: Casework) -> None:
    stream = str(uuid4())
    await casework.keep_law(OTHER_LAW)
    record, named = adoption(casework)
    await casework(record, void(casework, named), sent(casework, stream))
    assert await law_of(casework, stream) == OTHER_LAW.digest
    assert not await stalling.is_voided(casework.pool, named)
    await casework.rebuild()
    assert await law_of(casework, stream) == OTHER_LAW.digest


async def test_only_the_bus_voids(casework: Casework) -> None:
    record, named = adoption(casework)
    foreign = void(casework, named, "cn-330106-psb")
    with pytest.raises(CasebusError):
        await casework(foreign)
    with pytest.raises(CasebusError, match="law_unknown"):
        await casework(record)


async def test_what_an_earlier_release_went_on_by_waits_and_is_voided(casework: Casework) -> None:
    """It recorded the adoption without the bundle, and left at the first case after it."""
    await casework.keep_law(OTHER_LAW)
    record, named = adoption(casework)
    await casework(record)
    await casework.pool.execute("delete from own.law_bundle where digest = $1", OTHER_LAW.digest)
    casework.restart()
    stream = str(uuid4())
    with pytest.raises(CasebusError, match="law_unknown") as raised:
        await casework(sent(casework, stream))
    assert raised.value.adoption == named  # type: ignore[attr-defined]
    await casework.renew()
    casework.context.laws.voided.add(named)
    await casework.record(casework.log[1:])
    assert await law_of(casework, stream) == LAW.digest


class Running:
    """The whole stack, one partition of which is told to derive by a law that nobody has."""

    def __init__(self, stack: Stack) -> None:
        self.stack, self.settings = stack, stack.settings("admin")
        self.partition = 0

    async def adopt(self, digest: str) -> None:
        stream = next(iter(announcing.streams(self.settings.installation_partitions)))
        body = {"digest": digest, "partition": self.partition}
        kind = "casebus.law.adopted.v1"
        envelope = Envelope(
            id=str(uuid4()),
            type=kind,
            source=BUS,
            subject=str(stream),
            time=(await self.now()),
            dataschema=SCHEMAS.latest(kind).uri,
        )
        draft = Draft(envelope, SCHEMAS.encode(kind, body))
        key = SigningKey.load(self.settings.bus_key)
        await asyncio.to_thread(announcing.say, self.settings, key, SCHEMAS, [draft])

    async def now(self) -> Any:
        return await self.value("select now()")

    async def value(self, query: str, *values: Any) -> Any:
        connection: Connection = await asyncpg.connect(self.stack.database_url)
        try:
            return await connection.fetchval(query, *values)
        finally:
            await connection.close()

    async def waits(self, count: int) -> None:
        deadline = time.monotonic() + 60
        while await self.value("select count(*) from own.stalled") != count:
            assert time.monotonic() < deadline, f"not {count} partitions wait"
            await asyncio.sleep(0.2)

    def said(self, *words: str) -> Any:
        home = ["--home", str(self.stack.options.home), "--json"]
        done = CliRunner().invoke(main, [*words, *home])
        return json.loads(done.stdout)

    def ready(self) -> Any:
        return httpx.get(f"{self.stack.probe_url}/readyz").json()["checks"]["derived"]


async def test_a_partition_that_waits_says_so_and_is_brought_on(stack: Stack) -> None:
    running = Running(stack)
    pid = stack.pid("casework")
    # A bundle that is restored.
    await running.adopt(OTHER_LAW.digest)
    await running.waits(1)
    assert await asyncio.to_thread(running.ready) == "failing"
    [line] = (await asyncio.to_thread(running.said, "status"))["stalled"]
    assert OTHER_LAW.digest in line
    checks = await asyncio.to_thread(running.said, "doctor")
    assert {one["verdict"] for one in checks if one["name"] == "law bundles"} == {"wrong"}
    connection: Connection = await asyncpg.connect(stack.database_url)
    await bundles.keep_bundle(connection, OTHER_LAW.digest, OTHER_LAW.bundle())
    await connection.close()
    await running.waits(0)
    law = "select law from derived.journal_position where partition = 0"
    assert await running.value(law) == OTHER_LAW.digest
    # One that nobody has, as an attacker would invent it.
    await running.adopt("00" * 32)
    await running.waits(1)
    words = ("law", "void", "--author", "op-1", "--reason", "erfunden")
    [said] = (await asyncio.to_thread(running.said, *words))["voided"]
    assert said["digest"] == "00" * 32
    await running.waits(0)
    assert await running.value(law) == OTHER_LAW.digest
    assert await asyncio.to_thread(running.ready) == "ok"
    # It waited where it was: nothing left and was started again.
    assert stack.pid("casework") == pid
    # The tests after this one go on by the law that was there.
    await running.adopt(announcing.digest_of(running.settings.policies_dir))
