from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path

import pytest

from casebus.evidence.report import Flaw
from casebus.ferry.lane import Fault
from casebus.rejections import PASSES_LATER, WHY, Flag, Reason
from casebus.sdk.importing.issues import IssueCode

TEXT = (Path(__file__).parents[2] / "docs/reason-codes.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", TEXT, re.MULTILINE | re.DOTALL))


@pytest.mark.parametrize(
    ("section", "codes"),
    [
        ("Evidence", Flaw),
        ("Rejected", Reason),
        ("Admitted, with a flag", Flag),
        ("Import", IssueCode),
        ("Ferry", Fault),
    ],
)
def test_each_code_of_the_code_is_explained_and_no_other(
    section: str, codes: type[StrEnum]
) -> None:
    explained = re.findall(r"^\| `(\w+)` \|", SECTIONS[section], re.MULTILINE)
    assert sorted(explained) == sorted(code.value for code in codes)


def test_a_rejection_is_explained_in_the_same_words_everywhere() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.*?) \| (.*?) \|$", SECTIONS["Rejected"], re.MULTILINE)
    said = {code: (wrong.replace("`", ""), do.replace("`", "")) for code, wrong, do in rows}
    assert said == {code: tuple(one) for code, one in WHY.items()}
    assert set(said) > PASSES_LATER


def test_each_code_says_what_to_do() -> None:
    for row in re.findall(r"^\| `.*$", TEXT, re.MULTILINE):
        assert all(cell.strip() for cell in row.strip("|").split("|")), row
