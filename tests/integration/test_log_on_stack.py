"""The log of another system through the whole street, killed on the way and loaded again."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import sqlite3
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from casebus.cases.reporting import KINDS
from casebus.sdk.gateway import Gateway
from casebus.sdk.importing.logs.entries import LogEntry
from casebus.sdk.importing.logs.xes import xes_entries
from casebus.sdk.store import path_in
from onebox.testing import Stack

log = logging.getLogger(__name__)
pytestmark = [pytest.mark.connected, pytest.mark.slow]
EXAMPLES = Path(__file__).parents[2] / "examples"
DISTRICT = "cn-330106-amr"
CASES = int(os.environ.get("LOG_CASES", "1200"))
PATIENCE = 240.0
#: What the example's mapping makes of activities that are no steps.
TYPES = {
    "移送报告": "casebus.referral.proposed.v1",
    "批准移送": "casebus.referral.approved.v1",
    "移送公安": "casebus.referral.sent.v1",
    "公安受理": "casebus.referral.accepted.v1",
    "立案": "casebus.referral.filed.v1",
}


def make(path: Path) -> dict[str, list[str]]:
    """A log of its own, so that no other test has its numbers; each case's activities in order."""
    spec = importlib.util.spec_from_file_location("make_log", EXAMPLES / "make_log.py")
    assert spec
    assert spec.loader
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    text = "".join(generator.lines(CASES)).replace("西市监案", "西旧案")
    path.write_text(text, encoding="utf-8")
    cases: dict[str, list[str]] = defaultdict(list)
    with path.open("rb") as file:
        for one in xes_entries(file):
            assert isinstance(one, LogEntry)
            if (activity := one.attributes["concept:name"]) != "数据迁移":
                cases[one.about["case:concept:name"]].append(activity)
    return cases


class Terminal:
    def __init__(self, stack: Stack, folder: Path, log: Path) -> None:
        self._home = folder / "home"
        self._environment = {**os.environ, **stack.environment("admin")} | {
            "CASEBUS_HOME": str(self._home),
            "CASEBUS_API_KEY": stack.api_key(DISTRICT),
        }
        mapping = str(EXAMPLES / "old-system.mapping.yaml")
        self._command = [sys.executable, "-m", "casebus.cli.main", "import", str(log)]
        self._command += ["--mapping", mapping, "--no-ask", "--json"]

    def load(self) -> Any:
        done = subprocess.run(
            self._command, env=self._environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def load_and_die(self, at_least: int) -> int:
        """Kill the import once it has done so many entries; how many it had."""
        with subprocess.Popen(self._command, env=self._environment) as running:
            while (done := self._position()) < at_least:
                assert running.poll() is None
                time.sleep(0.05)
            running.kill()
        return max(done, self._position())

    def _position(self) -> int:
        with suppress(sqlite3.OperationalError):
            uri = f"{path_in(self._home).as_uri()}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True)) as store:
                row = store.execute("select position from load").fetchone()
                return int(row[0]) if row else 0
        return 0


def wait_for(gateway: Gateway, number: str, events: int) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE
    while True:
        found = [str(one["case"]) for one in gateway.cases_with_number(number)]
        history = gateway.history(found[0]) if found else []
        own = [one for one in history if ".referral." in one["type"] or ".step_" in one["type"]]
        if len(own) >= events or time.monotonic() > deadline:
            return own
        time.sleep(0.2)


def summary_of(gateway: Gateway, import_id: str) -> dict[str, Any]:
    """What the bus says of the import, in its own stream."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        for one in gateway.history(import_id):
            if one["type"] == "casebus.import.summarised.v1":
                return dict(one["data"])
        time.sleep(0.5)
    raise AssertionError("the import was not summarised")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_log_killed_on_the_way_arrives_whole_once_and_in_its_order(
    stack: Stack, tmp_path: Path
) -> None:
    cases = make(tmp_path / "log.xes")
    total = sum(map(len, cases.values()))
    terminal = Terminal(stack, tmp_path, tmp_path / "log.xes")
    done_before = terminal.load_and_die(total // 3)
    begun = time.monotonic()
    done = terminal.load()
    assert done["resumed_at"] >= done_before >= total // 3
    assert (done["events"], done["corrections"]) == (total, 0)
    taken = time.monotonic() - begun
    with Gateway(stack.settings(DISTRICT)) as gateway:
        for number in [*list(cases)[-40:], *list(cases)[:: len(cases) // 40]]:
            history = wait_for(gateway, number, len(cases[number]))
            assert [one["type"] for one in history] == [
                TYPES.get(one, "casebus.proceeding.step_recorded.v1") for one in cases[number]
            ]
            steps = [one["data"]["step"] for one in history if "step" in (one["data"] or {})]
            assert steps == [one for one in cases[number] if one not in TYPES]
        rate = round((total - done["resumed_at"]) / taken)
        shown = time.monotonic() - begun
        log.info("%s events; sent at %s/s; all shown after %.0f s", total, rate, shown)
        again = terminal.load()
        assert (again["events"], again["rows_unchanged"]) == (0, total)
        summarised = summary_of(gateway, done["import_id"])
        assert summarised["told"] == [DISTRICT]
        assert {one["kind"] for one in summarised["found"]} <= set(KINDS)
        clocks = gateway.clocks(str(gateway.cases_with_number(number)[0]["case"]))
        assert all(one["historic"] for one in clocks)
