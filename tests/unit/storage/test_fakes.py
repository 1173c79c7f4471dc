"""The database in memory does what PostgreSQL does, and refuses what it does not know."""

from __future__ import annotations

import re
from pathlib import Path

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


def test_what_stands_in_is_imported_by_tests_and_by_what_stands_in_alone() -> None:
    rooms = ("casebus", "storage", "services", "gateway", "operations", "onebox", "rehearsal")
    root = Path(__file__).parents[3]
    files = [path for room in rooms for path in (root / room).rglob("*.py")]
    users = {
        path.relative_to(root).as_posix()
        for path in files
        if re.search(r"^\s*(from|import) [\w.]*\bfakes\b", path.read_text("utf-8"), re.MULTILINE)
    }
    assert all("fakes" in name for name in users)
    assert "gateway/fakes.py" in users
