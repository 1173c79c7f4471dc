"""Every import stands at the top of its module, or in the one way in which it may come later."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points

import pytest

from casebus.cli.main import ENTRY_POINTS, OWN, SERVER
from casebus.later import ModuleMissingError, later, loaded
from tests import tree

_FUNCTION = (ast.FunctionDef, ast.AsyncFunctionDef)
_IMPORT = (ast.Import, ast.ImportFrom)
#: What the commands of an agency's install do without until one of them needs it.
HEAVY = ("kafka", "openpyxl", "opentelemetry", "asyncpg", "fastapi", "faust")


def inside_functions() -> set[str]:
    return {
        f"{name}:{node.lineno}"
        for name, module in tree.parsed()
        for function in ast.walk(module)
        if isinstance(function, _FUNCTION)
        for node in ast.walk(function)
        if isinstance(node, _IMPORT)
    }


@pytest.mark.slow
def test_no_function_imports_anything() -> None:
    assert inside_functions() == set()


def branches() -> Iterator[tuple[str, ast.If]]:
    for name, module in tree.parsed():
        for node in ast.walk(module):
            if (
                isinstance(node, ast.If)
                and ast.unparse(node.test) == "TYPE_CHECKING"
                and node.orelse
            ):
                yield f"{name}:{node.lineno}", node


def imported(statements: list[ast.stmt]) -> dict[str, str]:
    """The name under which each import is known -> what it names."""
    found: dict[str, str] = {}
    for node in statements:
        if isinstance(node, ast.Import):
            found |= {one.asname or one.name: one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return found


def asked_later(statements: list[ast.stmt]) -> dict[str, str]:
    found: dict[str, str] = {}
    for node in statements:
        match node:
            case ast.Assign(
                targets=[ast.Name(id=name)],
                value=ast.Call(func=ast.Name(id="later"), args=[ast.Constant(value=str(module))]),
            ):
                found[name] = module
            case _:
                raise AssertionError(ast.unparse(node))
    return found


@pytest.mark.slow
def test_what_types_are_read_from_is_what_is_loaded_later() -> None:
    seen = 0
    for place, node in branches():
        types, run = imported(node.body), asked_later(node.orelse)
        assert run, place
        assert {name: types.get(name) for name in run} == run, place
        seen += len(run)
    calls = [
        node
        for _, module in tree.parsed(tree.ROOMS)
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "later"
    ]
    assert len(calls) > 20
    assert seen >= len(calls)


def test_modules_are_loaded_by_name_in_one_place() -> None:
    found = {
        name
        for name, text in tree.files(tree.ROOMS)
        if "import_module" in text or "__import__" in text
    }
    assert found == {"casebus/later.py"}


def test_what_is_not_installed_is_named_at_its_first_use() -> None:
    missing = later("no_such_package.of_anybody")
    with pytest.raises(ModuleMissingError, match=r"^module_missing: no_such_package is not inst"):
        _ = missing.anything
    assert loaded("json").dumps([1]) == "[1]"


def test_the_list_of_commands_has_a_line_for_each_and_loads_none_of_them() -> None:
    added = {one.name for one in entry_points(group=ENTRY_POINTS)}
    assert added - set(OWN) == set(SERVER)


@pytest.mark.slow
@pytest.mark.parametrize("words", [["--help"], ["publish", "--help"], ["inbox", "--help"]])
def test_a_command_starts_without_what_it_does_not_use(words: list[str]) -> None:
    code = (
        "import sys\n"
        "from casebus.cli.main import main\n"
        "try:\n"
        f"    main({words!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        f"print([one for one in {HEAVY!r} if one in sys.modules], file=sys.stderr)\n"
    )
    told = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True
    ).stderr
    assert told.strip() == "[]"


@pytest.mark.parametrize("name", ["__wrapped__", "__name__", "__iter__", "_mock_name"])
def test_what_is_asked_of_every_object_loads_no_module(name: str) -> None:
    assert not hasattr(later("no_such_package.of_anybody"), name)
