from __future__ import annotations

import pytest

from storage.fakes import MemoryDatabase
from tests.integration.casework import Casework


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def casework(database: MemoryDatabase) -> Casework:
    return Casework(database.pool)
