"""One word for one thing: a public class name has one home (docs/words.md)."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("casebus", "storage", "services", "gateway", "operations", "onebox", "rehearsal")
#: The same thing from several sides.
PAIRS = {
    "Gateway": "the gateway as an agency calls it, and as a request finds it",
    "Stack": "the stack as `casebus up` runs it, and as a test holds it",
    "Delivery": "an event as it reaches an agency, and as the gateway lists it",
    "PublishedList": "the list as an agency asks about it, and as the gateway reads the question",
} | dict.fromkeys(
    ("Clock", "Finding", "Head", "MatchReason", "Need", "Position", "Recall", "Region", "WorkItem"),
    "the thing itself, and as the gateway shows it",
)
#: What a storyline expects of the thing of this name.
EXPECTED = ("Access", "Assessment", "Clock", "Clocks", "Finding", "Inbox")
EXPECTATIONS = "rehearsal/scenario/expectations.py"


def homes() -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for room in ROOMS:
        for path in sorted((ROOT / room).rglob("*.py")):
            file = path.relative_to(ROOT).as_posix()
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    found[node.name].add(file)
    for name in EXPECTED:
        found[name].remove(EXPECTATIONS)
    return found


def words() -> list[list[str]]:
    """The rows of docs/words.md: word, meaning, the field's own, Chinese, home, what it is not."""
    page = (ROOT / "docs/words.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in row] for row in rows[2:]]


def test_a_word_of_the_page_is_defined_once_and_whole() -> None:
    assert len(words()) > 60
    assert [row for row in words() if len(row) != 6 or not all(row)] == []
    assert [row[0] for row in words() if not re.search("[\u4e00-\u9fff]", row[3])] == []
    assert len({row[0] for row in words()}) == len(words())


def test_the_page_of_rules_defines_no_word_beside_the_page_of_words() -> None:
    rules = (ROOT / "docs/design.md").read_text(encoding="utf-8")
    part = rules.split("\n## Words\n", 1)[1].split("\n## ", 1)[0]
    assert "(words.md)" in part
    assert "**" not in part


@pytest.mark.slow
def test_a_public_class_name_has_one_home() -> None:
    several = {name: sorted(files) for name, files in homes().items() if len(files) > 1}
    assert {name: files for name, files in several.items() if name not in PAIRS} == {}
    assert set(several) == set(PAIRS)


def test_each_word_of_the_page_that_names_a_class_names_one_that_is_there() -> None:
    named = [row[4].strip("`") for row in words() if row[4].startswith("`")]
    assert len(named) > 50
    for name in named:
        module, _, thing = name.rpartition(".")
        path = ROOT / f"{module.replace('.', '/')}.py"
        assert path.exists(), name
        assert thing in path.read_text(encoding="utf-8"), name
