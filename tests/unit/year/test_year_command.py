from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from rehearsal.commands.year import year
from rehearsal.year.lines import read


@pytest.mark.slow
def test_a_year_is_written_to_a_file(tmp_path: Path) -> None:
    out = tmp_path / "year.jsonl"
    done = CliRunner().invoke(year, ["--cases", "20", "--out", str(out), "--json"])
    assert done.exit_code == 0, done.output
    assert json.loads(done.stdout)["events"] == len(list(read(out)))


def test_one_of_file_and_stack_is_wanted(tmp_path: Path) -> None:
    out = str(tmp_path / "year.jsonl")
    for arguments in ([], ["--out", out, "--load"], ["--out", out, "--from", __file__]):
        assert CliRunner().invoke(year, arguments).exit_code == 2


def test_without_a_stack_nothing_is_loaded(tmp_path: Path) -> None:
    done = CliRunner().invoke(year, ["--load", "--cases", "1", "--home", str(tmp_path)])
    assert "not_running" in str(done.exception)
