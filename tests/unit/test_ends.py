"""One table of exit codes: what a command's help and the documents say, and how it ends."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from casebus.cli import connect, ends, receipts, rejects
from casebus.cli.ends import AWAY, DONE, MISUSED, PENDING, REFUSED
from casebus.cli.main import main
from casebus.cli.output import code_of
from casebus.sdk.gateway import Gateway
from tests import commands

PAGE = Path(__file__).parents[2] / "docs" / "exit-codes.md"
ITEM = "5d2f6c1e-9a0b-5f5e-8c53-2b1b6f0f9a11"
WORK = {"key": ITEM, "case": commands.CASE, "version": 3, "actions": {"file": "x"}}
EVENT = {"source": "s", "id": "e"}
Answers = dict[tuple[str, str], Any]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command before a gateway that gives the answers put in first."""

    def ran(answers: Answers, *words: str) -> Result:
        def handler(request: httpx.Request) -> httpx.Response:
            return httpx.Response(200, json=answers[request.method, request.url.path])

        monkeypatch.setattr(
            connect, "Gateway", lambda one: Gateway(one, httpx.MockTransport(handler))
        )
        environment = {
            "CASEBUS_HOME": str(tmp_path),
            "CASEBUS_KEYS_DIR": str(tmp_path / "keys"),
            "CASEBUS_AGENCY": "cn-330106-psb",
            "CASEBUS_API_KEY": "k",
            "CASEBUS_ACTOR": "P-1",
        }
        done = CliRunner().invoke(main, list(words), env=environment)
        commands.assert_clear(done, words)
        return done

    return ran


def test_the_page_says_what_the_table_does() -> None:
    rows = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line[:2] == "| "]
    said = [tuple(one.strip() for one in row.strip("|").split("|")) for row in rows]
    every = [(str(code), meaning) for code, meaning in ends.MEANINGS.items()]
    particular = [
        (f"`casebus {name}`", str(code), meaning)
        for name, of in ends.OF.items()
        for code, meaning in of.items()
    ]
    assert [row for row in said if row[0].isdigit()] == every
    assert [row for row in said if row[0].startswith("`casebus")] == particular


def test_each_command_of_the_table_is_there_and_its_help_says_how_it_ends() -> None:
    there = {" ".join(words) for words in commands.every()}
    assert set(ends.OF) - there == {"work *"}
    said = " ".join(CliRunner().invoke(main, ["--help"]).output.split())
    assert all(f"{code} {meaning}" in said for code, meaning in ends.MEANINGS.items())
    for name, of in ends.OF.items():
        words = name.replace("*", "accept").split()
        said = " ".join(CliRunner().invoke(main, [*words, "--help"]).output.split())
        assert all(f"{code} where {why}" in said for code, why in of.items()), said


def test_every_command_that_is_called_wrongly_ends_with_2() -> None:
    for words in commands.every():
        done = CliRunner().invoke(main, [*words, "--no-such-option-of-any"])
        assert done.exit_code == MISUSED, (words, done.output)


def test_a_refusal_counts_more_than_what_is_pending_and_nothing_is_done() -> None:
    assert ends.worst([]) == DONE
    assert ends.worst([DONE, PENDING]) == PENDING
    assert ends.worst([PENDING, AWAY, DONE]) == AWAY
    assert ends.worst([REFUSED, PENDING, AWAY]) == REFUSED


@pytest.mark.parametrize(
    ("outcome", "code"),
    [
        ({"status": "done", "findings": []}, DONE),
        ({"status": "done", "findings": [{"severity": "INFO", "kind": "late"}]}, DONE),
        ({"status": "done", "findings": [{"severity": "WARNING", "kind": "late"}]}, REFUSED),
        ({"status": "pending", "findings": []}, PENDING),
    ],
)
def test_an_action_ends_as_what_became_of_its_event(
    run: Callable[..., Result], outcome: dict[str, Any], code: int
) -> None:
    answers = {
        ("GET", f"/v1/work/{ITEM}"): WORK,
        ("POST", f"/v1/work/{ITEM}/file"): {**outcome, "event": EVENT},
    }
    assert run(answers, "work", "file", ITEM, "--wait", "0").exit_code == code
    known = {"done": "journaled", "pending": "accepted"}[outcome["status"]]
    assert code_of({**outcome, "status": known}) == code


@pytest.mark.parametrize(
    ("answer", "row", "code"),
    [
        ("entered", "局,1号,2026-03-02,某店", DONE),
        ("explained", "局,1号,2026-03-02,某店", DONE),
        ("unknown_office", "局,1号,2026-03-02,某店", REFUSED),
        ("not_yours", "局,1号,2026-03-02,某店", REFUSED),
        ("unidentified", "局,1号,2026-03-02,某店", REFUSED),
        ("entered", "局,1号,2026-13-02,某店", REFUSED),
    ],
)
def test_a_list_of_which_nobody_can_be_asked_about_a_row_is_no_success(
    run: Callable[..., Result], tmp_path: Path, answer: str, row: str, code: int
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"处罚机关,行政处罚决定书文号,处罚决定日期,当事人\n{row}\n", encoding="utf-8")
    about = {"outcome": answer, "office": "", "question": "q", "case": None}
    answers: Answers = {("POST", "/v1/penalties/compare"): {"items": [about]}}
    done = run(answers, "penalties", "ask", str(path), "--dry-run", "--json")
    assert done.exit_code == code, done.output
    assert json.loads(done.stdout)["rows_read"] == 1


@pytest.mark.parametrize(("sendable", "code"), [(2, DONE), (1, REFUSED), (0, REFUSED)])
def test_records_that_were_named_and_cannot_be_sent_again_are_no_success(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, sendable: int, code: int
) -> None:
    monkeypatch.setattr(rejects, "_placed", lambda _, text: text)
    plan = {"redrive": 7, "records": [], "sendable": sendable, "seconds": 1.0}
    answers: Answers = {("POST", "/v1/redrives"): plan}
    done = run(answers, "rejects", "redrive", "0-1", "0-2", "--why", "mended", "--json")
    assert done.exit_code == code, done.output


@pytest.mark.parametrize(
    ("proved", "words", "code"),
    [([1, 2], ["--proof"], DONE), ([1], ["--proof"], PENDING), ([], [], DONE)],
)
def test_a_step_that_no_head_covers_yet_is_not_known_yet(
    run: Callable[..., Result],
    monkeypatch: pytest.MonkeyPatch,
    proved: list[int],
    words: list[str],
    code: int,
) -> None:
    monkeypatch.setattr(receipts, "_checked", lambda *_: dict.fromkeys(proved))
    answers: Answers = {
        ("GET", "/v1/events/cn-330106-psb/e/receipts"): {
            "submitted": {"at": None},
            "relayed": {"at": ""},
        }
    }
    assert run(answers, "receipts", "e", "--json", *words).exit_code == code


def test_a_round_of_a_ferry_that_refused_a_file_is_no_success(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    home = ("--home", str(tmp_path / "ferry"))
    side = ("--side", "office", "--agency", "cn-330106-psb", "--sector", "police")
    assert run({}, "ferry", "init", *side, *home).exit_code == DONE
    assert run({}, "ferry", "peer", "ab" * 32, *home).exit_code == DONE
    assert run({}, "ferry", "run", "--once", *home).exit_code == DONE
    foreign = tmp_path / "ferry" / "inbox" / "合同扫描.zip"
    foreign.write_bytes(b"no bundle")
    os.utime(foreign, (1, 1))
    assert run({}, "ferry", "run", "--once", *home).exit_code == REFUSED
    # It is put away, and told once.
    assert run({}, "ferry", "run", "--once", *home).exit_code == DONE
