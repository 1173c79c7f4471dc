"""What a command needs is away, one thing at a time, on a stack whose other parts answer.

That nothing at all answers, for every command: tests/unit/test_cli_away.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from click.testing import CliRunner, Result

from casebus.cli.ends import AWAY
from casebus.cli.main import main
from casebus.kafka import connection, directory
from casebus.settings import Settings
from onebox import environment
from onebox.testing import Stack
from tests import commands
from tests.integration.test_import_on_stack import EXAMPLES, row, spreadsheet
from tests.wire import Wire

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.timeout(300)]
AGENCY = "cn-330106-amr"
MAPPING = str(EXAMPLES / "referrals-2025.mapping.yaml")

ASK_GATEWAY = [
    ["history", commands.CASE],
    ["receipts", commands.CASE],
    ["evidence", commands.CASE],
    ["matches", commands.CASE],
    ["recall", commands.CASE, "--reason", "误送"],
    ["stats"],
    ["work", "list"],
    ["work", "show", commands.CASE],
    ["work", "accept", commands.CASE],
    ["inbox", "--from", "gateway"],
    ["witness", "--once"],
    ["publish", "--type", "case.noted", "--case", "无此文号〔2026〕1号"],
]
ASK_KAFKA = [
    ["inbox"],
    ["inbox", "--ack"],
    ["publish", "--type", "case.noted", "--note", "x"],
    ["publish", "--resend"],
    ["verify"],
    ["rebuild", "--compare-only"],
    ["backup", "backups"],
    pytest.param(["year", "--load", "--cases", "1", "--patience", "0"], marks=pytest.mark.long),
    ["keys", "list"],
    ["keys", "delegates", AGENCY],
]
ASK_DATABASE = [
    ["verify"],
    ["rebuild", "--compare-only"],
    ["backup", "backups"],
    ["law", "show"],
    ["law", "void", "--author", "x", "--reason", "x"],
    ["law", "reinterpret", commands.CASE, "--law", "0", "--reason", "x"],
    pytest.param(["year", "--load", "--cases", "1", "--patience", "0"], marks=pytest.mark.long),
]
OPERATORS = {"verify", "rebuild", "backup", "year", "keys", "law"}


class Desk:
    """A developer's shell, and an operator's beside it."""

    def __init__(self, stack: Stack, folder: Path) -> None:
        self.stack, self.folder = stack, folder
        self.env = stack.environment(AGENCY) | {
            "CASEBUS_HOME": str(folder),
            "CASEBUS_PATIENCE_SECONDS": "0",
            "CASEBUS_ACTOR": "officer-1",
        }

    def run(self, *words: str, **changed: str) -> Result:
        env = {**self.env, **changed}
        if words[0] in OPERATORS:
            env |= self.stack.environment("admin") | {"CASEBUS_PATIENCE_SECONDS": "0"} | changed
        return CliRunner().invoke(main, [*words, "--json"], env=env)

    def told(self, *words: str, **changed: str) -> Any:
        done = self.run(*words, **changed)
        assert done.exit_code == 0, done.output
        return json.loads(done.stdout)


@pytest.fixture
def office(stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(connection, "_BOOTSTRAP_MS", 500)
    monkeypatch.setattr(directory, "_START_SECONDS", 0.5)
    return Desk(stack, tmp_path)


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address that is taken, and at which nobody answers."""
    with Wire(0) as wire:
        yield wire.address


@pytest.mark.parametrize("words", ASK_GATEWAY, ids=" ".join)
def test_a_command_whose_gateway_is_away_says_so(
    words: list[str], office: Desk, nobody: str
) -> None:
    done = office.run(*words, CASEBUS_GATEWAY_URL=f"http://{nobody}")
    assert commands.assert_clear(done, words, AWAY)["code"] == "gateway_unreachable"


def operators(monkeypatch: pytest.MonkeyPatch, **away: str) -> None:
    """Operators' commands take the addresses from the home."""
    real = environment.admin_settings

    def admin_settings(*of: Any) -> Settings:
        return real(*of).model_copy(update=away)

    monkeypatch.setattr(environment, "admin_settings", admin_settings)


@pytest.mark.parametrize("words", ASK_KAFKA, ids=" ".join)
def test_a_command_whose_brokers_are_away_says_so(
    words: list[str], office: Desk, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators(monkeypatch, kafka_bootstrap=nobody)
    if words == ["publish", "--resend"]:
        office.run("publish", "--type", "case.noted", CASEBUS_KAFKA_BOOTSTRAP=nobody)
    done = office.run(*words, CASEBUS_KAFKA_BOOTSTRAP=nobody)
    found = commands.assert_clear(done, words, AWAY)
    assert found["code"] in {"kafka_unreachable", "directory_unread"}
    assert ("--resend" in found["detail"]) == (words[0] == "publish")


@pytest.mark.parametrize("words", ASK_DATABASE, ids=" ".join)
def test_a_command_whose_database_is_away_says_so(
    words: list[str], office: Desk, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators(monkeypatch, database_url=f"postgresql://owner:x@{nobody}/casebus")
    done = office.run(*words)
    assert commands.assert_clear(done, words, AWAY)["code"] == "database_unavailable"


def test_status_and_doctor_say_what_is_away_and_go_on(
    office: Desk, nobody: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    operators(
        monkeypatch,
        kafka_bootstrap=nobody,
        database_url=f"postgresql://owner:x@{nobody}/casebus",
    )
    home = str(office.stack.home.path)
    commands.assert_clear(office.run("status", "--home", home), ["status"])
    done = office.run("doctor", "--home", home)
    commands.assert_clear(done, ["doctor"], 1)
    wrong = {one["name"] for one in json.loads(done.stdout) if one["verdict"] == "wrong"}
    assert wrong >= {"brokers", "database"}


def numbers(name: str, count: int) -> list[str]:
    return [f"杭西市监移〔2025〕{name}{at}号" for at in range(count)]


def imported(office: Desk, env: Mapping[str, str], file: str) -> subprocess.Popen[str]:
    words = ["import", file, "--mapping", MAPPING, "--agency", AGENCY, "--patience", "120"]
    return subprocess.Popen(
        [sys.executable, "-m", "casebus.cli.main", *words, "--json"],
        env={**office.env, **env, "PATH": ""},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def admin(office: Desk) -> dict[str, str]:
    """The installation's account signs for every agency of the file; the key is the agency's."""
    key = {"CASEBUS_API_KEY": office.stack.api_key(AGENCY), "CASEBUS_HOME": str(office.folder)}
    return office.stack.environment("admin") | key


def test_an_import_goes_on_through_connections_that_are_reset_and_loses_and_doubles_nothing(
    office: Desk,
) -> None:
    file = spreadsheet(office.folder, *map(row, numbers("重置", 24)))
    port = urlsplit(office.stack.gateway_url).port or 0
    with Wire(port, answers=(0, 2, 0, 1)) as wire:
        wire.mend()
        env = admin(office) | {"CASEBUS_GATEWAY_URL": f"http://{wire.address}"}
        run = imported(office, env, file)
        out, errors = run.communicate(timeout=200)
    assert run.returncode == 0, errors
    done = json.loads(out)
    assert (done["rows_taken"], done["rows_refused"], done["unsent"]) == (24, 0, 0)
    # Fifty rows are asked about at once, and half of the connections lose the answer.
    assert wire.resets >= 1
    words = ["import", file, "--mapping", MAPPING, "--agency", AGENCY]
    again = office.told(*words, **admin(office))
    assert (again["rows_unchanged"], again["events"], again["unsent"]) == (24, 0, 0)


def test_an_import_waits_for_brokers_that_are_away_says_so_and_goes_on(office: Desk) -> None:
    file = spreadsheet(office.folder, *map(row, numbers("等待", 3)))
    bootstrap = office.stack.environment("admin")["CASEBUS_KAFKA_BOOTSTRAP"]
    with Wire(int(bootstrap.rpartition(":")[2])) as wire:
        run = imported(office, admin(office) | {"CASEBUS_KAFKA_BOOTSTRAP": wire.address}, file)
        assert run.stderr is not None
        first = run.stderr.readline()
        wire.mend()
        out, errors = run.communicate(timeout=200)
    assert first.startswith("kafka_unreachable: no answer from 127.0.0.1")
    assert "; waiting up to" in first
    assert "it answers again: going on" in errors
    assert (run.returncode, json.loads(out)["rows_taken"]) == (0, 3)
