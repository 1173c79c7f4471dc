"""One action at a time on one version of a work item, and its outcome is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from casebus.errors import CasebusError
from casebus.events.envelope import Envelope
from gateway.work import actions
from gateway.work.actions import Action, ActionResult
from tests.unit.gateway.desk import AMR, PSB, Desk
from tests.world import SCHEMAS

TAKE = Action("take", 1, "psb-3", {})


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.fixture
async def key(desk: Desk) -> str:
    """Of the item that a referral gives to the police."""
    await desk.referred(uuid4())
    return str(desk.work(PSB)["key"])


async def acted(desk: Desk, key: str, action: Action) -> ActionResult:
    """The action, while casework records what the gateway sends."""
    acting = asyncio.create_task(actions.act(desk.gateway, PSB, key, action))
    while not acting.done():
        await desk.journal_what_was_sent()
        await asyncio.sleep(0)
    return await acting


async def refusal(desk: Desk, key: str, action: Action) -> str:
    with pytest.raises(CasebusError) as refused:
        await actions.act(desk.gateway, PSB, key, action)
    return refused.value.code


async def test_an_action_is_a_signed_event_that_names_item_version_and_officer(
    desk: Desk, key: str
) -> None:
    done = await acted(desk, key, TAKE)
    assert (done.settled, done.findings) == (True, [])
    envelope = Envelope.from_headers(done.finished.record.headers)
    assert (envelope.type, envelope.source) == ("casebus.work.taken.v1", PSB)
    body = SCHEMAS.decode(done.finished.record.value)[1]
    said = {name: body[name] for name in ("actor", "work_item", "work_version", "agency")}
    assert said == {"actor": "psb-3", "work_item": key, "work_version": 1, "agency": PSB}
    item = desk.work(PSB)
    assert (item["version"], item["view"]["taken_by"]) == (2, "psb-3")


async def test_the_same_request_again_hears_the_same_outcome(desk: Desk, key: str) -> None:
    first = await acted(desk, key, TAKE)
    again = await acted(desk, key, TAKE)
    assert again.finished.event_id == first.finished.event_id
    assert len(desk.database.tables["own.submission"]) == 1


async def test_an_action_on_a_version_that_is_gone_is_refused_with_what_can_be_done(
    desk: Desk, key: str
) -> None:
    await acted(desk, key, TAKE)
    with pytest.raises(CasebusError, match="is at version 2 since event") as refused:
        await actions.act(desk.gateway, PSB, key, replace(TAKE, actor="psb-4"))
    assert refused.value.code == "work_changed"
    assert all(word in str(refused.value) for word in desk.work(PSB)["view"]["actions"])


async def test_what_the_item_does_not_offer_is_refused(desk: Desk, key: str) -> None:
    assert await refusal(desk, key, replace(TAKE, word="fly")) == "unknown_action"
    await acted(desk, key, TAKE)
    assert await refusal(desk, key, replace(TAKE, version=2)) == "already_taken"
    assert await refusal(desk, "none", TAKE) == "not_found"
    secret = replace(TAKE, version=2, actor="psb-4", data={"note": "秘密★1年"})
    assert await refusal(desk, key, secret) == "state_secret"


async def test_an_item_that_is_done_is_closed_by_the_event_that_closed_it(
    desk: Desk, key: str
) -> None:
    word = next(name for name in desk.work(PSB)["view"]["actions"] if name != "take")
    receipt = Action(word, 1, "psb-3", {}, legal_time="2026-03-03")
    done = await acted(desk, key, receipt)
    assert done.settled
    # Whoever sent the referral is answered.
    assert Envelope.from_headers(done.finished.record.headers).to == (AMR,)
    with pytest.raises(CasebusError, match=f"closed by event {done.finished.event_id}") as refused:
        await actions.act(desk.gateway, PSB, key, replace(receipt, version=2, actor="psb-9"))
    assert refused.value.code == "work_closed"


async def test_an_action_that_takes_longer_is_pending_and_keeps_its_place(
    desk: Desk, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PATIENCE", 0.01)
    pending = await actions.act(desk.gateway, PSB, key, TAKE)
    assert not pending.settled
    assert await refusal(desk, key, replace(TAKE, actor="psb-4")) == "work_pending"
    await desk.journal_what_was_sent()
    done = await actions.act(desk.gateway, PSB, key, TAKE)
    assert (done.settled, done.finished.event_id) == (True, pending.finished.event_id)


async def test_an_action_whose_event_cannot_be_made_takes_no_place(desk: Desk, key: str) -> None:
    assert await refusal(desk, key, replace(TAKE, data={"nothing": 1})) == "invalid_data"
    assert desk.database.tables["own.pending_action"] == []
    assert (await acted(desk, key, TAKE)).settled


async def test_of_two_acts_on_one_version_the_second_is_told_so(
    desk: Desk, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "PATIENCE", 0.01)
    item = desk.work(PSB)
    own_system = desk.world.event(
        "work.taken",
        PSB,
        stream=str(item["stream"]),
        legal="2026-03-02",
        causationid=(item["view"]["opened_by"]["id"],),
        data={"agency": PSB, "actor": "own-system", "work_item": key, "work_version": 1},
    )
    later = replace(TAKE, legal_time="2026-03-04")
    assert not (await actions.act(desk.gateway, PSB, key, later)).settled
    await desk.casework(own_system)
    await desk.journal_what_was_sent()
    assert await refusal(desk, key, later) == "superseded"
