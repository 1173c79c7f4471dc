"""Statistics over HTTP on the whole stack."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from click.testing import CliRunner
from openpyxl import load_workbook

from casebus.cli.main import main
from onebox.testing import Stack
from tests.integration.test_gateway import AMR, BOTH, PSB, event, submit, until

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {stack.api_key(AMR)}"}
    with httpx.Client(base_url=stack.gateway_url, headers=headers, timeout=30) as client:
        yield client


@pytest.fixture(scope="module")
def sent(client: httpx.Client) -> dict[str, Any]:
    """A transfer of a trade mark case, recorded."""
    body = {"offence": "214", "rights": [{"kind": "TRADEMARK"}], "title": "案"}
    one = event(AMR, "referral.sent", to=" ".join(sorted(BOTH)), data=body, legaltime="2026-03-02")
    assert submit(client, one).status_code == 202
    path = f"/v1/events/{AMR}/{quote(one['id'])}"
    until(client, path, lambda seen: seen["status"] == "journaled")
    asked = {"indicator": "transfers_sent", "by": "offence"}
    until(
        client,
        f"/v1/stats?{httpx.QueryParams(asked)}",
        lambda seen: any(row.get("offence") == "214" for row in seen["indicators"][0]["rows"]),
    )
    return one


def test_figures_carry_the_division_that_the_directory_says(
    client: httpx.Client, sent: dict[str, Any]
) -> None:
    asked = {"indicator": "transfers_sent", "by": "division,month", "to": "2026-03-31"}
    found = client.get("/v1/stats", params=asked).json()
    rows = found["indicators"][0]["rows"]
    assert {"division": "330108", "month": "2026-03"}.items() <= rows[0].items()
    assert rows[-1]["value"] == sum(row["value"] for row in rows[:-1])
    assert found["view"] == "own"
    assert len(found["law"]) == len(found["definitions"]) == 64


def test_csv_and_a_workbook_are_answered_by_accept(
    client: httpx.Client, sent: dict[str, Any]
) -> None:
    asked = {"indicator": "transfers_sent", "by": "month"}
    as_csv = client.get("/v1/stats", params=asked, headers={"Accept": "text/csv"})
    assert as_csv.headers["content-type"] == "text/csv; charset=utf-8"
    [head, first, *_] = csv.reader(io.StringIO(as_csv.text.removeprefix("\ufeff")))
    assert dict(zip(head, first, strict=True))["indicator"] == "transfers_sent"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    as_book = client.get("/v1/stats", params=asked, headers={"Accept": kind})
    assert as_book.headers["content-type"] == kind
    assert load_workbook(io.BytesIO(as_book.content)).worksheets[0]["A2"].value == "transfers_sent"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"indicator": "nothing"}, "unknown_indicator"),
        ({"by": "weekday"}, "invalid_parameter"),
        ({"as_of": "2026-03-02T10:00:00"}, "invalid_parameter"),
        ({"view": "shared", "from": "2026-03-02"}, "invalid_parameter"),
        ({"view": "shared", "division": "33010x"}, "invalid_parameter"),
        ({"from": "2026-02-30"}, "invalid_parameter"),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    asked: dict[str, str], code: str, client: httpx.Client
) -> None:
    assert client.get("/v1/stats", params=asked).json()["code"] == code


def test_without_a_key_there_are_no_figures(stack: Stack) -> None:
    for path in ("/v1/stats", "/v1/stats/indicators"):
        assert httpx.get(f"{stack.gateway_url}{path}").status_code == 401


def test_the_commands_make_tables_a_report_and_logs(
    stack: Stack, sent: dict[str, Any], tmp_path: Path
) -> None:
    environment = {
        **stack.environment("gateway"),
        "CASEBUS_AGENCY": PSB,
        "CASEBUS_API_KEY": stack.api_key(PSB),
        "CASEBUS_GATEWAY_URL": stack.gateway_url,
    }

    def run(*words: str) -> str:
        done = CliRunner().invoke(main, words, env=environment)
        assert done.exit_code == 0, done.output
        return done.stdout

    shown = json.loads(run("stats", "--by", "month", "--indicator", "transfers_sent", "--json"))
    assert shown["agency"] == PSB
    assert shown["indicators"][0]["rows"][-1]["value"] >= 1
    report, log = tmp_path / "r.html", tmp_path / "log.xes"
    run("stats", "report", "--html", str(report), "--shared")
    assert "移送案件数" in report.read_text(encoding="utf-8")
    run("export", "--xes", str(log))
    assert sent["subject"] in log.read_text(encoding="utf-8")
