"""The ends of a ferry, each on its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from casebus.sdk.ferry.spool import Spool
from casebus.sdk.store import Store
from tests.unit.ferry.ends.memory import store_at


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with Spool.open(tmp_path / "ferry.sqlite") as spool:
        yield spool


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = store_at(tmp_path)
    yield store
    store.close()
