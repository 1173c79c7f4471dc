from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest
from fastapi import FastAPI

from casebus.errors import CasebusError
from casebus.rejections import Reason
from gateway import problems
from gateway.identity.caller import Principal, caller, principal
from gateway.probes import create_probes
from gateway.problems import KINDS, code_of
from gateway.runtime.context import looking_of
from storage import submissions

ROOM = Path(__file__).parents[3] / "gateway"


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def problem(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    body: dict[str, Any] = answer.json()
    assert body["code"] == code
    assert body["status"] == status
    assert body["type"] == f"/problems/{code}"
    return body


def test_each_code_that_the_gateway_raises_has_a_kind() -> None:
    raised = re.compile(r"(?:CasebusError|RefusedError)\(\s*\"(\w+)\"")
    text = "".join(path.read_text(encoding="utf-8") for path in ROOM.rglob("*.py"))
    assert set(raised.findall(text)) <= set(KINDS)
    assert {f"Reason.{reason.name}" for reason in KINDS if isinstance(reason, Reason)} <= set(
        re.findall(r"Reason\.\w+", text)
    )


def test_a_foreign_code_does_not_leave_as_its_own() -> None:
    assert code_of(CasebusError("law_not_found", "a path")) == "internal"
    assert code_of(asyncpg.CannotConnectNowError("starting up")) == "database_unavailable"
    assert code_of(TimeoutError()) == "database_unavailable"
    assert code_of(ZeroDivisionError("x")) == "internal"


def test_each_code_of_the_gateways_own_is_explained_and_no_other() -> None:
    text = (ROOM.parent / "docs/reason-codes.md").read_text(encoding="utf-8")
    section = text.split("\n## Gateway\n")[1].split("\n## ")[0]
    explained = re.findall(r"^\| `(\w+)` \| (\d+)", section, re.MULTILINE)
    own = {code: kind.status for code, kind in KINDS.items() if not isinstance(code, Reason)}
    assert {code: int(status) for code, status in explained} == own


async def test_without_a_key_nothing_is_served(client: httpx.AsyncClient) -> None:
    for path in ("/v1/cases", "/v1/work", "/v1/inbox", "/v1/rejected", "/v1/numbers/1"):
        problem(await client.get(path), 401, "unauthenticated")
    answer = await client.get("/nowhere")
    problem(answer, 404, "not_found")
    problem(await client.delete("/v1/cases"), 405, "method_not_allowed")


async def test_no_database_is_503_and_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/cases", headers={"Authorization": "Bearer x"})
    problem(answer, 503, "database_unavailable")
    assert answer.headers["retry-after"] == "1"


async def test_a_wrong_key_is_401(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bytes] = []

    async def database() -> None:
        return None

    async def nobody(_: Any, digests: list[bytes]) -> list[tuple[None, str]]:
        asked.extend(digests)
        return [(None, "")]

    monkeypatch.setattr(app.state.gateway, "database", database)
    monkeypatch.setattr(submissions, "holders_of_keys", nobody)
    answer = await client.get("/v1/cases", headers={"Authorization": "Bearer wrong"})
    problem(answer, 401, "unauthenticated")
    assert answer.headers["www-authenticate"].startswith("Bearer")
    assert asked
    assert b"wrong" not in asked[0]


async def test_a_request_that_does_not_fit_is_told_by_pointers_without_its_values(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    app.dependency_overrides[caller] = lambda: "cn-330106-psb"
    app.dependency_overrides[principal] = lambda: Principal("cn-330106-psb", "cn-330106-psb")
    app.dependency_overrides[looking_of] = lambda: None
    answer = await client.post(
        "/v1/work/k/file", json={"version": "张三", "actor": "P", "extra": 1}
    )
    body = problem(answer, 422, "invalid_request")
    assert {row["pointer"] for row in body["errors"]} == {"/body/version", "/body/extra"}
    assert "张三" not in answer.text
    answer = await client.get("/v1/cases?limit=0")
    assert problem(answer, 400, "invalid_parameter")["errors"][0]["pointer"] == "/query/limit"


async def test_an_unforeseen_error_says_nothing_of_itself(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("secret of a case")

    monkeypatch.setattr(app.state.gateway, "directory", fail)
    answer = await client.get("/v1/log")
    problem(answer, 500, "internal")
    assert "secret" not in answer.text


async def test_a_problems_type_explains_itself(client: httpx.AsyncClient) -> None:
    for code, kind in KINDS.items():
        answer = (await client.get(f"/problems/{code}")).json()
        assert (answer["status"], answer["title"]) == kind
    assert (await client.get("/problems/nothing")).status_code == 404


def test_documented_refusals_stand_under_their_status() -> None:
    answers = problems.documented("work_changed", "work_closed", "not_found")
    assert set(answers) == {404, 409}
    examples = answers[409]["content"]["application/problem+json"]["examples"]
    assert set(examples) == {"work_changed", "work_closed"}


async def test_the_description_is_openapi_3_1_with_examples_and_our_problem_only(
    client: httpx.AsyncClient,
) -> None:
    description = (await client.get("/openapi.json")).json()
    assert description["openapi"].startswith("3.1")
    text = str(description)
    assert "HTTPValidationError" not in text
    post = description["paths"]["/v1/events"]["post"]
    assert post["requestBody"]["content"]["application/cloudevents+json"]["examples"]
    assert {"400", "409", "413", "415", "422", "503"} <= set(post["responses"])
    assert "/v1/work/{key}/{action}" in description["paths"]


async def test_each_answer_of_the_api_has_an_example(client: httpx.AsyncClient) -> None:
    description = (await client.get("/openapi.json")).json()
    answers = {
        f"{method} {path} {status}": answer
        for path, methods in description["paths"].items()
        if path.startswith("/v1/")
        for method, operation in methods.items()
        for status, answer in operation["responses"].items()
    }
    assert len(answers) > 50
    without = [name for name, answer in answers.items() if not _exampled(answer, description)]
    assert without == []


def _exampled(part: Any, description: dict[str, Any]) -> bool:
    """Whether an example stands in this part, or in a shape that it names."""
    if isinstance(part, list):
        return any(_exampled(one, description) for one in part)
    if not isinstance(part, dict):
        return False
    if "example" in part or "examples" in part:
        return True
    shape = description["components"]["schemas"].get(part.get("$ref", "").rpartition("/")[2])
    return any(_exampled(one, description) for one in (*part.values(), shape))


async def test_alive_needs_nothing_and_ready_needs_everything(app: FastAPI) -> None:
    transport = httpx.ASGITransport(create_probes(app.state.gateway))
    async with httpx.AsyncClient(transport=transport, base_url="http://probes") as client:
        assert (await client.get("/livez")).status_code == 200
        answer = await asyncio.wait_for(client.get("/readyz"), 30)
    assert answer.status_code == 503
    assert answer.json()["checks"] == dict.fromkeys(
        ("database", "broker", "directory", "moving", "derived", "watched"), "failing"
    )


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/healthz", "/metrics"])
async def test_what_monitors_ask_is_not_told_to_callers(client: httpx.AsyncClient, path) -> None:
    assert (await client.get(path)).status_code == 404
