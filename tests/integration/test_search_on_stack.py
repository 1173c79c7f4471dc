"""Operations staff look for a case of any agency from the shell that `casebus env admin` makes."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from onebox.testing import Stack
from tests.integration.street import AMR, PSB, Bus, opened

pytestmark = [pytest.mark.connected, pytest.mark.timeout(180)]


def run(stack: Stack, *words: str, user: str = "admin") -> Any:
    return CliRunner().invoke(main, [*words], env=stack.environment(user))


def said(stack: Stack, *words: str) -> Any:
    done = run(stack, *words, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def test_a_case_of_any_agency_is_found_and_followed_without_its_bodies(bus: Bus) -> None:
    number = f"杭西市监移〔2026〕{uuid4().int % 10**9}号"
    data = {"title": "涉嫌销售假冒", "numbers": [{"kind": "letter_no", "value": number}]}
    stream, record = opened(bus, data=data)
    stack = bus.stack
    for words in (
        ("--number", number),
        ("--number", number, "--title", "移送"),
        ("--number", number, "--status", "sent", "--of", AMR, "--procedure", "referral"),
    ):
        found = said(stack, "cases", *words)
        assert ([one["id"] for one in found["items"]], found["total"]) == ([stream], 1)
    assert said(stack, "cases", "--number", number, "--status", "filed")["total"] == 0
    counted = said(stack, "cases", "--number", number, "--count", "status")
    assert counted["items"] == [{"value": "sent", "count": 1}]
    history = said(stack, "history", number)
    assert {str(one["data"]) for one in history["events"]} == {"{}"}
    [sent] = [one for one in history["events"] if one["type"] == "casebus.referral.sent.v1"]
    assert (sent["source"], PSB in sent["recipients"]) == (AMR, True)
    event = dict(record.headers)["ce_id"].decode()
    assert said(stack, "receipts", event, "--source", AMR)["submitted"]["index"] >= 0
    shown = run(stack, "cases", "--number", number)
    assert number in shown.stdout
    assert "1 of 1" in shown.stdout


def test_a_word_that_nobody_knows_ends_in_an_error_that_names_the_known_ones(bus: Bus) -> None:
    done = run(bus.stack, "cases", "--status", "flied")
    assert (done.exit_code, "invalid_parameter" in done.output) == (1, True)
    assert "filed" in done.output
    done = run(bus.stack, "work", "list")
    assert (done.exit_code, "agencies_only" in done.output) == (1, True)


def test_the_operators_key_is_of_no_agency(stack: Stack) -> None:
    environment = stack.environment("admin")
    assert environment["CASEBUS_API_KEY"]
    assert "CASEBUS_AGENCY" not in environment
    assert stack.environment("cn-330108-amr")["CASEBUS_API_KEY"] != environment["CASEBUS_API_KEY"]
