from __future__ import annotations

import json
from collections.abc import Callable

import httpx
import pytest

from casebus.errors import CasebusError
from casebus.sdk.gateway import Gateway
from casebus.settings import Settings

CASE = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
Handler = Callable[[httpx.Request], httpx.Response]


def gateway(handler: Handler) -> Gateway:
    settings = Settings(gateway_url="http://gateway.test/", api_key="key", patience_seconds=0)
    return Gateway(settings, httpx.MockTransport(handler))


def test_pages_are_followed_to_the_last() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        at = int(request.url.params.get("cursor", "0"))
        page = {"items": [{"n": at}], "next": None if at == 2 else str(at + 1)}
        return httpx.Response(200, json=page)

    assert [one["n"] for one in gateway(handler).history(CASE)] == [0, 1, 2]


def test_the_api_key_goes_with_every_request() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return httpx.Response(200, json={"items": []})

    list(gateway(handler).cases(number="1号"))
    assert seen == ["Bearer key"]


def test_a_problem_is_an_error_of_its_own_code_with_its_places() -> None:
    body = {
        "code": "invalid_data",
        "title": "The data does not fit",
        "errors": [{"pointer": "/data/note", "detail": "not a string"}],
    }

    with pytest.raises(CasebusError) as refused:
        gateway(lambda _: httpx.Response(422, json=body)).submit({})
    assert refused.value.code == "invalid_data"
    assert "/data/note not a string" in refused.value.detail


def test_an_answer_that_is_no_problem_is_an_error_all_the_same() -> None:
    with pytest.raises(CasebusError, match="gateway_failed"):
        gateway(lambda _: httpx.Response(502, text="<html>")).case(CASE)


def test_a_gateway_that_does_not_answer_is_said() -> None:
    def handler(_: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused")

    with pytest.raises(CasebusError, match=r"gateway_unreachable.*gateway\.test"):
        gateway(handler).case(CASE)


def test_a_case_is_found_by_its_id_without_asking_and_by_a_number_as_it_is_typed() -> None:
    asked: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.raw_path.decode())
        return httpx.Response(200, json={"items": [{"case": CASE}, {"case": CASE}]})

    client = gateway(handler)
    assert client.resolve(CASE.upper()) == CASE
    assert not asked
    assert client.resolve("（2025）浙0106刑初12号/2") == CASE
    assert asked[0].endswith("%2F2")


@pytest.mark.parametrize(
    ("cases", "code"), [([], "not_found"), ([{"case": "a"}, {"case": "b"}], "number_ambiguous")]
)
def test_a_number_that_names_no_case_or_several_is_an_error(
    cases: list[dict[str, str]], code: str
) -> None:
    with pytest.raises(CasebusError, match=code):
        gateway(lambda _: httpx.Response(200, json={"items": cases})).resolve("1号")


def test_waiting_for_an_event_ends_with_its_outcome_or_with_the_time() -> None:
    answers = [httpx.Response(404), httpx.Response(200, json={"status": "journaled"})]
    client = gateway(lambda _: answers.pop(0))
    assert client.await_event("a", "b", 5)["status"] == "journaled"
    assert gateway(lambda _: httpx.Response(404)).await_event("a", "b", 0)["status"] == "pending"


def test_an_action_carries_what_the_officer_saw_and_said() -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/work/k/ask_supplement"
        return httpx.Response(202, json={"status": "pending", "body": json.loads(request.content)})

    outcome = gateway(handler).act("k", "ask_supplement", {"version": 3})
    assert (outcome["status"], outcome["body"]) == ("pending", {"version": 3})


HTML = {"content-type": "text/html"}
PORTAL = "<html>请登录 Access denied</html>".encode("gb18030")
ZIP = b"PK\x05\x06" + bytes(18)


@pytest.mark.parametrize(
    ("status", "headers", "body"),
    [
        (200, HTML, PORTAL),
        (200, {}, b""),
        (200, {}, b"[]"),
        (200, {}, b"{}"),
        (200, {}, b'{"items": "login"}'),
        (200, {}, b'{"items": ["login"]}'),
        (200, {}, b'{"items": [{"a": 1'),
        (302, {"location": "http://login.portal/?next=a"}, b""),
        (511, HTML, PORTAL),
        (404, HTML, PORTAL),
        (403, HTML, PORTAL),
        (200, {}, ZIP[:-1]),
    ],
)
def test_whatever_a_proxy_answers_in_the_gateway_s_place_is_no_answer(
    status: int, headers: dict[str, str], body: bytes
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(status, headers=headers, content=body)

    asks: list[Callable[[Gateway], object]] = [
        lambda one: list(one.cases()),
        lambda one: one.work_page(status="open", case=None, limit=1, cursor=None)["items"],
        lambda one: one.evidence(CASE),
        lambda one: one.repeated_numbers(),
    ]
    for ask in asks:
        with pytest.raises(CasebusError) as refused:
            ask(gateway(answer))
        assert refused.value.code in {"gateway_failed", "not_found", "not_allowed"}
        assert "proxy" in refused.value.detail
        assert "next=a" not in refused.value.detail


def test_evidence_is_taken_where_it_is_a_zip() -> None:
    assert gateway(lambda _: httpx.Response(200, content=ZIP)).evidence(CASE) == ZIP


@pytest.mark.parametrize("name", ["", " ", ".", "..", "x" * 100_000])
def test_what_can_be_no_name_is_not_found_and_nothing_else_is_asked(name: str) -> None:
    def never(request: httpx.Request) -> httpx.Response:
        raise AssertionError(request.url)

    for ask in (gateway(never).resolve, gateway(never).work_item, gateway(never).matches):
        with pytest.raises(CasebusError, match="not_found"):
            ask(name)
