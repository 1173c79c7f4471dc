"""Two sides of a ferry, and a carrier between them."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ferrying import MEMORY, Crossing


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(dir=MEMORY) as name:
        yield Path(name)


@pytest.fixture
def crossing(folder: Path) -> Crossing:
    return Crossing(folder)
