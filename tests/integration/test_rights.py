"""One right, all its cases: real tables, casework and scheduler."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest

from casebus.events.doors import BUS
from casebus.events.envelope import Record
from casebus.trust.keys import SigningKey
from onebox.testing import Stack
from services.scheduler.fakes import HeldBarrier
from services.scheduler.rights import Rights
from services.scheduler.statements import StatementSigner
from storage.packing import unpack_headers
from tests.integration.casework import Casework, casework_on
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

AMR, OTHER_AMR, PSB = "cn-330106-amr", "cn-330100-amr", "cn-330106-psb"
COURT, OFFICE = "cn-330106-court", "cn-000000-exa"
RIGHT = {"kind": "INVENTION", "number_raw": "ZL201710601862.3", "title": "一种装置"}
NUMBER = "201710601862.3"


class Desks:
    """Casework, and the scheduler that asks across its cases."""

    def __init__(self, casework: Casework) -> None:
        self.casework, self.world, self.barrier = casework, casework.world, HeldBarrier()
        self._register(OFFICE, "examination", "national", "000000")
        signer = StatementSigner(self.world.keys[BUS], SCHEMAS, lambda: NOW)
        self.rights = Rights(casework.pool, signer, self.barrier, _one)

    async def say(self, name: str, agency: str, stream: str, day: str, **more: Any) -> None:
        to = more.pop("to", ())
        await self.casework(
            self.world.event(name, agency, stream=stream, legal=day, to=to, data=more)
        )

    async def suit(self, stream: str, **more: Any) -> None:
        more.setdefault("rights", [RIGHT])
        await self.say("civil_suit.received", COURT, stream, "2026-03-02", **more)

    async def contest(self, stream: str, **more: Any) -> None:
        more = {"right": RIGHT, "opened_on": "2026-03-03", **more}
        await self.say("validity.proceeding_opened", OFFICE, stream, "2026-03-03", **more)

    async def decide(self, stream: str, outcome: str, day: str = "2026-03-04") -> None:
        more = {"outcome": outcome, "decided_on": day}
        await self.say("validity.decided", OFFICE, stream, day, **more)

    async def ask(self) -> list[dict[str, Any]]:
        """Let the scheduler ask; what it tells goes through the front door as it would be sent."""
        before = await self._told()
        while await self.rights.ask():
            pass
        fresh = (await self._told())[len(before) :]
        for row in fresh:
            headers = unpack_headers(row["headers"])
            await self.casework(Record(str(row["aggregateid"]).encode(), row["value"], headers))
        return [_shown(row) for row in fresh]

    async def kinds(self, stream: str) -> list[str]:
        case = await self.casework.case(stream)
        return [one["kind"] for one in case["view"]["findings"]]

    async def _told(self) -> list[Any]:
        return await self.casework.rows(
            "select * from own.outbox where source = 'bus/scheduler' order by id"
        )

    def _register(self, agency: str, sector: str, level: str, division: str) -> None:
        entry = {"agency": agency, "name": agency, "sector": sector, "level": level}
        more = {"division": division, "superior": "", "delivery": "hosted"}
        self.world.say("directory.agency_registered", **entry, **more)
        self.world.keys[agency] = SigningKey.generate()
        self.world.add_key(agency, self.world.keys[agency])


def _shown(row: Any) -> dict[str, Any]:
    headers = dict(unpack_headers(row["headers"]))
    return {
        **SCHEMAS.decode(row["value"])[1],
        "type": row["type"],
        "stream": str(row["aggregateid"]),
        "to": headers.get("ce_to", b"").decode().split(),
        "text": row["value"] + bytes(row["headers"]),
    }


async def _one() -> int:
    return 1


def brief(told: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return sorted((one["type"].split(".")[2], one["kind"], one["stream"]) for one in told)


@pytest.fixture
async def desks(brokers: Stack) -> AsyncIterator[Desks]:
    async with casework_on(brokers) as casework:
        yield Desks(casework)


async def test_every_open_case_of_the_right_is_told_of_the_contest_and_the_decision(
    desks: Desks,
) -> None:
    ours, theirs, origin = str(uuid4()), str(uuid4()), str(uuid4())
    await desks.suit(ours)
    await desks.suit(theirs)
    await desks.suit(str(uuid4()), rights=[{**RIGHT, "number_raw": "ZL201710601863.8"}])
    assert await desks.ask() == []
    await desks.contest(origin)
    told = await desks.ask()
    contest = {("raised", "right_in_question", one) for one in (ours, theirs)}
    assert set(brief(told)) == contest
    assert {tuple(one["to"]) for one in told} == {(COURT,)}
    assert desks.barrier.partitions
    # The decision does not name the right again: the case has only the one.
    await desks.decide(origin, "INVALID")
    told = await desks.ask()
    withdrawn = {("withdrawn", "right_in_question", one) for one in (ours, theirs)}
    assert set(brief(told)) == withdrawn | {
        ("raised", "right_invalid", one) for one in (ours, theirs)
    }
    detail = next(one["detail"] for one in told if one["kind"] == "right_invalid")
    assert "第四十七条" in detail.pop("citation")
    assert detail == {
        "right": NUMBER,
        "event": "validity.decided",
        "outcome": "INVALID",
        "on": "2026-03-04",
        "agency": OFFICE,
        "stream": origin,
    }
    assert await desks.kinds(ours) == ["right_invalid"]
    assert await desks.ask() == []


@pytest.mark.parametrize("end", ["decided", "withdrawn"])
async def test_a_contest_that_comes_to_nothing_is_withdrawn(desks: Desks, end: str) -> None:
    ours, origin = str(uuid4()), str(uuid4())
    await desks.suit(ours)
    await desks.contest(origin)
    assert brief(await desks.ask()) == [("raised", "right_in_question", ours)]
    if end == "decided":
        await desks.decide(origin, "VALID")
    else:
        await desks.say("validity.withdrawn", OFFICE, origin, "2026-03-04")
    assert brief(await desks.ask()) == [("withdrawn", "right_in_question", ours)]
    assert await desks.kinds(ours) == []


async def test_a_decision_that_is_contested_is_a_question_and_holds_again_without_the_suit(
    desks: Desks,
) -> None:
    ours, origin = str(uuid4()), str(uuid4())
    await desks.suit(ours)
    await desks.contest(origin)
    await desks.decide(origin, "INVALID")
    assert brief(await desks.ask()) == [("raised", "right_invalid", ours)]
    await desks.say("validity.appealed", OFFICE, origin, "2026-03-05", to=(COURT,))
    assert brief(await desks.ask()) == [
        ("raised", "right_in_question", ours),
        ("withdrawn", "right_invalid", ours),
    ]
    await desks.say("validity.withdrawn", COURT, origin, "2026-03-06")
    assert brief(await desks.ask()) == [
        ("raised", "right_invalid", ours),
        ("withdrawn", "right_in_question", ours),
    ]
    assert await desks.kinds(ours) == ["right_invalid"]


async def test_a_case_that_appears_later_is_told_and_so_is_who_comes_into_it(desks: Desks) -> None:
    origin, late = str(uuid4()), str(uuid4())
    await desks.contest(origin)
    await desks.decide(origin, "INVALID")
    assert await desks.ask() == []
    await desks.say("referral.proposed", AMR, late, "2026-03-04", rights=[RIGHT])
    [told] = await desks.ask()
    assert (told["kind"], told["to"]) == ("right_invalid", [AMR])
    await desks.say("referral.sent", AMR, late, "2026-03-05", to=(PSB,), rights=[RIGHT])
    [told] = await desks.ask()
    assert PSB in told["to"]
    assert AMR not in told["to"]
    # Of what is withdrawn everybody hears who was told.
    await desks.decide(origin, "VALID", "2026-03-05")
    [told] = [one for one in await desks.ask() if one["stream"] == late]
    assert told["type"].endswith("withdrawn.v1")
    assert {AMR, PSB} <= set(told["to"])
    assert "right_invalid" not in await desks.kinds(late)


async def test_a_case_that_is_over_is_not_told(desks: Desks) -> None:
    over = str(uuid4())
    await desks.say("complaint.received", AMR, over, "2026-03-02", rights=[RIGHT])
    await desks.say("complaint.declined", AMR, over, "2026-03-03")
    await desks.say("complaint.answered", AMR, over, "2026-03-03")
    await desks.contest(str(uuid4()))
    assert await desks.ask() == []


async def test_a_linked_case_is_told_though_it_names_no_right(desks: Desks) -> None:
    """Where the case that speaks links back; before that its owner is asked and nothing is told."""
    ours, named, origin = str(uuid4()), str(uuid4()), str(uuid4())
    await desks.suit(ours, rights=[])
    await desks.suit(named, rights=[])
    link = {"linked": {"stream": origin}, "relation": "SAME_RIGHT"}
    await desks.say("case.linked", COURT, ours, "2026-03-02", **link)
    await desks.contest(origin, links=[{"stream": named}, {"stream": "no stream"}])
    told = await desks.ask()
    assert brief(told) == [
        ("raised", "linked_elsewhere", origin),
        ("raised", "right_in_question", named),
    ]
    [asked] = [one for one in told if one["kind"] == "linked_elsewhere"]
    assert (asked["to"], asked["detail"]) == ([OFFICE], {"agency": COURT})
    back = {"linked": {"stream": ours}, "relation": "SAME_RIGHT"}
    await desks.say("case.linked", OFFICE, origin, "2026-03-04", **back)
    assert brief(await desks.ask()) == [("raised", "right_in_question", ours)]


async def test_a_secret_case_is_told_and_is_named_nowhere(desks: Desks) -> None:
    secret, ours, origin = str(uuid4()), str(uuid4()), str(uuid4())
    await desks.suit(secret, secrecy="TRADE_SECRET")
    await desks.suit(ours)
    await desks.contest(origin)
    # A region beside it marks the case that speaks.
    await desks.say(
        "complaint.received", OFFICE, origin, "2026-03-03", secrecy="TRADE_SECRET", rights=[RIGHT]
    )
    told = await desks.ask()
    assert {one["stream"] for one in told} == {secret, ours}
    for one in told:
        assert "stream" not in one["detail"]
        assert (one["event_source"], one["event_id"]) == ("", "")
        others = {secret, ours, origin} - {one["stream"]}
        assert not any(other.encode() in one["text"] for other in others)


async def test_a_rebuild_says_the_same_and_tells_nothing_twice(desks: Desks) -> None:
    ours, origin = str(uuid4()), str(uuid4())
    await desks.suit(ours)
    await desks.contest(origin)
    await desks.ask()
    await desks.decide(origin, "PARTLY")
    assert len(await desks.ask()) == 2
    digest = (await desks.casework.case(ours))["digest"]
    for at_once in (False, True):
        await desks.casework.rebuild(at_once=at_once)
        assert (await desks.casework.case(ours))["digest"] == digest
        assert await desks.ask() == []
    assert await desks.kinds(ours) == ["right_invalid"]
