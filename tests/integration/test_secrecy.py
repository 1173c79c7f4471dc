"""Who may not know of a secret case gets the same bytes, whatever it holds and if it is there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import pytest

from onebox.testing import Stack
from tests.integration.casework import casework_on
from tests.integration.worlds import (
    ABSENT,
    AMR,
    COURT,
    NUMBER,
    OTHER_AMR,
    OTHER_USCC,
    OURS,
    SECRET,
    USCC,
    Hidden,
    TwinWorld,
    changed,
)
from tests.world import World

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

#: Every value that a secret case holds, each another one.
OTHERWISE = changed(
    mark="TRADE_SECRET",
    number="另号",
    decided_on="2025-08-08",
    fen=9_900_000_000,
    right="99999999",
    note="乙" * 99,
    title="乙案由",
    uscc=OTHER_USCC,
)
Play = Callable[..., Awaitable[TwinWorld]]


@pytest.fixture
async def play(brokers: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Play]:
    """Worlds with the same agencies and keys."""
    shared = World()
    monkeypatch.setattr("tests.integration.casework.World", lambda: shared)
    async with AsyncExitStack() as worlds:

        async def played(hidden: Hidden, **more: Any) -> TwinWorld:
            casework = await worlds.enter_async_context(casework_on(brokers))
            world = TwinWorld(casework, hidden)
            await world.play(**more)
            return world

        yield played


async def differing(one: TwinWorld, other: TwinWorld, agency: str) -> list[str]:
    left, right = await one.answers(agency), await other.answers(agency)
    return sorted(path for path in left.keys() & right.keys() if left[path] != right[path])


@pytest.mark.parametrize(
    "hidden",
    [
        pytest.param(ABSENT, id="existence"),
        pytest.param(OTHERWISE, id="values", marks=pytest.mark.long),
    ],
)
async def test_a_stranger_gets_the_same_bytes(play: Play, hidden: Hidden) -> None:
    """It has a case of the same organisation and right, and has linked it with the secret one."""
    one, other = await play(Hidden()), await play(hidden)
    assert await differing(one, other, OTHER_AMR) == []
    assert await one.told(OTHER_AMR) == await other.told(OTHER_AMR)
    assert await one.casework.rows(_CASE, OURS) == await other.casework.rows(_CASE, OURS)
    answers = await one.answers(OTHER_AMR)
    assert answers[f"/v1/cases/{OURS}"][0] == 200
    assert answers[f"/v1/cases/{SECRET}"][0] == 404


@pytest.mark.long
async def test_a_participant_without_a_role_gets_the_same_bytes(play: Play) -> None:
    one, other = await play(Hidden(), closed=(COURT,)), await play(OTHERWISE, closed=(COURT,))
    assert await differing(one, other, COURT) == []
    assert await one.told(COURT) == await other.told(COURT)
    answers = await one.answers(COURT)
    assert b"restricted" in answers[f"/v1/cases/{SECRET}"][1]
    assert "仅此一句".encode() in answers[f"/v1/cases/{SECRET}/history"][1]


async def test_the_same_in_an_open_case_is_seen(play: Play) -> None:
    """The comparison finds what there is to find."""
    one, other = await play(changed(mark="NONE")), await play(changed(mark="NONE", fen=1))
    assert await one.told(OTHER_AMR) != [] or await other.told(OTHER_AMR) != []
    secret = await play(Hidden())
    assert await differing(one, secret, OTHER_AMR) != []


_CASE = "select view, digest, updated_at from derived.case_state where stream = $1"


async def test_who_may_know_of_both_is_asked_in_the_secret_case_and_accuses_nobody(
    play: Play,
) -> None:
    world = await play(Hidden())
    [finding] = await world.casework.rows(
        "select view from derived.finding where stream = $1 and kind = 'counts_elsewhere'", SECRET
    )
    assert finding["view"]["severity"] == "INFO"
    detail = {"uscc": USCC, "family": "trademark", "agency": OTHER_AMR}
    assert finding["view"]["detail"] == detail
    assert len(await world.told(AMR)) >= 1
    assert OURS.encode() not in b"".join(value for _, value, _ in await world.told(AMR))
    # Once: nothing new is said however often it is asked.
    before = await world.told(AMR)
    await world.casework.pool.execute(
        "insert into derived.changed_organisation (uscc, family) values ($1, 'trademark')", USCC
    )
    await world.ask()
    assert await world.told(AMR) == before


async def test_a_repeat_counts_for_an_agency_that_may_know(play: Play) -> None:
    """Its own secret case counts in its own next one, as long as nobody else reads there."""
    world = await play(Hidden(), ours=OTHER_USCC)
    mine = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e77"
    parties = [{"role": "SUSPECT", "organisation": {"name": "某公司", "uscc_raw": USCC}}]
    acts = {"acts_from": "2026-03-04", "acts_to": "2026-03-04"}
    more = {"offence": "214", "goods_value": {"fen": 9_000_000}, "parties": parties, **acts}
    await world.say("mine", "goods.seized", AMR, mine, day="2026-03-04", **more)
    await world.ask()
    assert await verdict(world, mine) == "MUST_TRANSFER"
    # Now somebody reads it who may not know: the answer is said anew, without it.
    await world.say("shared", "case.noted", AMR, mine, to=(COURT,), day="2026-03-05", note="x")
    await world.ask()
    assert await verdict(world, mine) == "WATCH"


async def test_a_mark_that_comes_later_or_is_taken_back_is_followed_from_then_on(
    play: Play,
) -> None:
    world = await play(changed(mark="NONE"))
    assert await verdict(world, OURS) == "MUST_TRANSFER"
    await world.say("marked", "lead.reported", AMR, SECRET, secrecy="MINOR")
    await world.ask()
    assert await verdict(world, OURS) == "WATCH"
    given = await world.casework.rows(
        "select count(*) as n from derived.event where stream = $1 and type like '%prior_sanct%'",
        OURS,
    )
    assert given[0]["n"] == 2
    corrected = {
        "corrected_source": AMR,
        "corrected_id": await _id_of(world, "lead.reported"),
        "changes": {"secrecy": '"NONE"'},
        "reasons": "误标",
    }
    await world.say("unmarked", "case.corrected", AMR, SECRET, **corrected)
    await world.ask()
    assert await verdict(world, OURS) == "MUST_TRANSFER"
    digest = (await world.casework.case(OURS))["digest"]
    await world.casework.rebuild(at_once=True)
    assert (await world.casework.case(OURS))["digest"] == digest


async def test_a_case_whose_fold_failed_says_nothing_to_anybody(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = await play(Hidden(), closed=(COURT,))

    def fail(*_: Any) -> Any:
        raise ValueError("a fault of the fold")

    with monkeypatch.context() as patched:
        patched.setattr("services.casework.folding.fold", fail)
        await world.say("again", "case.noted", AMR, SECRET, note="y")
    for agency in (COURT, OTHER_AMR):
        answers = await world.answers(agency)
        assert NUMBER.encode() not in b"".join(body for _, body in answers.values())
    assert await verdict(world, OURS) == "WATCH"


async def verdict(world: TwinWorld, stream: str) -> str:
    case = await world.casework.case(stream)
    return str(case["view"]["assessments"][-1]["verdict"])


async def _id_of(world: TwinWorld, name: str) -> str:
    query = "select id from derived.event where stream = $1 and type = $2"
    [row] = await world.casework.rows(query, SECRET, f"casebus.{name}.v1")
    return str(row["id"])
