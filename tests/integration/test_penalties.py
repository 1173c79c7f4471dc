"""Published penalties on real tables: what the bus has, what it asks, and what closes by itself."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest

from casebus.cases.listed import QUESTION, Listed, PenaltyEntryRules, question_stream
from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.kafka.fakes import KnownDirectory
from casebus.settings import Settings
from casebus.trust.keys import SigningKey
from gateway.app import create_app
from gateway.identity.keys import digest
from onebox.testing import Stack
from services.scheduler.fakes import HeldBarrier
from services.scheduler.penalties import Penalties
from services.scheduler.statements import StatementSigner
from storage import penalties, submissions
from storage.packing import unpack_headers
from storage.penalties import Sought
from tests.integration.casework import Casework, casework_on
from tests.integration.worlds import replace_paths
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

SUP, OTHER_SUP = "cn-330100-sup", "cn-440100-sup"
PRO = "cn-330106-pro"
AMR, OTHER_AMR = "cn-330106-amr", "cn-330100-amr"
FILED = "administrative_case.filed"
NUMBER, TYPED = "杭西市监罚〔2026〕7号", "杭西市监罚（2026） ７号"
USCC = "91330106MA2TEX7081"
PARTY = {"organisation": {"name": "杭州市西湖区茗汇茶叶店", "uscc_raw": USCC}}
ASKING = PenaltyEntryRules.load(Path("policies"))


class Desks:
    """Casework, and the scheduler that looks for what was asked."""

    def __init__(self, casework: Casework) -> None:
        self.casework, self.world = casework, casework.world
        for agency, division in ((SUP, "330100"), (OTHER_SUP, "440100")):
            self._register(agency, division)
        signer = StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: NOW)
        self.barrier = HeldBarrier()
        self.penalties = Penalties(
            casework.pool,
            signer,
            self.barrier,
            _one,
            directory=self.world.directory,
            asking=ASKING,
        )

    async def say(self, name: str, agency: str, stream: str, **more: Any) -> None:
        to, day = more.pop("to", ()), more.pop("on", "2026-03-02")
        event = self.world.event(name, agency, stream=stream, legal=day, to=to, data=more)
        await self.casework(event)

    async def ask(self, listed: Listed, asker: str = SUP) -> str:
        """As `casebus penalties ask` does; the question's stream."""
        known = listed.known()
        assert known is not None
        question = listed.question(known)
        stream = question_stream(asker, question)
        numbers = [{"kind": QUESTION, "value": question}]
        await self.say("penalty_entry.asked", asker, stream, to=(listed.office,), numbers=numbers)
        return stream

    async def enter(self, agency: str = AMR, number: str = NUMBER, **more: Any) -> str:
        stream = str(uuid4())
        numbers = [{"kind": "penalty_no", "value": number}] if number else []
        name = more.pop("name", "penalty.decided")
        await self.say(name, agency, stream, numbers=numbers, **more)
        return stream

    async def look(self) -> list[dict[str, Any]]:
        """Let the scheduler look; what it says goes through the front door as it would be sent."""
        before = await self._said()
        while await self.penalties.ask():
            pass
        fresh = (await self._said())[len(before) :]
        for row in fresh:
            headers = unpack_headers(row["headers"])
            await self.casework(Record(str(row["aggregateid"]).encode(), row["value"], headers))
        return [SCHEMAS.decode(row["value"])[1] | {"at": str(row["aggregateid"])} for row in fresh]

    async def status(self, stream: str) -> str:
        return str((await self.casework.case(stream))["status"])

    async def has(self, listed: Listed, asker: str = SUP) -> bool:
        known = listed.known()
        assert known is not None
        sought = [Sought(asker, listed.office, known)]
        return bool(await penalties.entered(self.casework.pool, sought, ASKING.penalties))

    async def _said(self) -> list[Any]:
        return await self.casework.rows(
            "select * from own.outbox where source = 'bus/scheduler' order by id"
        )

    @asynccontextmanager
    async def gateway(self, agency: str = SUP) -> AsyncIterator[httpx.AsyncClient]:
        """The gateway's own application, asked by one agency; what is not there is Kafka."""
        app = create_app(replace_paths(Settings(database_url=self.casework.url)))
        context = app.state.gateway
        context.reader, context.now = KnownDirectory(self.world.directory), lambda: NOW
        await submissions.add_key(self.casework.pool, digest(agency), agency, "test")
        headers = {"Authorization": f"Bearer {agency}"}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://gateway", headers=headers
        ) as client:
            try:
                yield client
            finally:
                await (await context.database()).close()

    def _register(self, agency: str, division: str) -> None:
        entry = {"agency": agency, "name": agency, "sector": "supervision", "level": "city"}
        more = {"division": division, "superior": "", "delivery": "hosted"}
        self.world.say("directory.agency_registered", **entry, **more)
        self.world.keys[agency] = SigningKey.generate()
        self.world.add_key(agency, self.world.keys[agency])


async def _one() -> int:
    return 1


@pytest.fixture
async def desks(brokers: Stack) -> AsyncIterator[Desks]:
    async with casework_on(brokers) as casework:
        yield Desks(casework)


async def test_a_question_closes_by_itself_when_the_office_enters_the_case(desks: Desks) -> None:
    stream = await desks.ask(Listed(office=AMR, number=TYPED))
    assert (await desks.look(), await desks.status(stream)) == ([], "asked")
    await desks.enter()
    [said] = await desks.look()
    assert (said["at"], said["found_by"], said["told"]) == (stream, "NUMBER", [SUP, AMR])
    assert await desks.status(stream) == "entered"
    items = await desks.casework.rows(
        "select is_open from derived.work_item where duty = 'enter_penalty'"
    )
    assert [one["is_open"] for one in items] == [False]
    assert await desks.look() == []


async def test_what_was_entered_before_it_was_asked_closes_the_question_too(desks: Desks) -> None:
    """Asked at the moment in which the import is on its way."""
    await desks.enter()
    stream = await desks.ask(Listed(office=AMR, number=NUMBER))
    await desks.look()
    assert await desks.status(stream) == "entered"


async def test_the_same_number_of_another_office_answers_nothing(desks: Desks) -> None:
    stream = await desks.ask(Listed(office=AMR, number=NUMBER))
    await desks.enter(OTHER_AMR)
    assert (await desks.look(), await desks.status(stream)) == ([], "asked")


async def test_a_number_without_a_year_is_known_with_its_day(desks: Desks) -> None:
    listed = Listed(office=AMR, number="15号", decided_on=date(2026, 3, 2))
    stream = await desks.ask(listed)
    await desks.enter(number="15号", on="2025-03-02")
    assert (await desks.look(), await desks.has(listed)) == ([], False)
    await desks.enter(number="15号")
    [said] = await desks.look()
    assert (said["at"], said["found_by"]) == (stream, "NUMBER_AND_DATE")


@pytest.mark.parametrize(
    "party", [{"party_code": USCC}, {"party_name": "杭州市西湖区茗汇茶叶店"}], ids=["code", "name"]
)
async def test_without_a_number_day_and_party_tell(desks: Desks, party: dict[str, str]) -> None:
    listed = Listed(office=AMR, decided_on=date(2026, 3, 2), **party)
    stream = await desks.ask(listed)
    await desks.enter(number="", on="2026-03-01", parties=[PARTY])
    assert (await desks.look(), await desks.has(listed)) == ([], False)
    await desks.enter(number="", parties=[PARTY])
    [said] = await desks.look()
    assert (said["at"], said["found_by"]) == (stream, "DATE_AND_PARTY")
    assert await desks.has(listed)


async def test_a_secret_case_looks_as_one_that_is_not_there(desks: Desks) -> None:
    """Nothing says by itself that it is: the office answers, as it may."""
    listed = Listed(office=AMR, number=NUMBER)
    stream = await desks.ask(listed)
    await desks.enter(name=FILED, secrecy="INVESTIGATION")
    assert (await desks.look(), await desks.has(listed)) == ([], False)
    assert await desks.status(stream) == "asked"
    # Of who holds a role in it, it is no secret.
    assert await desks.has(listed, AMR)


async def test_a_mark_that_comes_behind_the_opening_is_waited_for(desks: Desks) -> None:
    await desks.ask(Listed(office=AMR, number=NUMBER))
    case = await desks.enter(name=FILED)

    async def marked() -> None:
        await desks.say(FILED, AMR, case, on="2026-03-03", secrecy="INVESTIGATION")

    desks.barrier.meanwhile = marked
    before = len(desks.casework.log)
    assert await desks.look() == []
    assert len(desks.casework.log) == before + 1


async def test_who_may_not_ask_the_office_is_answered_nothing(desks: Desks) -> None:
    stream = await desks.ask(Listed(office=AMR, number=NUMBER), OTHER_SUP)
    await desks.enter()
    assert (await desks.look(), await desks.status(stream)) == ([], "asked")


async def test_one_who_writes_a_number_into_a_question_moves_it_nowhere(desks: Desks) -> None:
    """A stranger's number under the question's kind is none of the asker's."""
    listed = Listed(office=AMR, number=NUMBER)
    stream = await desks.ask(Listed(office=AMR, number="杭西市监罚〔2026〕8号"))
    known = listed.known()
    assert known is not None
    numbers = [{"kind": QUESTION, "value": listed.question(known)}]
    await desks.say("case.noted", AMR, stream, numbers=numbers)
    await desks.enter()
    assert (await desks.look(), await desks.status(stream)) == ([], "asked")


async def test_the_list_and_the_counts_are_the_asker_s_own(desks: Desks) -> None:
    stream = await desks.ask(Listed(office=AMR, number=NUMBER))
    other = await desks.ask(Listed(office=AMR, number="杭西市监罚〔2026〕8号"))
    await desks.say("penalty_entry.explained", AMR, other, to=(SUP,), reason="NOT_IP")
    database = desks.casework.pool
    rows = await penalties.questions(database, SUP, status=None, office=AMR, after=None, limit=10)
    assert {(str(one["stream"]), one["status"]) for one in rows} == {
        (stream, "asked"),
        (other, "explained"),
    }
    [counts] = await penalties.offices(database, SUP, NOW)
    assert (counts.office, counts.asked, counts.open, counts.explained) == (
        AMR,
        2,
        1,
        1,
    )
    assert await penalties.offices(database, AMR, NOW) == []
    assert await penalties.standing(database, SUP, [UUID(stream)]) == {UUID(stream): "asked"}
    assert await penalties.standing(database, OTHER_SUP, [UUID(stream)]) == {}


async def test_what_several_may_ask_is_one_question_to_the_office(desks: Desks) -> None:
    listed = Listed(office=AMR, number=NUMBER)
    # The third may not ask this office: whatever it is told, a person decides.
    asked = {who: await desks.ask(listed, who) for who in (SUP, PRO, OTHER_SUP)}
    other = await desks.ask(Listed(office=AMR, number="杭西市监罚〔2026〕8号"), PRO)
    async with desks.gateway(AMR) as client:
        items = (await client.get("/v1/work")).json()["items"]
        keys = {one["case"]: one["key"] for one in items}
        assert {*keys} == {*asked.values(), other}
        alike = {
            case: (await client.get(f"/v1/work/{key}")).json()["alike"]
            for case, key in keys.items()
        }
    assert alike == {
        asked[SUP]: [keys[asked[PRO]]],
        asked[PRO]: [keys[asked[SUP]]],
        asked[OTHER_SUP]: sorted([keys[asked[SUP]], keys[asked[PRO]]]),
        other: [],
    }
    said = {"to": (PRO,), "reason": "NOT_IP", "on": "2026-03-03"}
    await desks.say("penalty_entry.explained", AMR, asked[PRO], **said)
    assert await penalties.alike(desks.casework.pool, PRO, keys[asked[SUP]]) == []
    async with desks.gateway(AMR) as client:
        left = (await client.get(f"/v1/work/{keys[asked[SUP]]}")).json()["alike"]
    assert left == []


async def test_days_count_from_the_question_to_the_first_answer(desks: Desks) -> None:
    asked = [await desks.ask(Listed(office=AMR, number=f"罚〔2026〕{n}号")) for n in range(1, 5)]
    for stream in asked[:3]:
        # An answer of somebody else is none, and a second one changes nothing.
        for who in (OTHER_AMR, AMR, AMR):
            await desks.say("penalty_entry.explained", who, stream, reason="NOT_IP")
    connection = desks.casework.pool
    for days, stream in zip((1, 4, 30, 12), asked, strict=True):
        await connection.execute(
            "update derived.event set recorded_at = $2::timestamptz - make_interval(days => $3)"
            " where stream = $1 and type like '%entry.asked%'",
            *(UUID(stream), NOW, days),
        )
    for days, author in ((0, AMR), (-99, OTHER_AMR)):
        await connection.execute(
            "update derived.event set recorded_at = $2::timestamptz + make_interval(days => $3)"
            " where author = $1 and type like '%entry.explained%'",
            *(author, NOW, days),
        )
    async with desks.gateway() as client:
        [counts] = (await client.get("/v1/penalties/offices")).json()["items"]
    assert (counts["explained"], counts["open"]) == (3, 1)
    assert (counts["median_days"], counts["oldest_open_days"]) == (4.0, 12.0)


async def test_a_list_is_held_against_the_bus_row_by_row(desks: Desks) -> None:
    case = await desks.enter()
    asked = await desks.ask(Listed(office=AMR, number="杭西市监罚〔2026〕8号"))
    rows = [
        {"office": f" {AMR.upper()} ", "number": TYPED},
        {"office": AMR, "number": "杭西市监罚〔2026〕8号"},
        {"office": AMR, "number": "杭西市监罚〔2026〕9号"},
        {"office": AMR, "number": "9号"},
        {"office": AMR, "party_code": USCC},
        {"office": "cn-330106-psb", "number": NUMBER},
        {"office": "某某局", "number": NUMBER},
    ]
    async with desks.gateway() as client:
        answer = await client.post("/v1/penalties/compare", json={"items": rows})
        await desks.ask(Listed(office=AMR, number="杭西市监罚〔2026〕9号"))
        first = (await client.get("/v1/penalties/questions", params={"limit": 1})).json()
        rest = (
            await client.get("/v1/penalties/questions", params={"cursor": first["next"]})
        ).json()
        counts = (await client.get("/v1/penalties/offices")).json()["items"]
    items = answer.json()["items"]
    assert [one["outcome"] for one in items] == [
        "entered",
        "asked",
        "missing",
        "unidentified",
        "unidentified",
        # The police decide no administrative penalty.
        "not_yours",
        "unknown_office",
    ]
    # What is told of a case is that it is there; and its people read who was told.
    assert case not in answer.text
    assert [one["case"] for one in items if one["case"]] == [asked]
    assert items[2]["question"] == f"{AMR}: 杭西市监罚〔2026〕9号"
    looks = await desks.casework.rows("select route from own.access where stream = $1", UUID(case))
    assert [one["route"] for one in looks] == ["/v1/penalties/compare"]
    pages = [{one["case"] for one in page["items"]} for page in (first, rest)]
    assert [len(one) for one in pages] == [1, 1]
    assert asked in pages[0] ^ pages[1]
    assert [(one["office"], one["asked"], one["open"]) for one in counts] == [(AMR, 2, 2)]


async def test_with_and_without_a_secret_case_who_asks_gets_the_same_bytes(desks: Desks) -> None:
    body = {"items": [{"office": AMR, "number": NUMBER}]}
    async with desks.gateway() as client:
        before = await client.post("/v1/penalties/compare", json=body)
        case = await desks.enter(name=FILED, secrecy="INVESTIGATION")
        after = await client.post("/v1/penalties/compare", json=body)
    assert before.json()["items"][0]["outcome"] == "missing"
    assert after.content == before.content
    looks = await desks.casework.rows("select 1 from own.access where stream = $1", UUID(case))
    assert looks == []


async def test_whom_an_agency_may_ask_is_told_row_by_row(desks: Desks) -> None:
    await desks.enter()
    body = {"items": [{"office": AMR, "number": NUMBER}]}
    for asker, outcome in ((OTHER_AMR, "entered"), (OTHER_SUP, "not_yours"), (AMR, "not_yours")):
        async with desks.gateway(asker) as client:
            answer = await client.post("/v1/penalties/compare", json=body)
        assert [one["outcome"] for one in answer.json()["items"]] == [outcome]
