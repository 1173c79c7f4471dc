"""The law by vectors that were made by hand from its text: tests/casebook/*.yaml."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from casebus.cli.law.casebook import judge, read
from casebus.cli.main import main
from casebus.law import LawError
from tests.case_events import LAW, ROOT

BOOKS = {path.stem: read(path) for path in sorted((ROOT / "tests/casebook").glob("*.yaml"))}
VECTORS = [(name, one) for name, book in BOOKS.items() for one in book.vectors]


MINE = """
title: 我的例子
vectors:
  - rule: three days from a Thursday
    clock: T08
    trigger: 2026-03-05
    due: {due}
    words: Thursday 5 March. Fri 6, Sat 7, Sun 8; Monday 9.
    source: 国务院令第310号 第八条
"""


@pytest.mark.parametrize(
    "vector",
    [pytest.param(one, id=f"{name}: {one.rule}") for name, one in VECTORS],
)
def test_the_law_answers_as_the_casebook_says(vector: Any) -> None:
    wrong = judge(vector, LAW)
    said = "\n".join(f"{one.what}: {one.expected} in the book, {one.found}" for one in wrong)
    assert not wrong, f"{vector.rule}\n{vector.words}\n{vector.source}\n{said}"


def test_each_rule_has_a_name_of_its_own() -> None:
    names = [one.rule for _, one in VECTORS]
    assert len(set(names)) == len(names)


def test_there_are_as_many_as_were_promised() -> None:
    kinds = [type(one).__name__ for _, one in VECTORS]
    assert kinds.count("DateVector") >= 120
    assert kinds.count("FactsVector") >= 100
    assert kinds.count("CaseVector") >= 30


def run(path: Path) -> Any:
    return CliRunner().invoke(
        main, ["law", "casebook", str(path), "--law", str(ROOT / "policies/law")]
    )


@pytest.mark.slow
def test_a_lawyer_tries_a_file_of_her_own(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.format(due="2026-03-09"), encoding="utf-8")
    right = run(path)
    assert (right.exit_code, right.output.strip()) == (0, "mine.yaml  我的例子: 1 right, 0 wrong")
    path.write_text(MINE.format(due="2026-03-08"), encoding="utf-8")
    wrong = run(path)
    assert wrong.exit_code == 1
    for word in ("three days from a Thursday", "第八条", "2026-03-08", "2026-03-09"):
        assert word in wrong.output


def test_what_is_not_in_the_form_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.format(due="soon"), encoding="utf-8")
    with pytest.raises(LawError, match=r"mine.yaml: line 7: vectors.0.due"):
        read(path)


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ("due: 2026-03-10", "due"),
        ("due: none", "due"),
        ("due: 2026-03-09\n    nominal: 2026-03-07", "nominal"),
        ("due: 2026-03-09\n    provisional: true", "provisional"),
        ("due: 2026-03-09\n    version: 2020-01-01", "version"),
    ],
)
def test_what_differs_is_named(change: str, what: str, tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text(MINE.format(due=change.removeprefix("due: ")), encoding="utf-8")
    [vector] = read(path).vectors
    assert [one.what for one in judge(vector, LAW)] == [what]
