"""A small year through the whole stack: everything recorded, nobody accused, twice the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from onebox.testing import Stack
from operations.verify.checks import verify
from rehearsal.year.loading import load_year
from rehearsal.year.world import YearOrder

pytestmark = [pytest.mark.long, pytest.mark.connected, pytest.mark.slow]
ROOT = Path(__file__).parents[2]
WANTED = YearOrder(120, 11, 2025, ROOT / "schemas", ROOT / "policies")


async def rows(stack: Stack, query: str) -> list[tuple[Any, ...]]:
    connection = await asyncpg.connect(stack.database_url)
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


def one(stack: Stack, query: str) -> Any:
    return asyncio.run(rows(stack, query))[0][0]


def test_a_year_is_recorded_accuses_nobody_and_loads_twice_without_a_change(stack: Stack) -> None:
    settings = stack.settings("admin")
    before = one(stack, "select count(*) from own.rejected")
    # Other tests' cases stand on the same stack, and the bus goes on speaking of them.
    known = one(stack, "select coalesce(array_agg(distinct stream), '{}')::text from derived.event")
    new = f"stream <> all('{known}'::uuid[])"
    of_year = f"from derived.event where {new}"
    counted = (
        f"select count(*) {of_year}"
        " and type not like 'casebus.intake.%' and type not like 'casebus.relay.%'"
    )

    loaded = load_year(stack.home, settings, WANTED)

    events = one(stack, counted)
    assert events >= loaded.events
    assert one(stack, "select count(*) from own.rejected") == before
    suspended = "select count(*) from derived.case_state where suspended is not null"
    assert one(stack, f"{suspended} and {new}") == 0
    accusing = "(type like 'casebus.clock.%' or type like 'casebus.finding.%') and source = 'bus'"
    assert one(stack, f"select count(*) {of_year} and {accusing}") == 0

    again = load_year(stack.home, settings, WANTED)

    assert (again.events, again.import_id) == (loaded.events, loaded.import_id)
    assert one(stack, counted) == events
    assert asyncio.run(verify(settings)).ok
