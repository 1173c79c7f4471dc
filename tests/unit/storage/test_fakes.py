"""The database in memory does what PostgreSQL does, and refuses what it does not know."""

from __future__ import annotations

import pytest

from storage.fakes import MemoryDatabase
from tests.database_contract import CASES, Case
from tests.integration.casework import Casework


@pytest.fixture
def casework() -> Casework:
    return Casework(MemoryDatabase().pool)


@pytest.mark.parametrize("one", CASES, ids=[one.__name__ for one in CASES])
async def test_in_memory(one: Case, casework: Casework) -> None:
    await one(casework)


async def test_a_query_that_it_does_not_answer_is_refused_by_name() -> None:
    with pytest.raises(NotImplementedError, match="does not answer"):
        await MemoryDatabase().fetch("select 1")
