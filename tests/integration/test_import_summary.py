"""A closed import is summarised once, in its own stream, before whoever imported it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.doors import BUS
from onebox.testing import Stack
from services.scheduler.fakes import HeldBarrier
from services.scheduler.imports import Imports
from services.scheduler.statements import StatementSigner
from tests.integration.casework import Casework, casework_on
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, PSB, COURT = "cn-330106-amr", "cn-330106-psb", "cn-330106-court"


class History:
    """One import by AMR of cases in which the court speaks without a part."""

    def __init__(self, casework: Casework) -> None:
        self.casework, self.id = casework, str(uuid4())
        signer = StatementSigner(casework.world.keys[BUS], SCHEMAS, lambda: NOW)
        self._imports = Imports(casework.pool, signer, HeldBarrier(), _one)

    async def frame(self, word: str, author: str = AMR, **said: Any) -> None:
        data = {"import_id": self.id, **said}
        record = self.casework.world.event(
            f"import.{word}", author, stream=self.id, data=data, importid=self.id
        )
        await self.casework(record)

    async def case(self, day: str = "2011-05-06") -> str:
        stream, world = str(uuid4()), self.casework.world
        about = {"stream": stream, "importid": self.id}
        await self.casework(
            world.event("referral.sent", AMR, to=(PSB,), legal=day, **about),
            world.event("referral.judged", COURT, legal=day, **about),
            world.event("referral.filed", PSB, legal=day, to=(AMR,), **about),
        )
        return stream

    async def summaries(self) -> list[dict[str, Any]]:
        await self._imports.ask()
        rows = await self.casework.rows(
            "select value from own.outbox where type = 'casebus.import.summarised.v1' order by id"
        )
        return [SCHEMAS.decode(row["value"])[1] for row in rows]


async def _one() -> int:
    return 1


@pytest.fixture
async def history(brokers: Stack) -> AsyncIterator[History]:
    async with casework_on(brokers) as casework:
        yield History(casework)


async def test_it_counts_by_kind_with_examples_and_is_told_to_who_imported(
    history: History,
) -> None:
    await history.frame("opened")
    streams = [await history.case() for _ in range(7)]
    assert await history.summaries() == []
    await history.frame("closed", events=21)
    [said] = await history.summaries()
    assert (said["import_id"], said["cases"], said["told"]) == (history.id, 7, [AMR])
    by_kind = {(one["kind"], one["event_type"]): one for one in said["found"]}
    strangers = by_kind["no_standing", "referral.judged"]
    assert (strangers["count"], len(strangers["examples"])) == (7, 5)
    assert [one["stream"] for one in strangers["examples"]] == streams[:5]
    assert {one["source"] for one in strangers["examples"]} == {COURT}
    assert by_kind["out_of_procedure", "referral.filed"]["count"] == 7


async def test_nothing_of_history_is_told_or_shown_as_a_finding(history: History) -> None:
    await history.frame("opened")
    await history.case()
    assert await history.casework.rows("select * from derived.finding") == []
    assert await history.casework.said() == []


async def test_it_is_said_once_a_closing_whatever_is_rebuilt(history: History) -> None:
    await history.frame("opened")
    await history.case()
    await history.frame("closed", file_digest="a")
    assert len(await history.summaries()) == 1
    await history.casework.rebuild()
    assert len(await history.summaries()) == 1
    # The log grew, and was loaded again.
    await history.case()
    await history.frame("closed", file_digest="b")
    first, second = await history.summaries()
    assert (first["cases"], second["cases"]) == (1, 2)


async def test_who_did_not_open_an_import_is_told_nothing_of_it(history: History) -> None:
    await history.frame("opened")
    await history.case()
    await history.frame("closed", PSB)
    assert await history.summaries() == []
