"""Operators: whose a key is, and what one that is nobody's may not do."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from casebus.errors import CasebusError
from gateway.identity import __main__ as issuing
from gateway.identity.caller import Principal, principal
from gateway.runtime.context import looking_of
from storage.operators import TwoPersonRule, name_of, person_of


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


RULE = TwoPersonRule(decided="was_decided", lapsed="is_over", within="a day")
ASKED: dict[str, Any] = {"asked_by": "admin/ops-1", "before": None, "is_fresh": True}


@pytest.mark.parametrize(
    ("by", "agreed"), [("admin/ops-2", True), ("admin/ops-2", False), ("admin/ops-1", False)]
)
def test_another_operator_agrees_and_whoever_asked_may_refuse(by: str, *, agreed: bool) -> None:
    RULE.check(by, agreed=agreed, **ASKED)


@pytest.mark.parametrize(
    ("asked", "by", "code"),
    [
        (ASKED, "admin/OPS-1", "second_person"),
        (ASKED | {"before": False}, "admin/ops-2", "was_decided"),
        (ASKED | {"is_fresh": False}, "admin/ops-2", "is_over"),
    ],
)
def test_nobody_agrees_alone_twice_or_late(asked: dict[str, Any], by: str, code: str) -> None:
    with pytest.raises(CasebusError) as refused:
        RULE.check(by, agreed=True, **asked)
    assert refused.value.code == code


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
