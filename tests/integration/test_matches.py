"""Cases that are proposed as one, on real tables."""

from __future__ import annotations

from uuid import UUID, uuid4

import asyncpg
import pytest

from casebus.cases.matching import compare, profile
from onebox.testing import Stack
from storage import matching
from tests.integration.database import fresh_database

pytestmark = [pytest.mark.connected, pytest.mark.timeout(120)]

CODE = "91330106MA2TEX7081"
ONE, SAME, OTHER = uuid4(), uuid4(), uuid4()


def body(code: str, right: str, name: str) -> dict[str, object]:
    organisation = {"name": name, "uscc": code}
    return {
        "suspects": [{"role": "SUSPECT", "name": name, "organisation": organisation}],
        "rights": [{"kind": "TRADEMARK", "number": right, "title": "翠屿"}],
    }


BODIES: dict[UUID, dict[str, object]] = {
    ONE: body(CODE, "12345678", "西溪茗汇"),
    SAME: body("", "第12345678号", "杭州市西溪茗汇店"),
    OTHER: body("91330108MA2TEX8122", "12345678", "滨江茶行"),
}


async def test_cases_that_share_seller_and_right_are_found_and_scored(brokers: Stack) -> None:
    async with fresh_database(brokers) as url:
        connection = await asyncpg.connect(url)
        try:
            traits = {
                trait
                for stream, data in BODIES.items()
                for trait in matching.traits_of(stream, profile(data))
            }
            await matching.add_traits(connection, traits)
            await matching.add_traits(connection, traits)
            others = await matching.candidates(connection, ONE)
            known = await matching.profiles(connection, [ONE, *others])
        finally:
            await connection.close()
    assert set(others) == {SAME, OTHER}
    assert known[ONE] == profile(BODIES[ONE])
    assert compare(known[ONE], known[SAME]).proposed
    assert not compare(known[ONE], known[OTHER]).proposed
