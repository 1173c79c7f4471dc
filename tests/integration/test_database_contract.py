"""The database in memory cannot lie: the same cases, and the same rows, as PostgreSQL has."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.envelope import Envelope, Record
from onebox.testing import Stack
from storage.fakes import MemoryDatabase
from tests.database_contract import CASES
from tests.integration.casework import Casework, casework_on
from tests.world import World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB = "cn-330106-amr", "cn-330106-psb"
#: What each database says by its own clock or counts by its own numbers.
_OWN = frozenset({"id", "number", "created_at", "sent_at", "tried_at"})


async def test_postgresql_answers_as_memory_does(brokers: Stack) -> None:
    async with casework_on(brokers) as casework:
        for one in CASES:
            await one(casework)


async def test_casework_leaves_the_same_rows_in_memory_as_in_postgresql(brokers: Stack) -> None:
    memory = MemoryDatabase()
    async with casework_on(brokers) as real:
        faked = Casework(memory.pool)
        faked.world = real.world
        faked.restart()
        for batch in played(real.world):
            at = len(real.log)
            await real(*batch)
            await faked.record(real.log[at:])
            real.now = faked.now = real.now + timedelta(days=20)
        tables = [name for name in memory.tables if name.startswith(("derived.", "own.o"))]
        assert len(tables) > 12
        for table in tables:
            rows = await real.rows(f"select * from {table}")
            known = set(memory.tables[table][0])
            assert plain(rows, known) == plain(memory.tables[table], known), table


def played(world: World) -> Iterator[list[Record]]:
    """A referral with what casework keeps of one: numbers, work, clocks, hand-overs, a copy."""
    stream = str(uuid4())
    rights = [{"kind": "TRADEMARK", "number": "12345678", "title": "翠屿"}]
    about = {"numbers": [{"kind": "letter_no", "value": "7"}], "rights": rights, "title": "假冒"}

    def say(name: str, source: str, day: str, *to: str, **data: Any) -> Record:
        return world.event(name, source, stream=stream, legal=day, to=to, data=data)

    sent = say("referral.sent", AMR, "2026-03-05", PSB, **about)
    identity = Envelope.from_headers(sent.headers)
    event = {"event_source": AMR, "event_id": identity.id, "event_type": identity.type}
    yield [sent]
    yield [
        say("intake.received", PSB, "2026-03-05", agency=PSB, **event),
        say("referral.receipted", PSB, "2026-03-06", AMR),
        say("case.noted", AMR, "2026-03-06", note="一"),
        sent,
    ]
    yield [say("referral.filed", PSB, "2026-03-09", AMR)]


def plain(rows: Iterable[Mapping[str, Any]], known: set[str]) -> list[str]:
    """The columns that both have, in no order."""
    shown = [{name: _plain(row[name]) for name in known - _OWN} for row in rows]
    return sorted(json.dumps(one, sort_keys=True, default=str) for one in shown)


def _plain(value: Any) -> Any:
    return value.astimezone(UTC) if isinstance(value, datetime) else value
