"""Operators: whose a key is, and what one that is nobody's may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI

from gateway.identity import __main__ as issuing
from gateway.identity.caller import Principal, principal
from gateway.runtime.context import looking_of
from storage.operators import name_of, person_of


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    app.dependency_overrides[looking_of] = lambda: None
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
        yield client


@pytest.mark.parametrize(
    "spelled",
    ["Li Wang", " li wang", "LI WANG", "ｌｉ　ｗａｎｇ", "li-wang", "li_wang", "Li\u200bWang"],
)
def test_one_name_is_one_person_however_it_is_written(spelled: str) -> None:
    assert person_of(f"admin/{spelled}") == person_of("admin/li wang")


def test_other_names_are_other_persons() -> None:
    assert len({person_of(one) for one in ("ops-1", "ops-2", "ops-11", "李伟", "李玮")}) == 5


@pytest.mark.parametrize("label", ["", " ", "-", "\u200b"])
def test_a_label_that_names_nobody_makes_no_person(label: str) -> None:
    assert name_of(label) == "admin"


@pytest.mark.slow
@pytest.mark.parametrize("path", ["/v1/redrives", "/v1/redrives/1/agree", "/v1/redrives/1/decline"])
async def test_a_key_that_is_nobody_s_own_asks_and_decides_nothing(
    app: FastAPI, client: httpx.AsyncClient, path: str
) -> None:
    app.dependency_overrides[principal] = lambda: Principal("admin", None)
    answer = await client.post(path, json={"places": ["0-0"], "why": "mended"})
    assert (answer.status_code, answer.json()["code"]) == (403, "nameless_operator")


def test_an_operator_s_key_is_not_issued_without_a_name(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gateway.identity", "issue", "admin", "--label", " "])
    with pytest.raises(SystemExit):
        issuing.main()
    assert "--label" in capsys.readouterr().err
