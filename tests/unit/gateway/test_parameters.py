"""Every parameter of every route, given what it does not take: one form of refusal, one code."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, NamedTuple

import httpx
import pytest
from fastapi import FastAPI

from casebus.settings import Settings
from gateway.app import create_app
from gateway.console.route import OF_OTHERS
from gateway.identity.caller import Principal, caller, operator, principal
from gateway.probes import create_probes
from gateway.runtime.context import looking_of
from tests.world import World

DIRECTORY = World().directory

#: What no parameter of that name takes, whatever the description says of it.
UNFIT = {
    "cursor": ["!"],
    "after": ["!"],
    "by": ["weekday"],
    "division": ["33010x"],
    "city": ["33010x"],
    "province": ["33010x"],
    "as_of": ["2026-03-02T10:00:00"],
}
#: By kind of schema: what does not fit it.
OF_TYPE = {
    "integer": ["", "abc", "1.5", "\u0663", "1e3"],
    "boolean": ["", "perhaps"],
    "date": ["", "2026-02-30", "yesterday"],
    "date-time": ["", "9999-12-31T23:59:59-23:59", "noon"],
}
FREE = {
    "source",
    "event_id",
    "case",
    "key",
    "place",
    "action",
    "value",
    "code",
    "subject",
    "version",
    "tile",
    "subjectPrefix",
    "referenceFormat",
    "reference_format",
    "findTags",
    "find_tags",
}


class Asked(NamedTuple):
    path: str
    method: str
    place: str
    name: str
    value: str | Sequence[str]


def wrong(schema: dict[str, Any]) -> Iterator[str | Sequence[str]]:
    """Values that this schema refuses."""
    for one in schema.get("anyOf", ()):
        yield from wrong(one)
    yield from OF_TYPE.get(schema.get("format", schema.get("type", "")), ())
    if "enum" in schema:
        yield "none of these"
    if "maxLength" in schema:
        yield "9" * (schema["maxLength"] + 1)
    if "maxItems" in schema:
        yield ["x"] * (schema["maxItems"] + 1)
    for bound, step in (("minimum", -1), ("maximum", 1)):
        if bound in schema:
            yield str(schema[bound] + step)


def walked(description: dict[str, Any]) -> Iterator[Asked]:
    for path, operations in description["paths"].items():
        for method, operation in operations.items():
            for one in operation.get("parameters", ()):
                values = [*wrong(one["schema"])]
                # Whether there is such a case is asked first: of none there are no places.
                values += UNFIT.get(one["name"], ()) if "{case}" not in path else ()
                # A path says nothing where a name is empty: that is another path.
                for value in values if one["in"] != "path" else filter(None, values):
                    yield Asked(path, method, one["in"], one["name"], value)


@pytest.fixture(autouse=True)
def admitted(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks may: what is looked at comes after that."""
    app.dependency_overrides[caller] = lambda: "cn-330106-psb"
    app.dependency_overrides[operator] = lambda: "admin/one"
    app.dependency_overrides[principal] = lambda: Principal("cn-330106-psb", "cn-330106-psb")
    app.dependency_overrides[looking_of] = lambda: None
    monkeypatch.setattr(app.state.gateway, "directory", lambda: DIRECTORY)


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


def filled(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


async def answered(client: httpx.AsyncClient, asked: Asked) -> httpx.Response:
    path = asked.path
    if asked.place == "path":
        path = path.replace(f"{{{asked.name}}}", str(asked.value))
    path = path.replace("{subject}", "casebus.referral.v1.Sent")
    # What is not asked about fits: a number is a name too.
    path = filled(path)
    named: Any = {asked.name: asked.value}
    return await client.request(
        asked.method,
        path,
        params=named if asked.place == "query" else None,
        headers=named if asked.place == "header" else None,
    )


@pytest.mark.slow
async def test_a_value_that_a_parameter_does_not_take_is_refused_in_one_form(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    cases = list(walked(app.openapi()))
    assert len(cases) > 80
    for asked in cases:
        answer = await answered(client, asked)
        body = answer.json()
        if asked.path.startswith("/registry"):
            # Its clients speak Confluent's protocol.
            assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
            assert (answer.status_code, body["error_code"]) == (400, 400), asked
            assert asked.name in body["message"]
            continue
        assert answer.headers["content-type"] == "application/problem+json", asked
        if body["code"] == "malformed_cursor":
            assert (answer.status_code, asked.name in {"cursor", "after"}) == (400, True)
            continue
        assert (answer.status_code, body["code"]) == (400, "invalid_parameter"), (asked, body)
        [error, *_] = body["errors"]
        assert error["pointer"].startswith(f"/{asked.place}/{asked.name}"), asked
        assert str(asked.value) not in str(error) or not asked.value


async def test_every_parameter_is_walked_but_the_names_of_things(app: FastAPI) -> None:
    """What a path names is there or is not: any text is a name."""
    walks = {(one.path, one.method, one.name) for one in walked(app.openapi())}
    left = {
        one["name"]
        for path, operations in app.openapi()["paths"].items()
        for method, operation in operations.items()
        for one in operation.get("parameters", ())
        if (path, method, one["name"]) not in walks
    }
    assert left == FREE


async def test_a_refusal_is_described_in_the_form_in_which_it_comes(app: FastAPI) -> None:
    paths = app.openapi()["paths"]
    of_lists = paths["/v1/cases"]["get"]["responses"]["400"]
    assert "application/problem+json" in of_lists["content"]
    assert "422" not in paths["/v1/cases"]["get"]["responses"]
    of_registry = paths["/registry/schemas/ids/{schema_id}"]["get"]["responses"]["400"]
    assert "RegistryAnswer" in str(of_registry)
    assert "Problem" not in str(of_registry)


async def test_what_is_no_json_is_told_without_a_place_in_it(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/work/k/file", content=b"{", headers={"content-type": "application/json"}
    )
    assert answer.json()["errors"][0]["pointer"] == "/body"
    answer = await client.post(
        "/registry/subjects/x/versions", content=b"{", headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["error_code"]) == (422, 42201)


def said_in(answer: httpx.Response, path: str) -> str:
    """What a refusal says, in the form of its path."""
    body = answer.json()
    if path.startswith("/registry"):
        assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
        assert body["error_code"] == answer.status_code
        return str(body["message"])
    assert answer.headers["content-type"] == "application/problem+json"
    assert (body["status"], body["code"]) == (answer.status_code, "invalid_parameter")
    return "; ".join(f"{one['pointer']} {one['detail']}" for one in body["errors"])


async def asked_of_all(app: FastAPI, client: httpx.AsyncClient, query: str) -> Any:
    """Every operation of the description, asked with the query: its path, parameters, answer."""
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            named = {
                one["name"]: "array" in str(one["schema"])
                for one in operation.get("parameters", ())
                if one["in"] == "query"
            }
            url = re.sub(r"\{\w+\}", "1", path)
            yield path, named, await client.request(method, f"{url}?{query}")


async def test_an_unknown_parameter_is_refused_with_the_known_ones_that_are_described(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    walked_paths = []
    async for path, named, answer in asked_of_all(app, client, "limt=1"):
        assert answer.status_code == 400, path
        says = said_in(answer, path)
        assert says.count("/query/limt unknown") == 1
        known = f"known here: {', '.join(sorted(named))}" if named else "none is known here"
        assert known in says, path
        walked_paths.append(path)
    assert len(walked_paths) > 60


def every_route(app: FastAPI) -> Iterator[tuple[str, str]]:
    """Method and path of all that an application serves, described or not."""
    for one in app.router.routes:
        included = getattr(one, "effective_candidates", None)
        routes: list[Any] = included() if included else [one]
        for route in routes:
            yield from ((method, route.path) for method in sorted(route.methods))


async def test_an_unknown_parameter_is_refused_on_every_route_of_the_gateway() -> None:
    """The API, the registry, pages, their files, the development issuer, and the probes' port."""
    settings = Settings(database_url="postgresql://127.0.0.1:1/none", console_issuer="development")
    app = create_app(settings)
    seen = set()
    for one in (app, create_probes(app.state.gateway)):
        transport = httpx.ASGITransport(one)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for method, path in every_route(one):
                answer = await client.request(method, filled(path) + "?nonsense=1")
                # HEAD answers as GET does, without the words.
                says = answer.text if method != "HEAD" else "/query/nonsense"
                refused = answer.status_code == 400 and "/query/nonsense" in says
                assert refused != (path in OF_OTHERS), (method, path, answer.text)
                seen.add(path)
    assert len(seen) > 120
    assert {"/openapi.json", "/metrics", "/console/search", "/registry/subjects"} | OF_OTHERS < seen


@pytest.mark.slow
async def test_a_parameter_given_twice_or_with_a_nul_is_refused_on_every_route(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    """Which of two would count is not for a server to guess."""
    seen = 0
    for path, operations in app.openapi()["paths"].items():
        for method, operation in operations.items():
            url = re.sub(r"\{\w+\}", "1", path)
            for one in operation.get("parameters", ()):
                if one["in"] == "path" and one["schema"].get("type") == "string":
                    nul = re.sub(r"\{\w+\}", "1", path.replace(f"{{{one['name']}}}", "%00"))
                    answer = await client.request(method, nul)
                    assert answer.status_code == 400, nul
                    assert f"/path/{one['name']}" in said_in(answer, path)
                if one["in"] != "query":
                    continue
                seen += 1
                twice = f"{one['name']}=1&{one['name']}=2"
                if "array" not in str(one["schema"]):
                    answer = await client.request(method, f"{url}?{twice}")
                    assert answer.status_code == 400, (path, twice)
                    assert "given more than once" in said_in(answer, path)
                answer = await client.request(method, f"{url}?{one['name']}=%00")
                assert answer.status_code == 400, (path, one["name"])
                assert f"/query/{one['name']}" in said_in(answer, path)
    assert seen > 20


@pytest.mark.slow
async def test_a_method_that_a_path_does_not_take_is_told_those_that_it_does(
    app: FastAPI, client: httpx.AsyncClient
) -> None:
    paths = app.openapi()["paths"]
    by_url: dict[str, set[str]] = {}
    for path, operations in paths.items():
        by_url.setdefault(re.sub(r"\{\w+\}", "1", path), set()).update(map(str.upper, operations))
    for url, methods in by_url.items():
        for method in {"DELETE", "PUT", "PATCH", "OPTIONS", "TRACE", "GET", "POST"} - methods:
            answer = await client.request(method, url)
            assert answer.status_code == 405, (method, url)
            assert set(answer.headers["allow"].split(", ")) == methods, url


@pytest.mark.parametrize("path", ["/registry/nowhere", "/registry/subjects/a/b/c", "/registry/x/"])
async def test_what_is_not_there_below_the_registry_is_said_in_its_form(
    client: httpx.AsyncClient, path: str
) -> None:
    answer = await client.get(path)
    assert (answer.status_code, answer.json()["error_code"]) == (404, 404)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"


async def test_what_is_unforeseen_below_the_registry_is_said_in_its_form(
    app: FastAPI, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.state.gateway, "schemas", None)
    answer = await client.get("/registry/subjects")
    assert (answer.status_code, answer.json()["error_code"]) == (500, 500)
    assert answer.headers["content-type"] == "application/vnd.schemaregistry.v1+json"
    assert "NoneType" not in answer.text
