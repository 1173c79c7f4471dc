from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
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


class _Session:
    """The connection of a client that waits for its answers, to an application that nobody runs."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def request(self, method: str, **asked: Any) -> httpx.Response:
        return asyncio.run(self._request(method, asked))

    async def _request(self, method: str, asked: dict[str, Any]) -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(self._app)) as client:
            return await client.request(method, **asked)


def _confluents(app: FastAPI) -> SchemaRegistryClient:
    client = SchemaRegistryClient({"url": "http://gateway/registry", "max.retries": 0})
    client._rest_client.session = _Session(app)
    return client


def test_what_confluents_client_for_python_asks_is_taken_and_does_what_it_says(
    app: FastAPI,
) -> None:
    client, subject = _confluents(app), SENT.subject
    every = client.get_subjects()
    assert client.get_subjects(offset=1, limit=2) == every[1:3]
    assert client.get_subjects(subject_prefix=subject, deleted=True) == [subject]
    assert client.get_subjects(deleted_only=True) == client.get_versions(subject, True, True) == []
    assert client.get_versions(subject, offset=0, limit=1) == [1]
    assert client.get_referenced_by(subject) == []
    assert client.get_subjects_by_schema_id(SENT.id, subject, deleted=True) == [subject]
    assert client.get_subjects_by_schema_id(SENT.id, "casebus.other") == []
    assert client.get_subjects_by_schema_id(SENT.id, offset=1) == []
    assert [one.version for one in client.get_schema_versions(SENT.id, limit=5)] == [SENT.version]
    text = client.get_schema(SENT.id, subject, "resolved", "default").schema_str
    assert text == SENT.text
    for normalize in (False, True):
        known = client.lookup_schema(subject, Schema(SENT.text, "AVRO"), normalize, deleted=True)
        assert (known.schema_id, known.version) == (SENT.id, SENT.version)
        assert client.register_schema(subject, Schema(SENT.text, "AVRO"), normalize) == SENT.id
    assert client.get_version(subject, "latest", deleted=True, fmt="default").version > 0
    assert client.get_compatibility() == "FULL_TRANSITIVE"


async def test_the_highest_id_is_told_who_asks_and_is_not_kept_for_ever(
    registry: httpx.AsyncClient,
) -> None:
    for name in ("fetchMaxId", "fetch_max_id"):
        answer = await registry.get(f"/schemas/ids/{SENT.id}", params={name: "true"})
        assert answer.json() == {"schema": SENT.text, "maxId": max(one.id for one in SCHEMAS)}
        assert "cache-control" not in answer.headers


@pytest.mark.parametrize(
    ("asked", "wrong", "says"),
    [
        ("/subjects?latestOnly=true", "latestOnly", "known here: deleted, deletedOnly"),
        ("/subjects?offset=-1", "offset", "0 or more is expected"),
        ("/config?offset=1", "offset", "unknown; known here: deleted"),
        (f"/config/{SENT.subject}?verbose=true", "verbose", "defaultToGlobal"),
        ("/schemas/types?force=true", "force", "unknown"),
        (f"/schemas/ids/{SENT.id}?format=serialized", "format", "'resolved'"),
        (f"{VERSIONS}?deleted=perhaps", "deleted", "true or false"),
    ],
)
async def test_what_the_registry_does_not_know_is_refused_in_its_form(
    registry: httpx.AsyncClient, asked: str, wrong: str, says: str
) -> None:
    answer = await registry.get(asked)
    assert (answer.status_code, answer.json()["error_code"]) == (400, 400)
    assert f"/query/{wrong}" in answer.json()["message"]
    assert says in answer.json()["message"]
