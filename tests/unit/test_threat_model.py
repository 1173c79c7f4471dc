"""Each threat of docs/threat-model.md names the test that fails when its control is gone."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/threat-model.md").read_text(encoding="utf-8")
ROWS = re.findall(r"^\| (T\d+) \|(.*)\|$", PAGE, re.MULTILINE)
ACTORS = {"outsider", "agency", "officer", "operator", "host account"}


@cache
def named_in(path: str) -> frozenset[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(one.name for one in ast.walk(tree) if isinstance(one, kinds))


def test_there_are_threats_of_every_actor_and_each_has_its_number() -> None:
    assert len(ROWS) >= 30
    assert [number for number, _ in ROWS] == [f"T{at:02}" for at in range(1, len(ROWS) + 1)]
    assert {cells.split("|")[0].strip() for _, cells in ROWS} == ACTORS


@pytest.mark.parametrize(("number", "cells"), ROWS, ids=[number for number, _ in ROWS])
def test_each_threat_has_a_control_and_a_test_that_exists(number: str, cells: str) -> None:
    _, threat, control, named = (cell.strip() for cell in cells.split("|"))
    assert threat, number
    assert control, number
    nodes = re.findall(r"`([^`]+)`", named)
    assert nodes, f"{number} names no test"
    for node in nodes:
        path, _, test = node.partition("::")
        assert test.startswith("test_"), f"{number}: {node} is no test"
        assert (ROOT / path).is_file(), f"{number}: {path} does not exist"
        assert test in named_in(path), f"{number}: {node} does not exist"
