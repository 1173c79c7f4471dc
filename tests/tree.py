"""The Python files of this repository, for tests that read them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
#: The packages that run on a bus, and those around it.
ROOMS = ("casebus", "storage", "services", "gateway", "operations", "onebox", "rehearsal")
AROUND = ("tests", "bench", "scripts", "examples")


def files(folders: tuple[str, ...] = (*ROOMS, *AROUND)) -> Iterator[tuple[str, str]]:
    """Path below the root, and text."""
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def parsed(folders: tuple[str, ...] = (*ROOMS, *AROUND)) -> Iterator[tuple[str, ast.Module]]:
    for name, text in files(folders):
        yield name, ast.parse(text)
