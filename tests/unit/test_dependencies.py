from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))


def _names(requirements: Iterable[str]) -> list[str]:
    found = [re.match(r"[\w.-]+", one) for one in requirements]
    return sorted(one[0].lower() for one in found if one)


@pytest.mark.parametrize(
    ("section", "requirements"),
    [
        ("An agency's install", PROJECT["project"]["dependencies"]),
        ("The server part", PROJECT["project"]["optional-dependencies"]["server"]),
        ("Development", PROJECT["dependency-groups"]["dev"]),
    ],
)
def test_each_dependency_is_accounted_for_and_no_other(
    section: str, requirements: list[str]
) -> None:
    rows = re.findall(r"^\| ([\w.-]+) \|.*\d{4}-\d\d", SECTIONS[section], re.MULTILINE)
    assert sorted(rows) == _names(requirements)


def test_the_lock_holds_each_dependency() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    project = PROJECT["project"]
    wanted = [*project["dependencies"], *project["optional-dependencies"]["server"]]
    assert set(_names(wanted + PROJECT["dependency-groups"]["dev"])) <= locked


def test_no_group_of_dependencies_is_left_out() -> None:
    assert set(PROJECT["project"]["optional-dependencies"]) == {"server"}
    assert set(PROJECT["dependency-groups"]) == {"dev"}
