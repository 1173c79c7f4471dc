"""A published list, from the supervisor's terminal to the office's desk and back."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner

from casebus.cli.main import main
from onebox.testing import Stack
from tests.integration.street import gateway_clients
from tests.integration.test_gateway import event, journaled, submit

pytestmark = [pytest.mark.connected, pytest.mark.timeout(240)]
SUP, OFFICE, NAME = "cn-330100-sup", "cn-330102-amr", "杭州市上城区市场监督管理局"
PATIENCE = 60.0
WORK = ("work", "list", "--limit", "200")


class Terminal:
    """An agency's shell, as `casebus env` sets it."""

    def __init__(self, stack: Stack, agency: str, folder: Path) -> None:
        self._environment = stack.environment(agency) | {
            "CASEBUS_HOME": str(folder),
            "CASEBUS_ACTOR": "officer-17",
        }

    def run(self, *arguments: str) -> Any:
        done = CliRunner().invoke(main, [*arguments, "--json"], env=self._environment)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)

    def until(self, fits: Callable[[Any], bool], *arguments: str) -> Any:
        deadline = time.monotonic() + PATIENCE
        while True:
            found = self.run(*arguments)
            if fits(found) or time.monotonic() > deadline:
                return found
            time.sleep(0.3)


def test_a_list_is_dropped_in_asked_answered_and_counted(stack: Stack, tmp_path: Path) -> None:
    mark = uuid4().hex[:6].upper()
    numbers = [f"杭上市监罚〔2026〕{mark}{at}号" for at in range(3)]
    rows = [f"{NAME},{number},2026-03-02,某店" for number in numbers]
    path = tmp_path / "list.csv"
    path.write_text(
        "\n".join(["处罚机关,行政处罚决定书文号,处罚决定日期,当事人", *rows]), "gb18030"
    )
    supervisor, office = (Terminal(stack, one, tmp_path) for one in (SUP, OFFICE))
    with gateway_clients(stack, [OFFICE]) as clients:
        _enter(clients[OFFICE], numbers[0])
        done = supervisor.run("penalties", "ask", str(path))
        assert done["outcomes"] == {"asked_now": 2, "entered": 1}
        cases = {one["number"]: one["case"] for one in done["rows"]}
        asked = office.until(lambda page: set(_items(page, mark)) == set(numbers[1:]), *WORK)
        items = _items(asked, mark)
        assert list(items[numbers[1]]["actions"]) == ["take", "explain"]
        # The same list again asks nothing.
        again = supervisor.run("penalties", "ask", str(path))
        assert again["outcomes"] == {"asked": 2, "entered": 1}
        reason = ("--set", "reason=NOT_IP", "--set", "grounds=价格违法")
        office.run("work", "explain", items[numbers[1]]["key"], *reason)
        _enter(clients[OFFICE], numbers[2])
    answered = {cases[numbers[1]]: "explained", cases[numbers[2]]: "entered"}

    def is_answered(found: list[dict[str, Any]]) -> bool:
        mine = {one["case"]: one["status"] for one in found if one["case"] in answered}
        return mine == answered

    assert is_answered(supervisor.until(is_answered, "penalties", "list", "--office", OFFICE))
    assert _items(office.run(*WORK), mark) == {}
    [counts] = [one for one in supervisor.run("penalties", "offices") if one["office"] == OFFICE]
    assert (counts["asked"], counts["explained"], counts["entered"]) == (2, 1, 1)


def _enter(client: Any, number: str) -> None:
    body = event(
        OFFICE,
        "penalty.decided",
        str(uuid4()),
        data={"numbers": [{"kind": "penalty_no", "value": number}]},
        legaltime="2026-03-02",
    )
    journaled(client, submit(client, body))


def _items(page: dict[str, Any], mark: str) -> dict[str, dict[str, Any]]:
    """The open questions of this test, by the number that they are about."""
    texts = ((one, number["value"]) for one in page["items"] for number in one["numbers"] or ())
    return {
        text.removeprefix(f"{OFFICE}: "): one
        for one, text in texts
        if one["duty"] == "enter_penalty" and mark in text
    }
