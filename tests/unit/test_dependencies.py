from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from importlib.metadata import PackageNotFoundError, distribution, packages_distributions
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PAGE = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
SECTIONS = dict(re.findall(r"^## (.+?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))

GROUPS = PROJECT["dependency-groups"]
SERVER = PROJECT["project"]["optional-dependencies"]["server"]
RUNTIME = [*PROJECT["project"]["dependencies"], *SERVER, *GROUPS["build"]]
LOCKS = ("requirements.lock", "requirements-runtime.lock")
OURS = {"casebus", "storage", "services", "gateway", "operations", "onebox", "rehearsal"}
#: Imported, and always brought by what is named: Faust's, FastAPI's and Jinja's own foundations.
BROUGHT = {"mode", "starlette", "markupsafe"}
#: What casebus imports only where the server part or a development environment runs.
LAZY = {"aiokafka", "opentelemetry", "pythonjsonlogger", "avro"}


def _names(requirements: Iterable[str]) -> list[str]:
    found = [re.match(r"[\w.-]+", one) for one in requirements]
    return sorted(one[0].lower() for one in found if one)


@pytest.mark.parametrize(
    ("section", "requirements"),
    [
        ("An agency's install", PROJECT["project"]["dependencies"]),
        ("The server part", SERVER),
        ("What installs a checkout", GROUPS["build"]),
        ("Development", [one for one in GROUPS["dev"] if isinstance(one, str)]),
    ],
)
def test_each_dependency_is_accounted_for_and_no_other(
    section: str, requirements: list[str]
) -> None:
    rows = re.findall(r"^\| ([\w.-]+) \|.*\d{4}-\d\d", SECTIONS[section], re.MULTILINE)
    assert sorted(rows) == _names(requirements)


def test_the_lock_holds_each_dependency() -> None:
    development = [one for one in GROUPS["dev"] if isinstance(one, str)]
    assert set(_names(RUNTIME + development)) <= set(_pins("requirements.lock"))


def test_the_runtime_lock_holds_what_the_bus_runs_on_as_it_was_tested_and_nothing_else() -> None:
    whole, runtime = _pins("requirements.lock"), _pins("requirements-runtime.lock")
    assert runtime.items() <= whole.items()
    assert runtime.keys() == _closure(RUNTIME) & whole.keys()


def test_nothing_that_the_bus_runs_on_asks_its_users_for_their_source() -> None:
    licensed = {name: _licence(name) for name in _pins("requirements-runtime.lock")}
    assert {name for name, text in licensed.items() if re.search("AGPL|Affero", text)} == set()
    assert re.search("AGPL|Affero", _licence("pm4py")), "it would be found"


def test_the_image_is_made_from_the_runtime_lock() -> None:
    installs = re.findall(r"-r (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"))
    assert installs == ["requirements-runtime.lock"]


@pytest.mark.parametrize(
    ("asked", "had", "brought"),
    [
        ("runtime", "", "requirements-runtime.lock"),
        ("runtime", "runtime 1 2", "requirements-runtime.lock"),
        ("runtime", "development 1 2", "requirements.lock"),
        ("", "", "requirements.lock"),
        ("", "runtime 1 2", "requirements.lock"),
    ],
)
def test_who_only_runs_the_bus_is_brought_no_tools_and_who_has_them_keeps_them(
    asked: str, had: str, brought: str, tmp_path: Path
) -> None:
    """The real script, beside a uv that writes down what it is told."""
    bins, folder = tmp_path / "bin", tmp_path / "checkout"
    (folder / "scripts").mkdir(parents=True)
    (folder / ".venv/bin").mkdir(parents=True)
    bins.mkdir()
    for name in ("scripts/bootstrap", *LOCKS, "pyproject.toml"):
        shutil.copy(ROOT / name, folder / name)
    for program in (bins / "uv", folder / ".venv/bin/python"):
        program.write_text(f'#!/bin/sh\necho "$@" >>{tmp_path}/told\n', encoding="utf-8")
        program.chmod(0o755)
    (folder / ".venv/.bootstrapped").write_text(had, encoding="utf-8")
    environment = {**os.environ, "PATH": f"{bins}:{os.environ['PATH']}"}
    for _ in range(2):  # the second time there is nothing to do
        done = subprocess.run(
            [folder / "scripts/bootstrap", *asked.split()], check=True, env=environment
        )
        assert done.returncode == 0
    told = (tmp_path / "told").read_text(encoding="utf-8")
    assert re.findall(r"pip sync .* (\S+)\n", told) == [brought]


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
    assert set(GROUPS) == {"build", "dev"}


def _pins(lock: str) -> dict[str, tuple[str, ...]]:
    """Of each package of a lock: its version and its digests."""
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[\w.-]+==)", text, flags=re.MULTILINE)[1:]
    return {
        one.partition("==")[0]: (one.split()[0], *sorted(re.findall(r"sha256:\w+", one)))
        for one in entries
    }


def _closure(requirements: Iterable[str]) -> set[str]:
    """All that these bring, here and on any other platform."""
    found: set[str] = set()
    waiting = [canonicalize_name(name) for name in _names(requirements)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [canonicalize_name(one) for one in _brought_by(name)]
    return found


def _brought_by(name: str) -> list[str]:
    try:
        asked = distribution(name).requires or []
    except PackageNotFoundError:  # another platform's
        return []
    return _names(one for one in asked if "extra ==" not in one)


def _licence(name: str) -> str:
    try:
        about = distribution(name).metadata
    except PackageNotFoundError:
        return ""
    fields = ("License-Expression", "License", "Classifier")
    return " ".join(one[:200] for field in fields for one in about.get_all(field) or [])
