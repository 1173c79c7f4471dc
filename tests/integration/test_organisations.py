"""What cases of one organisation are told of each other: real tables, casework and scheduler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.settings import Settings
from onebox.testing import Stack
from services.scheduler.disclosure import Disclosure
from services.scheduler.fakes import HeldBarrier
from services.scheduler.organisations import Organisations
from services.scheduler.statements import StatementSigner
from storage.packing import unpack_headers
from tests.integration.casework import Casework, casework_on
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

TELLING = Disclosure.load(Settings().policies_dir)
AMR, OTHER_AMR = "cn-330106-amr", "cn-330100-amr"
USCC = "91330106MA2TEX7081"
SELLER = {"role": "SUSPECT", "organisation": {"name": "某公司", "uscc_raw": USCC}}


class Office:
    """Casework, and the scheduler that asks across its cases."""

    def __init__(self, casework: Casework, disclosure: Disclosure = TELLING) -> None:
        self.casework, self.world, self.barrier = casework, casework.world, HeldBarrier()
        signer = StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: NOW)
        self.organisations = Organisations(
            casework.pool, signer, self.barrier, _one, disclosure=disclosure, now=lambda: NOW
        )

    async def seizure(
        self, stream: str, agency: str, day: str, yuan: int, offence: str = "214"
    ) -> None:
        await self.casework(
            self.world.event(
                "goods.seized",
                agency,
                stream=stream,
                legal=day,
                data={
                    "offence": offence,
                    "parties": [SELLER],
                    "goods_value": {"fen": yuan * 100},
                    "acts_from": day,
                    "acts_to": day,
                },
            )
        )

    async def penalty(self, stream: str, agency: str, day: str) -> str:
        record = self.world.event(
            "penalty.decided",
            agency,
            stream=stream,
            legal=day,
            data={
                "offence": "214",
                "parties": [SELLER],
                "decided_on": day,
                "decision_no": "杭市监处罚〔2025〕1号",
            },
        )
        await self.casework(record)
        return dict(record.headers)["ce_id"].decode()

    async def ask(self) -> list[dict[str, Any]]:
        """Let the scheduler ask; the answers go through the front door as the relay sends them."""
        before = await self._answers()
        while await self.organisations.ask():
            pass
        fresh = (await self._answers())[len(before) :]
        for row in fresh:
            headers = unpack_headers(row["headers"])
            await self.casework(Record(str(row["aggregateid"]).encode(), row["value"], headers))
        return [
            {
                **SCHEMAS.decode(row["value"])[1],
                "stream": str(row["aggregateid"]),
                "to": dict(unpack_headers(row["headers"]))["ce_to"].decode(),
            }
            for row in fresh
        ]

    async def verdict(self, stream: str) -> str:
        case = await self.casework.case(stream)
        return str(case["view"]["assessments"][-1]["verdict"])

    async def _answers(self) -> list[Any]:
        return await self.casework.rows(
            "select * from own.outbox where type like '%prior_sanctions%' order by id"
        )


async def _one() -> int:
    return 1


@pytest.fixture
async def office(brokers: Stack) -> AsyncIterator[Office]:
    async with casework_on(brokers) as casework:
        yield Office(casework)


async def test_a_penalty_of_another_agency_makes_the_next_act_a_repeat(office: Office) -> None:
    ours, theirs = str(uuid4()), str(uuid4())
    await office.seizure(ours, AMR, "2026-03-02", 90_000)
    assert await office.ask() == []
    assert await office.verdict(ours) == "WATCH"
    penalty = await office.penalty(theirs, OTHER_AMR, "2025-05-05")
    [answer] = await office.ask()
    assert (answer["stream"], answer["to"], answer["uscc"]) == (ours, AMR, USCC)
    [sanction] = answer["sanctions"]
    assert (sanction["source"], sanction["number"]) == (OTHER_AMR, "杭市监处罚〔2025〕1号")
    # What makes a repeat, and neither case nor event.
    assert theirs not in str(answer)
    assert penalty not in str(answer)
    assert (answer["revision"], answer["unpunished"]) == (1, [])
    assert await office.verdict(ours) == "MUST_TRANSFER"
    assert await office.ask() == []
    assert office.barrier.partitions


async def test_a_later_sanction_is_asked_about_anew(office: Office) -> None:
    ours = str(uuid4())
    await office.penalty(str(uuid4()), OTHER_AMR, "2025-05-05")
    await office.seizure(ours, AMR, "2026-03-02", 10_000)
    [first] = await office.ask()
    second = str(uuid4())
    await office.penalty(second, OTHER_AMR, "2025-08-08")
    [answer] = await office.ask()
    assert (first["revision"], answer["revision"]) == (1, 2)
    assert [one["decided_on"] for one in answer["sanctions"]] == ["2025-08-08", "2025-05-05"]
    annulled = {"decision_no": "杭市监处罚〔2025〕1号"}
    await office.casework(
        office.world.event("penalty.annulled", OTHER_AMR, stream=second, data=annulled)
    )
    [last] = await office.ask()
    assert (last["revision"], len(last["sanctions"])) == (3, 1)


@pytest.mark.parametrize(
    ("decided", "day", "counts"),
    [
        ("2024-03-02", "2026-03-02", True),
        ("2024-03-01", "2026-03-02", False),
        ("2026-03-02", "2026-03-02", False),
    ],
)
async def test_a_punishment_counts_for_two_years(
    office: Office, decided: str, day: str, counts: bool
) -> None:
    ours = str(uuid4())
    await office.seizure(ours, AMR, day, 90_000)
    await office.penalty(str(uuid4()), OTHER_AMR, decided)
    assert bool(await office.ask()) is counts
    assert (await office.verdict(ours) == "MUST_TRANSFER") is counts


async def test_unpunished_acts_in_two_cases_add_up_in_both(office: Office) -> None:
    ours, theirs = str(uuid4()), str(uuid4())
    await office.seizure(ours, AMR, "2026-03-02", 80_000)
    await office.seizure(theirs, OTHER_AMR, "2026-02-02", 70_000)
    answers = await office.ask()
    assert {one["stream"]: one["to"] for one in answers} == {ours: AMR, theirs: OTHER_AMR}
    assert {await office.verdict(one) for one in (ours, theirs)} == {"MUST_TRANSFER"}
    # Once the other acts are punished they are added no more: they make a repeat instead, but of
    # acts that came before.
    await office.penalty(theirs, OTHER_AMR, "2026-03-03")
    [answer] = [one for one in await office.ask() if one["stream"] == ours]
    assert (answer["unpunished"], answer["sanctions"]) == ([], [])
    assert await office.verdict(ours) == "WATCH"


@pytest.mark.parametrize(
    ("withheld", "told"), [(TELLING.withheld, False), ((), True)], ids=["as it is", "without"]
)
async def test_acts_of_a_family_that_the_law_keeps_secret_are_told_to_no_other_case(
    brokers: Stack, withheld: Any, told: bool
) -> None:
    async with casework_on(brokers) as casework:
        office = Office(casework, TELLING._replace(withheld=withheld))
        await office.seizure(str(uuid4()), AMR, "2026-03-02", 80_000, offence="219")
        await office.seizure(str(uuid4()), OTHER_AMR, "2026-02-02", 70_000, offence="219")
        assert bool(await office.ask()) is told


async def test_a_rebuild_says_the_same_and_answers_nothing_twice(office: Office) -> None:
    ours = str(uuid4())
    await office.seizure(ours, AMR, "2026-03-02", 90_000)
    await office.penalty(str(uuid4()), OTHER_AMR, "2025-05-05")
    assert len(await office.ask()) == 1
    digest = (await office.casework.case(ours))["digest"]
    await office.casework.rebuild()
    assert (await office.casework.case(ours))["digest"] == digest
    assert await office.ask() == []
    assert await office.verdict(ours) == "MUST_TRANSFER"


async def test_another_organisation_is_told_nothing(office: Office) -> None:
    await office.seizure(str(uuid4()), AMR, "2026-03-02", 90_000)
    other = {**SELLER, "organisation": {"name": "另一公司", "uscc_raw": "91110000600037341L"}}
    data = {"offence": "214", "parties": [other], "decided_on": "2025-05-05"}
    await office.casework(office.world.event("penalty.decided", OTHER_AMR, data=data))
    assert await office.ask() == []
