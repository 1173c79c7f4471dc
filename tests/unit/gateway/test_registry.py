from __future__ import annotations

import json
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from tests.world import SCHEMAS

SENT = SCHEMAS.latest("casebus.referral.sent.v1")
VERSIONS = f"/subjects/{SENT.subject}/versions"


@pytest.fixture
async def registry(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway/registry") as client:
        yield client


async def test_a_schema_is_found_by_id_and_by_subject(registry: httpx.AsyncClient) -> None:
    assert SENT.subject in (await registry.get("/subjects")).json()
    assert (await registry.get(VERSIONS)).json() == [*range(1, SENT.version + 1)]
    by_version = (await registry.get(f"{VERSIONS}/latest")).json()
    assert by_version["id"] == SENT.id
    assert by_version["schema"] == SENT.text
    answer = await registry.get(f"/schemas/ids/{SENT.id}", params={"subject": SENT.subject})
    assert answer.json() == {"schema": SENT.text}
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    assert "immutable" in answer.headers["cache-control"]
    versions = (await registry.get(f"/schemas/ids/{SENT.id}/versions")).json()
    assert versions == [{"subject": SENT.subject, "version": SENT.version}]
    assert (await registry.get("/schemas/types")).json() == ["AVRO"]
    assert (await registry.get("/config")).json() == {"compatibilityLevel": "FULL_TRANSITIVE"}
    assert (await registry.get("/mode")).json() == {"mode": "READONLY"}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/subjects/none/versions", 404, 40401),
        ("/subjects/none/versions/latest", 404, 40401),
        (f"{VERSIONS}/99", 404, 40402),
        ("/schemas/ids/99999", 404, 40403),
        ("/schemas/ids/99999/versions", 404, 40403),
        (f"/config/{SENT.subject}", 404, 40408),
        (f"{VERSIONS}/zero", 422, 42202),
        (f"{VERSIONS}/0", 422, 42202),
        (f"{VERSIONS}/99999999999999999999", 422, 42202),
    ],
)
async def test_refusals_have_the_registrys_codes(
    registry: httpx.AsyncClient, path: str, status: int, code: int
) -> None:
    answer = await registry.get(path)
    assert answer.status_code == status
    assert answer.json()["error_code"] == code
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"


async def test_a_known_text_is_looked_up_and_a_new_one_is_not_registered(
    registry: httpx.AsyncClient,
) -> None:
    text = json.dumps(SENT.body, indent=2)
    found = await registry.post(f"/subjects/{SENT.subject}", json={"schema": text})
    assert found.json()["id"] == SENT.id
    known = await registry.post(VERSIONS, json={"schema": text})
    assert known.json() == {"id": SENT.id}
    other = {"schema": json.dumps({**SENT.body, "doc": "other"})}
    assert (await registry.post(f"/subjects/{SENT.subject}", json=other)).json()[
        "error_code"
    ] == 40403
    assert (await registry.post(VERSIONS, json=other)).json()["error_code"] == 42205
    bad = await registry.post(VERSIONS, json={"schema": "{"})
    assert bad.json()["error_code"] == 42201
