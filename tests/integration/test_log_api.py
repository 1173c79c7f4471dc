"""The logs over HTTP: heads and tiles for anyone, receipts for whom they concern, cosignatures."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest

from casebus.events.doors import BUS
from casebus.kafka.fakes import KnownDirectory
from casebus.settings import Settings
from casebus.trust.head import Head, cosign, log_key
from casebus.trust.keys import SigningKey
from casebus.trust.note import SignedNote
from casebus.trust.proofs import root_of
from casebus.trust.receipt import Receipt, check, directory_of
from casebus.trust.tiles import subtrees_of, tiles_of
from casebus.trust.witnessing import Witnessing
from gateway.app import create_app
from gateway.identity.keys import digest
from onebox.testing import Stack
from storage import submissions
from tests.integration.casework import Casework, casework_on
from tests.integration.test_heads import AMR, PSB, note, signer
from tests.integration.worlds import replace_paths
from tests.world import NOW, SCHEMAS

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]

PRO, COURT = "cn-330106-pro", "cn-330106-court"


@dataclass
class Api:
    casework: Casework
    client: httpx.AsyncClient
    gateway: Any

    async def get(self, path: str, agency: str = "") -> httpx.Response:
        return await self.client.get(path, headers=_key(agency))

    async def head(self) -> SignedNote:
        answer = await self.get("/v1/log/1/0/checkpoint")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        return SignedNote.parse(answer.text)

    async def cosign(self, agency: str, key: SigningKey, size: int) -> httpx.Response:
        line = str(cosign(await self.head(), agency, key, NOW))
        given = {"size": size, "line": line}
        path = "/v1/log/1/0/cosignatures"
        return await self.client.post(path, json=given, headers=_key(agency))

    async def receipts(self, event: Mapping[str, str], agency: str) -> dict[str, Any]:
        path = f"/v1/events/{event['ce_source']}/{event['ce_id']}/receipts?proof=true"
        answer = await self.get(path, agency)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


def _key(agency: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {agency}"} if agency else {}


@pytest.fixture
async def api(brokers: Stack) -> AsyncIterator[Api]:
    async with casework_on(brokers) as casework:
        root = casework.world.directory.root_digest
        settings = replace_paths(Settings(database_url=casework.url, root_digest=root))
        app = create_app(settings)
        gateway = app.state.gateway
        gateway.reader, gateway.now = KnownDirectory(casework.world.directory), lambda: NOW
        for agency in (AMR, PSB, PRO, COURT):
            await submissions.add_key(casework.pool, digest(agency), agency, "test")
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield Api(casework, client, gateway)
        await (await gateway.database()).close()


async def journal(api: Api, count: int) -> None:
    await api.casework(*(note(api.casework, str(uuid4())) for _ in range(count)))
    await signer(api.casework).sign()


async def test_anyone_can_compute_the_signed_root_from_the_published_tiles(api: Api) -> None:
    assert (await api.get("/v1/log/1/0/checkpoint")).status_code == 404
    await journal(api, 260)
    note = await api.head()
    head = Head.parse(note.text)
    [about] = (await api.get("/v1/log")).json()["items"]
    assert (about["origin"], about["size"]) == (head.origin, 260)
    key = log_key(head.origin, api.casework.world.keys[BUS].public)
    assert about["keys"] == [str(key)]
    assert note.is_signed_by(key)
    tiles = {}
    for tile in tiles_of(head.size):
        answer = await api.get(f"/v1/log/1/0/tile/{tile}")
        assert answer.headers["content-type"] == "application/octet-stream"
        tiles[tile] = [answer.content[at : at + 32] for at in range(0, len(answer.content), 32)]
    assert root_of(head.size, subtrees_of(tiles)) == head.root


async def test_no_tile_is_given_of_what_no_head_covers_nor_of_entries(api: Api) -> None:
    await journal(api, 3)
    await api.casework(note(api.casework, str(uuid4())))
    for tile in ("0/000.p/4", "0/000", "1/000.p/1", "0/0", "entries/000.p/3", "x"):
        assert (await api.get(f"/v1/log/1/0/tile/{tile}")).status_code == 404, tile
    assert (await api.get("/v1/log/1/0/tile/0/000.p/2")).status_code == 200
    assert (await api.get("/v1/log/2/0/checkpoint")).status_code == 404


async def sent(api: Api) -> dict[str, str]:
    """A referral that was sent to the police and received, with a copy to the procuratorate."""
    world, stream = api.casework.world, str(uuid4())
    event = world.event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02")
    await api.casework(event)
    headers = {name: text.decode() for name, text in event.headers}
    data = {
        "agency": PSB,
        "event_source": AMR,
        "event_id": headers["ce_id"],
        "event_type": headers["ce_type"],
    }
    await api.casework(world.event("intake.received", PSB, stream=stream, data=data))
    return headers


async def test_an_author_gets_receipts_that_the_pinned_root_alone_checks(api: Api) -> None:
    event = await sent(api)
    found = await api.receipts(event, AMR)
    assert found["submitted"]["receipt"] is None
    await signer(api.casework).sign()
    found = await api.receipts(event, AMR)
    root = api.casework.world.directory.root_digest
    for at, (step, name) in enumerate(((found["submitted"], AMR), (found["delivered"][0], PSB))):
        receipt = Receipt.from_json(step["receipt"])
        assert receipt.source == name
        shown = check(receipt, directory_of(receipt.entries, root, SCHEMAS))
        assert (shown.index, shown.size) == (at, 2)
    assert found["submitted"]["receipt"]["headers"]["cb-recipients"]
    assert found["delivered"][0]["receipt"]["of"] == {
        "source": AMR,
        "id": event["ce_id"],
        "agency": PSB,
    }


async def test_who_may_not_see_whom_else_an_event_reached_gets_the_leaf_without_its_stamps(
    api: Api,
) -> None:
    world, stream = api.casework.world, str(uuid4())
    event = world.event("case.noted", PRO, stream=stream, to=(COURT, PSB), data={"note": "二者"})
    await api.casework(event)
    await signer(api.casework).sign()
    headers = {name: text.decode() for name, text in event.headers}
    found = await api.receipts(headers, COURT)
    assert PSB not in str(found)
    receipt = Receipt.from_json(found["submitted"]["receipt"])
    assert receipt.inputs is None
    root = world.directory.root_digest
    assert check(receipt, directory_of(receipt.entries, root, SCHEMAS), event).index == 0
    assert PSB in str(await api.receipts(headers, PRO))


@pytest.mark.parametrize("needed", [0, 1, 2])
async def test_a_cosignature_of_a_key_of_the_caller_s_own_is_kept_and_given_out(
    api: Api, needed: int
) -> None:
    api.gateway.witnessing = Witnessing(needed=needed, wait_seconds=0)
    event = await sent(api)
    await signer(api.casework).sign()
    before = (await api.receipts(event, AMR))["submitted"]["receipt"]["witnesses"]
    assert before == {"needed": needed, "seen": [], "enough": needed == 0}
    keys = api.casework.world.keys
    assert (await api.cosign(PRO, keys[PRO], 2)).status_code == 200
    assert (await api.cosign(PRO, keys[PRO], 2)).status_code == 200
    assert len((await api.head()).signatures) == 2
    found = (await api.receipts(event, AMR))["submitted"]["receipt"]
    assert found["witnesses"] == {"needed": needed, "seen": [PRO], "enough": needed <= 1}
    # A later head without witnesses does not take the witnessed one's place.
    await journal(api, 1)
    assert (await api.receipts(event, AMR))["submitted"]["receipt"]["witnesses"]["seen"] == [PRO]
    # Nor does a step of the same event that came since.
    said = {"agency": PSB, "event_source": event["ce_source"], "event_id": event["ce_id"]}
    data = {**said, "event_type": event["ce_type"]}
    stream = event["ce_subject"]
    await api.casework(api.casework.world.event("intake.opened", PSB, stream=stream, data=data))
    await signer(api.casework).sign()
    later = await api.receipts(event, AMR)
    assert later["submitted"]["receipt"]["witnesses"]["seen"] == [PRO]
    assert later["retrieved"][0]["receipt"]["witnesses"]["seen"] == []


async def test_a_cosignature_that_is_not_the_caller_s_is_refused(api: Api) -> None:
    await journal(api, 2)
    keys = api.casework.world.keys
    answer = await api.cosign(PRO, keys[PSB], 2)
    assert (answer.status_code, answer.json()["code"]) == (422, "cosignature_refused")
    assert (await api.cosign(PRO, keys[PRO], 3)).status_code == 404
    path, line = "/v1/log/1/0/cosignatures", str(cosign(await api.head(), PRO, keys[PRO], NOW))
    for given, agency, status in (
        ({"size": 2, "line": line}, PSB, 422),
        ({"size": 2, "line": "no line"}, PRO, 422),
        ({"size": 2, "line": line}, "", 401),
    ):
        answer = await api.client.post(path, json=given, headers=_key(agency))
        assert answer.status_code == status, given
    assert len((await api.head()).signatures) == 1
