from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))

SERVER = PROJECT["project"]["optional-dependencies"]["server"]
OURS = {"casebus", "storage", "services", "gateway", "onebox"}
#: Imported, and always brought by what is named: Faust's and FastAPI's own foundations.
BROUGHT = {"mode", "starlette"}
#: What casebus imports only where the server part or a development environment runs.
LAZY = {"opentelemetry", "pythonjsonlogger", "avro"}


def _names(requirements: Iterable[str]) -> list[str]:
    found = [re.match(r"[\w.-]+", one) for one in requirements]
    return sorted(one[0].lower() for one in found if one)


@pytest.mark.parametrize(
    ("section", "requirements"),
    [
        ("An agency's install", PROJECT["project"]["dependencies"]),
        ("The server part", SERVER),
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
    wanted = [*project["dependencies"], *SERVER]
    assert set(_names(wanted + PROJECT["dependency-groups"]["dev"])) <= locked


@pytest.mark.parametrize("room", sorted(OURS))
def test_each_package_that_a_room_imports_is_named(room: str) -> None:
    named = PROJECT["project"]["dependencies"] + ([] if room == "casebus" else SERVER)
    known = set(_names(named))
    homes = packages_distributions()
    for module in set(_imported(ROOT / room)) - BROUGHT - (LAZY if room == "casebus" else set()):
        assert known & {home.lower().replace("_", "-") for home in homes.get(module, ())}, (
            f"{module} is not named"
        )


def _imported(room: Path) -> Iterator[str]:
    """Top-level names of foreign modules, wherever in a file they are imported."""
    for path in room.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            tops = {name.partition(".")[0] for name in names}
            yield from tops - sys.stdlib_module_names - OURS


def test_no_group_of_dependencies_is_left_out() -> None:
    assert set(PROJECT["project"]["optional-dependencies"]) == {"server"}
    assert set(PROJECT["dependency-groups"]) == {"dev"}
