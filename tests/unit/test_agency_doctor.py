from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner

from casebus.cli import connect
from casebus.cli import doctor as command
from casebus.cli.main import main
from casebus.sdk.doctor import Check, examine
from casebus.sdk.gateway import Gateway
from casebus.sdk.store import Store, path_in
from casebus.settings import Settings

AMR = "cn-330106-amr"
CASE = "0190a1b2-0000-7000-8000-000000000001"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(agency=AMR, home=tmp_path, api_key="k")


def gateway(settings: Settings, *items: dict[str, Any], status: int = 200) -> Gateway:
    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.path == "/v1/sequences/repeated"
        return httpx.Response(status, json={"items": list(items)})

    return Gateway(settings, httpx.MockTransport(answer))


def repeated(source: str = AMR, case: str = CASE, times: int = 3) -> dict[str, Any]:
    return {"source": source, "case": case, "sequence": 1, "id": "x", "times": times, "at": "…"}


def found(settings: Settings, *items: dict[str, Any], status: int = 200) -> dict[str, Check]:
    with gateway(settings, *items, status=status) as asked:
        return {one.name: one for one in examine(settings, asked)}


def test_a_system_of_its_own_name_and_store_is_well(settings: Settings) -> None:
    assert {one.verdict for one in found(settings).values()} == {"ok"}
    Store.open(path_in(settings.home)).close()
    assert {one.verdict for one in found(settings).values()} == {"ok"}


def test_two_systems_under_one_name_are_told_once_with_what_to_do(settings: Settings) -> None:
    said = found(settings, repeated(), repeated(case="another", times=2))["sequence numbers"]
    assert said.verdict == "wrong"
    assert "5 numbers in 2 cases" in said.says
    assert "nothing is lost" in said.says
    assert f"source={AMR}/NAME" in said.remedy


def test_a_store_that_was_copied_from_another_machine_is_named_before_it_counts(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store.open(path_in(settings.home)).close()
    monkeypatch.setattr("casebus.sdk.doctor.machine", lambda: "second")
    said = found(settings)["local store"]
    assert (said.verdict, "was it copied?" in said.says) == ("warning", True)


def test_a_gateway_that_does_not_answer_is_a_finding(settings: Settings) -> None:
    assert found(settings, status=401)["sequence numbers"].verdict == "wrong"


def test_the_command_looks_at_the_agency_that_is_named(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connect, "Gateway", lambda one: gateway(one, repeated()))
    monkeypatch.setenv("CASEBUS_HOME", str(settings.home))
    done = CliRunner().invoke(main, ["doctor", "--agency", AMR])
    assert done.exit_code == 1, done.output
    assert "two systems publish under one name" in " ".join(done.output.split())
    # An install without the server part has no other doctor.
    monkeypatch.setattr(command, "entry_points", lambda **_: ())
    monkeypatch.setenv("CASEBUS_AGENCY", AMR)
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 1
