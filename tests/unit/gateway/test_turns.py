from __future__ import annotations

import asyncio

import pytest

from casebus.errors import CasebusError
from gateway.runtime import turns
from gateway.runtime.turns import Turns


async def test_what_has_one_name_goes_one_after_the_other_and_others_go_on() -> None:
    line, order = Turns(), list[str]()

    async def go(name: str, word: str) -> None:
        async with line.of(name, "case"):
            order.append(f"{word} begins")
            await asyncio.sleep(0.01)
            order.append(f"{word} ends")

    await asyncio.gather(go("a", "first"), go("a", "second"), go("b", "other"))
    assert order.index("first ends") < order.index("second begins")
    assert order.index("other begins") < order.index("first ends")


async def test_a_turn_that_does_not_come_is_a_bus_that_is_away(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(turns, "_PATIENCE", 0.01)
    line = Turns()
    async with line.of("a"):
        with pytest.raises(CasebusError, match="bus_unavailable"):
            async with line.of("a"):
                pass
    async with line.of("a"):
        pass
