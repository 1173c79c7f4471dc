from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import click
import httpx
import pytest
from click.testing import CliRunner, Result

from casebus.cli import connect
from casebus.cli import main as entry
from casebus.cli.ends import PENDING
from casebus.cli.main import OWN, SERVER, main
from casebus.cli.output import json_option
from casebus.sdk.gateway import Gateway
from casebus.trust.keys import SigningKey
from tests import commands

CASEBOOKS = Path(__file__).parents[1] / "casebook"
CASE = "01985f2e-7c1a-7b3e-9a55-1f0c6d2b4e01"
ITEM = "5d2f6c1e-9a0b-5f5e-8c53-2b1b6f0f9a11"
WORK = {
    "key": ITEM,
    "case": CASE,
    "title": "决定是否立案",
    "version": 3,
    "due": "2026-03-08T16:00:00Z",
    "actions": {"file": "casebus.referral.filed.v1", "ask_supplement": "x"},
}
Answers = dict[tuple[str, str], tuple[int, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., Result]:
    environment = {
        "CASEBUS_HOME": str(tmp_path),
        "CASEBUS_KEYS_DIR": str(tmp_path / "keys"),
        "CASEBUS_AGENCY": "cn-330106-psb",
        "CASEBUS_ACTOR": "P-1",
    }
    return lambda *arguments: CliRunner().invoke(main, arguments, env=environment)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> tuple[Answers, list[tuple[str, Any]]]:
    """A gateway that gives the answers put in, and notes what was posted."""
    answers: Answers = {}
    posted: list[tuple[str, Any]] = []

    def handler(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            posted.append((request.url.path, json.loads(request.content)))
        status, body = answers.get((request.method, request.url.path), (404, {}))
        return httpx.Response(status, json=body)

    monkeypatch.setattr(connect, "Gateway", lambda one: Gateway(one, httpx.MockTransport(handler)))
    return answers, posted


@pytest.mark.parametrize("name", OWN)
def test_every_command_explains_itself(name: str, run: Callable[..., Result]) -> None:
    assert run(name, "--help").exit_code == 0
    assert import_module(OWN[name][0]).command.name == name


@pytest.mark.filterwarnings("error:The parameter")
def test_no_command_has_an_option_twice() -> None:
    for words in commands.every():
        assert CliRunner().invoke(main, [*words, "--help"]).exit_code == 0


def test_without_the_server_part_its_commands_say_so(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(entry, "_added", dict)
    for name in SERVER:
        done = run(name, "--any", "thing")
        assert done.exit_code == 1
        assert done.output.startswith("server_not_installed:")
        assert "make up" in done.output


@pytest.mark.parametrize(
    ("module", "sentence"),
    [("onebox", "needs the server part"), ("aiokafka", "needs the Python module aiokafka")],
)
def test_a_server_command_whose_module_is_missing_says_so(
    module: str, sentence: str, run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Entry:
        name = "up"

        def load(self) -> None:
            raise ModuleNotFoundError("no", name=module)

    monkeypatch.setattr(entry, "_added", lambda: {"up": Entry()})
    assert sentence in run("up").output


def test_a_word_that_is_no_command_is_a_usage_error(run: Callable[..., Result]) -> None:
    assert run("nonsense").exit_code == 2
    done = run("pubish", "--type", "case.noted")
    assert done.exit_code == 2
    assert "Did you mean publish?" in done.output


def _groups(group: click.Group, *way: str) -> Iterator[tuple[tuple[str, ...], list[str]]]:
    """Each group of commands, and their names."""
    ctx = click.Context(group)
    names = group.list_commands(ctx)
    yield way, names
    for name in names if "work" not in way else ():
        command = group.get_command(ctx, name)
        if isinstance(command, click.Group):
            yield from _groups(command, *way, name)


@pytest.mark.parametrize(("way", "names"), list(_groups(main)), ids=str)
def test_each_group_names_what_a_mistyped_command_may_have_meant(
    run: Callable[..., Result], way: tuple[str, ...], names: list[str]
) -> None:
    word = max(names, key=len)
    done = run(*way, word[:-2] + word[-1])
    assert done.exit_code == 2
    assert "did you mean" in done.output.lower()
    assert word in done.output
    assert "did you mean" not in run(*way, "xyzzyq").output.lower()


def test_an_error_is_a_code_and_a_sentence_and_json_when_json_was_asked_for(
    run: Callable[..., Result], asked: tuple[Answers, Any]
) -> None:
    plain, as_json = run("history", CASE), run("history", CASE, "--json")
    assert plain.exit_code == as_json.exit_code == 1
    assert plain.output.startswith("not_found")
    assert json.loads(as_json.output)["error"]["code"] == "not_found"


def test_history_shows_events_clocks_and_findings(
    run: Callable[..., Result], asked: tuple[Answers, Any]
) -> None:
    event = {
        "type": "casebus.referral.sent.v1",
        "source": "cn-330106-amr",
        "id": "e",
        "legal_time": "2026-03-02",
        "recipients": ["cn-330106-psb"],
        "findings": [{"kind": "out_of_procedure"}],
    }
    clock = {"id": "T08", "title": "决定", "state": "running", "due": "2026-03-05T16:00:00+00:00"}
    about = {"id": CASE, "status": "sent", "numbers": [{"kind": "letter_no", "value": "1号"}]}
    asked[0].update(
        {
            ("GET", "/v1/numbers/1号"): (200, {"items": [{"case": CASE}]}),
            ("GET", f"/v1/cases/{CASE}"): (200, about),
            ("GET", f"/v1/cases/{CASE}/history"): (200, {"items": [event]}),
            ("GET", f"/v1/cases/{CASE}/clocks"): (200, {"items": [clock]}),
        }
    )
    shown = run("history", "1号")
    assert shown.exit_code == 0, shown.output
    for text in (CASE, "移送", "referral.sent", "out_of_procedure", "T08", "2026-03-06 00:00"):
        assert text in shown.output
    told = json.loads(run("history", "1号", "--json").output)
    assert (told["case"]["status"], len(told["events"]), len(told["clocks"])) == ("sent", 1, 1)


@pytest.mark.parametrize("name", [ITEM, ITEM[:6], "杭西市监移〔2026〕1号"])
def test_an_action_goes_out_with_the_version_that_was_read(
    name: str, run: Callable[..., Result], asked: tuple[Answers, list[tuple[str, Any]]]
) -> None:
    answers, posted = asked
    path = f"/v1/work/{ITEM}/ask_supplement"
    other = {**WORK, "key": CASE, "actions": {"answer": "x"}}
    answers["GET", "/v1/work"] = 200, {"items": [WORK, other]}
    answers["GET", "/v1/numbers/杭西市监移〔2026〕1号"] = 200, {"items": [{"case": CASE}]}
    answers["GET", f"/v1/work/{ITEM}"] = 200, WORK
    outcome = {"status": "pending", "event": {"source": "s", "id": "e"}, "findings": []}
    answers["POST", path] = 202, outcome
    done = run(
        "work",
        "ask-supplement",
        name,
        "--note",
        "缺检验报告",
        "--set",
        "days=3",
        "--on",
        "2026/3/2",
        "--wait",
        "0.3",
    )
    assert done.exit_code == PENDING, done.output
    assert "pending" in done.output
    body = {
        "version": 3,
        "actor": "P-1",
        "data": {"note": "缺检验报告", "days": 3},
        "legal_time": "2026-03-02",
    }
    # It is asked again while it is pending; the gateway takes it once.
    assert len(posted) > 1
    assert posted == [(path, body)] * len(posted)


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2099-01-01", "legal_time_ahead"),
        ("2099年1月1日", "legal_time_ahead"),
        ("1948-12-31", "bad_date"),
        ("2026-W10-1", "bad_date"),
    ],
)
def test_no_command_takes_a_date_that_has_not_come_or_is_none(
    day: str, code: str, run: Callable[..., Result], asked: tuple[Answers, list[tuple[str, Any]]]
) -> None:
    answers, posted = asked
    answers["GET", f"/v1/work/{ITEM}"] = 200, WORK
    acted = run("work", "ask-supplement", ITEM, "--on", day)
    published = run("publish", "--type", "case.noted", "--case", CASE, "--on", day)
    for done in (acted, published):
        assert done.exit_code == 1
        assert done.output.startswith(code)
    assert posted == []


def test_a_text_that_looks_like_a_number_stays_a_text(
    run: Callable[..., Result], asked: tuple[Answers, list[tuple[str, Any]]]
) -> None:
    answers, posted = asked
    item = {**WORK, "actions": {"send": "casebus.referral.sent.v1"}}
    answers["GET", f"/v1/work/{ITEM}"] = 200, item
    outcome = {"status": "done", "event": {"source": "s", "id": "e"}, "findings": []}
    answers["POST", f"/v1/work/{ITEM}/send"] = 200, outcome
    done = run("work", "send", ITEM, "--set", "offence=214", "--set", "place=null")
    assert done.exit_code == 0, done.output
    assert posted[0][1]["data"] == {"offence": "214", "place": None}


def test_any_action_that_an_item_offers_is_a_word(
    run: Callable[..., Result], asked: tuple[Answers, list[tuple[str, Any]]]
) -> None:
    answers, posted = asked
    answers["GET", f"/v1/work/{ITEM}"] = 200, WORK
    problem = {"code": "work_changed", "detail": "its version is 4"}
    answers["POST", f"/v1/work/{ITEM}/file"] = 409, problem
    done = run("work", "file", ITEM, "--number", "case_no=杭西公立字〔2026〕1号", "--version", "2")
    assert (done.exit_code, done.output.strip()) == (1, "work_changed: its version is 4")
    assert posted[0][1]["version"] == 2
    assert posted[0][1]["data"]["numbers"][0]["kind"] == "case_no"


def test_what_several_ask_is_answered_once(
    run: Callable[..., Result], asked: tuple[Answers, list[tuple[str, Any]]]
) -> None:
    answers, posted = asked
    other, closed = ITEM.replace("5d2f", "6e30"), ITEM.replace("5d2f", "7f41")
    answers["GET", f"/v1/work/{ITEM}"] = 200, {**WORK, "alike": [other, closed]}
    answers["GET", f"/v1/work/{other}"] = 200, {**WORK, "key": other, "version": 7}
    answers["GET", f"/v1/work/{closed}"] = 200, {**WORK, "key": closed, "actions": {}}
    outcome = {"status": "done", "event": {"source": "s", "id": "e"}, "findings": []}
    answers["POST", f"/v1/work/{ITEM}/file"] = 200, outcome
    answers["POST", f"/v1/work/{other}/file"] = 200, {**outcome, "event": {"id": "f"}}
    words = ("work", "file", ITEM, "--version", "2", "--set", "reasons=x")
    done = run(*words)
    assert done.exit_code == 0, done.output
    assert "where the same is asked, done: event f" in done.output
    assert [one[1]["version"] for one in posted] == [2, 7]
    assert posted[0][1]["data"] == posted[1][1]["data"]
    answers["POST", f"/v1/work/{other}/file"] = 409, {"code": "work_changed", "detail": "4"}
    done = run(*words)
    assert done.exit_code == 1
    assert f"done on {ITEM}, and not on {other}" in done.output


def test_work_lists_items_with_their_actions(
    run: Callable[..., Result], asked: tuple[Answers, Any]
) -> None:
    numbered = {**WORK, "numbers": [{"kind": "letter_no", "value": "杭西市监移〔2026〕1号"}]}
    asked[0]["GET", "/v1/work"] = 200, {"items": [WORK, numbered]}
    shown = run("work", "list").output
    assert ITEM[:8] in shown
    assert CASE in shown
    assert "杭西市监移〔2026〕1号" in shown
    assert "file ask-supplement" in shown
    assert "2026-03-09 00:00" in shown


def test_a_key_is_made_once_and_never_overwritten(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    made = json.loads(run("keys", "new", "cn-330106-psb", "--json").output)
    path = tmp_path / "keys" / "cn-330106-psb.pem"
    assert SigningKey.load(path).keyid == made["keyid"]
    assert path.stat().st_mode & 0o077 == 0
    again = run("keys", "new", "cn-330106-psb")
    assert (again.exit_code, again.output[:10]) == (1, "key_exists")


def test_import_says_what_is_wrong_with_the_whole_file(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    mapping = Path(__file__).parents[2] / "examples" / "referrals-2025.mapping.yaml"
    file = tmp_path / "a.csv"
    file.write_text("移送单位,案由\n甲,乙\n", encoding="utf-8-sig")
    assert run("import", str(file)).output.startswith("bad_mapping")
    done = run("import", str(file), "--mapping", str(mapping), "--dry-run")
    assert done.exit_code == 1
    assert done.output.startswith("missing_columns")
    assert "移送书文号" in done.output


@pytest.mark.slow
def test_import_shows_what_was_refused_and_writes_all_of_it(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    examples = Path(__file__).parents[2] / "examples"
    for row in ("amr", "psb"):
        for division in ("330102", "330105", "330106", "330108", "330109", "330110"):
            SigningKey.generate().save(tmp_path / "keys" / f"cn-{division}-{row}.pem")
    report = tmp_path / "report.jsonl"
    done = run("import", str(examples / "referrals-2025.csv"), "--dry-run", "--report", str(report))
    # The others are taken, and yet it is no success.
    assert done.exit_code == 1, done.output
    assert "233 taken" in done.output
    assert "number_repeated" in done.output
    rows = [json.loads(line) for line in report.read_text(encoding="utf-8").splitlines()]
    assert sum(row["refused"] for row in rows) == 9


@pytest.mark.slow
def test_a_terminal_that_lacks_a_character_is_shown_its_code() -> None:
    shell = {**os.environ, "PYTHONIOENCODING": "ascii"}
    command = [sys.executable, "-m", "casebus.cli.main", "law", "casebook", "cases-moved.yaml"]
    told = subprocess.run(
        command, check=False, env=shell, capture_output=True, text=True, cwd=CASEBOOKS
    )
    assert (told.returncode, told.stderr) == (0, "")
    assert r"\u" in told.stdout


@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_of_ours_is_one_line_and_its_place_is_there_for_who_asks(
    monkeypatch: pytest.MonkeyPatch, *, as_json: bool
) -> None:
    @click.command("odd")
    @json_option
    def odd(*, as_json: bool) -> None:
        raise RuntimeError(as_json)

    monkeypatch.setattr(entry, "_from_module", lambda _: odd)
    words = ["cases", *(["--json"] if as_json else [])]
    done = CliRunner().invoke(main, words)
    assert (done.exit_code, done.stdout) == (1, "")
    found = json.loads(done.stderr)["error"]["code"] if as_json else done.stderr.split(":")[0]
    assert found == "unforeseen"
    assert isinstance(CliRunner().invoke(main, ["-v", *words]).exception, RuntimeError)


def test_an_error_holds_no_control_sequence() -> None:
    done = CliRunner().invoke(main, ["cases"], env={"CASEBUS_GATEWAY_URL": "\x1b[2J"})
    assert done.exit_code == 1
    assert "\x1b" not in done.stderr


def test_an_import_that_takes_no_row_is_no_success(
    run: Callable[..., Result], tmp_path: Path
) -> None:
    examples = Path(__file__).parents[2] / "examples"
    lines = (examples / "referrals-2025.csv").read_text(encoding="utf-8-sig").splitlines()
    file = tmp_path / "a.csv"
    file.write_text(lines[0] + "\n甲,乙\n", encoding="utf-8")
    mapping = str(examples / "referrals-2025.mapping.yaml")
    done = run("import", str(file), "--mapping", mapping, "--dry-run", "--json")
    assert (done.exit_code, json.loads(done.stdout)["rows_refused"]) == (1, 1)


@pytest.mark.parametrize("as_json", [False, True])
def test_ctrl_c_ends_a_command_with_130(monkeypatch: pytest.MonkeyPatch, *, as_json: bool) -> None:
    @click.command("slow")
    @json_option
    def slow(*, as_json: bool) -> None:
        raise KeyboardInterrupt(as_json)

    monkeypatch.setattr(entry, "_from_module", lambda _: slow)
    done = CliRunner().invoke(main, ["cases", *(["--json"] if as_json else [])])
    assert (done.exit_code, done.stdout) == (130, "")
    found = json.loads(done.stderr)["error"]["code"] if as_json else done.stderr.split(":")[0]
    assert found == "stopped"


def test_ctrl_c_while_the_parts_are_loaded_is_silent(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Interrupted:\n"
        "    def find_spec(self, name, *_):\n"
        "        if name == 'rich.console': raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupted())\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [sys.executable, "-c", "from casebus.cli.start import main; main()"],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "")


def test_what_the_machine_refuses_names_the_variable_that_leads_there(
    run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CASEBUS_SCHEMAS_DIR", str(tmp_path / "nowhere"))
    for nothing in ("", "."):
        monkeypatch.setenv(f"CASEBUS_ODD{nothing and 'ER'}", nothing)
    done = run("publish", "--type", "case.noted", "--note", "x", "--sector", "police")
    assert done.exit_code == 1
    assert done.output.startswith("machine_refused:")
    assert "(set by CASEBUS_SCHEMAS_DIR)" in done.output


def test_a_fault_of_ours_names_what_may_have_put_another_module_in_its_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    @click.command("odd")
    def odd() -> None:
        raise RuntimeError

    monkeypatch.setattr(entry, "_from_module", lambda _: odd)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    assert "PYTHONPATH" not in CliRunner().invoke(main, ["cases"]).stderr
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    assert "PYTHONPATH" in CliRunner().invoke(main, ["cases"]).stderr


def test_what_was_typed_in_another_encoding_is_said(
    run: Callable[..., Result], asked: tuple[Answers, Any]
) -> None:
    # As Python reads bytes that are no UTF-8.
    done = run("cases", "--title", "\udcff")
    assert done.exit_code == 1
    assert done.output.startswith("bad_encoding:")
