from __future__ import annotations

import copy
import json
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from casebus.cli.schemas import all_problems, command, incompatibilities
from casebus.events import register
from casebus.events.schemas import Schemas

FOLDER = Path(__file__).parents[2] / "schemas"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A committed copy of the register."""
    folder = tmp_path / "schemas"
    shutil.copytree(FOLDER, folder)
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        who = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True)
    return folder


def edit(folder: Path, file: str, change: object) -> None:
    body = json.loads((folder / file).read_text(encoding="utf-8"))
    change(body)  # type: ignore[operator]
    (folder / file).write_text(json.dumps(body, ensure_ascii=False, indent=2), encoding="utf-8")


@pytest.mark.slow
def test_the_register_keeps_its_own_rules() -> None:
    assert list(all_problems(FOLDER)) == []


def test_each_type_encodes_from_defaults_and_decodes_to_the_same() -> None:
    registered = Schemas.load(FOLDER)
    for schema in registered:
        data = {"public": b"key"} if "key_added" in schema.ce_type else {}
        written, back = registered.decode(registered.encode(schema.ce_type, data))
        assert written.ce_type == schema.ce_type
        assert registered.encode(schema.ce_type, back) == registered.encode(schema.ce_type, data)


def test_a_changed_text_is_found(checkout: Path) -> None:
    edit(checkout, "referral/filed.v1/001.avsc", lambda body: body.update(doc="other"))
    assert any("not as registered" in problem for problem in all_problems(checkout))


@pytest.mark.slow
def test_a_missing_file_is_found(checkout: Path) -> None:
    (checkout / "referral/filed.v1/001.avsc").unlink()
    assert any("is missing" in problem for problem in all_problems(checkout))


@pytest.mark.slow
def test_a_file_without_an_id_is_found(checkout: Path) -> None:
    shutil.copytree(checkout / "referral/filed.v1", checkout / "referral/guessed.v1")
    assert any("no id names it" in problem for problem in all_problems(checkout))


@pytest.mark.slow
def test_an_id_that_git_knows_may_not_change_or_go(checkout: Path) -> None:
    edit(checkout, "ids.json", lambda rows: rows.pop("55"))
    assert any("changed since" in problem for problem in all_problems(checkout))


@pytest.mark.parametrize("part", ["default", "visibility", "doc"])
def test_a_field_without_default_audience_or_doc_is_found(part: str) -> None:
    body = json.loads((FOLDER / "referral/filed.v1/001.avsc").read_text(encoding="utf-8"))
    del body["fields"][0][part]
    assert any(part in problem for problem in register.text_problems("filed", body))


def test_an_enum_without_default_is_found_where_it_is_nested() -> None:
    body = json.loads((FOLDER / "referral/filing_refused.v1/001.avsc").read_text(encoding="utf-8"))
    del body["fields"][0]["type"]["default"]
    assert any("enum" in problem for problem in register.text_problems("x", body))


def test_a_new_version_is_scaffolded_from_the_last_and_takes_the_next_id(checkout: Path) -> None:
    done = CliRunner().invoke(command, ["new", "referral.returned", "--folder", str(checkout)])
    last = str(max(map(int, json.loads((checkout / "ids.json").read_text(encoding="utf-8")))))
    assert done.output == f"id {last}: referral/returned.v1/002.avsc\n"


@pytest.mark.slow
def test_a_new_version_must_say_something_new(checkout: Path) -> None:
    CliRunner().invoke(command, ["new", "referral.returned", "--folder", str(checkout)])
    assert any("says nothing" in problem for problem in all_problems(checkout))


@pytest.mark.slow
def test_a_draft_may_name_a_shared_record_and_is_registered_written_out(checkout: Path) -> None:
    def new() -> None:
        runner = CliRunner()
        arguments = ["new", "referral.withdrawn", "--folder", str(checkout)]
        assert runner.invoke(command, arguments).exit_code == 0

    def draft(body: dict) -> None:  # type: ignore[type-arg]
        body["title"] = "撤回移送"
        field = {"name": "fine", "type": ["null", "casebus.shared.v1.Money"], "default": None}
        body["fields"].insert(0, {**field, "doc": "罚款: fine", "visibility": "PUBLIC"})

    new()
    edit(checkout, "referral/withdrawn.v1/001.avsc", draft)
    new()
    assert list(all_problems(checkout)) == []
    value = {"fine": {"fen": 5}}
    registered = Schemas.load(checkout)
    schema, data = registered.decode(registered.encode("casebus.referral.withdrawn.v1", value))
    assert data["fine"] == {"fen": 5, "currency": "CNY"}
    assert '"name":"Money"' in schema.text


def test_versions_are_read_both_ways() -> None:
    one = json.loads((FOLDER / "referral/filing_refused.v1/001.avsc").read_text(encoding="utf-8"))
    more = copy.deepcopy(one)
    more["fields"][0]["type"]["symbols"].append("WITHDRAWN")
    more["fields"].append({"name": "extra", "type": "string", "default": ""})
    assert not [*incompatibilities("1", one, "2", more), *incompatibilities("2", more, "1", one)]


def test_a_field_that_changes_its_type_is_incompatible() -> None:
    one = json.loads((FOLDER / "referral/filed.v1/001.avsc").read_text(encoding="utf-8"))
    other = copy.deepcopy(one)
    other["fields"][0]["type"] = "long"
    assert list(incompatibilities("1", one, "2", other))


def test_a_field_without_default_cannot_be_added() -> None:
    one = json.loads((FOLDER / "referral/filed.v1/001.avsc").read_text(encoding="utf-8"))
    other = copy.deepcopy(one)
    other["fields"].append({"name": "extra", "type": "string"})
    assert list(incompatibilities("2", other, "1", one))


@pytest.mark.parametrize("name", ["sent", "referral.Sent", "referral.sent.vv", "a.b.c.d", "a_.b"])
def test_a_type_that_is_not_domain_and_event_is_refused(name: str) -> None:
    with pytest.raises(register.RegisterError):
        register.full_type(name)


def test_a_domain_may_be_of_several_words() -> None:
    full = register.full_type("judicial_confirmation.applied")
    assert register.file_of(full, 1) == "judicial_confirmation/applied.v1/001.avsc"
