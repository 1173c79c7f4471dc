"""`python -m bench.interactive`: events handed in one by one, and the delay until they are seen.

Sixteen connections send as fast as their events are taken. Then ten and thirty a second are sent,
and for each the recipient looks every 50 ms until it sees the case.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import NamedTuple

import asyncpg

from bench.asking import Connection, asked, post, transfer
from bench.flood import Waited
from bench.reads import AMR, PSB, opened, seen
from bench.recording import RECORDED
from bench.spending import Spent, spending
from onebox.testing import Stack

CONNECTIONS, EVENTS, WARM = 16, 2_000, 200
RATES, SECONDS = (10, 30), 20
_STILL_SECONDS, _LOOK_SECONDS = 1.5, 0.2


class Handed(NamedTuple):
    """For `EVENTS` one by one: the resources spent until everything that followed was recorded."""

    a_second: float
    waited: Waited
    spent: Spent
    #: Journal records for each.
    records: float

    def __str__(self) -> str:
        each = self.spent.each(EVENTS)
        most = ", ".join(f"{name} {ms:.1f}" for name, ms in each.items())
        says = f"{self.a_second:,.0f} a second, {self.waited}, {self.records:.1f} records each"
        return f"{says}, {sum(each.values()):.1f} ms of processor time: {most}"


def measure(stack: Stack) -> tuple[Handed, dict[int, Waited]]:
    asyncio.run(opened(stack))
    _hand_in(stack, WARM)
    handed = _handed(stack)
    return handed, {rate: asyncio.run(_visible(stack, rate)) for rate in RATES}


def _hand_in(stack: Stack, count: int) -> list[float]:
    key = stack.api_key(AMR)

    def make(_: int) -> bytes:
        return post("/v1/events", key, transfer(AMR, PSB))

    return asyncio.run(asked(stack.gateway_url, count, CONNECTIONS, make))


def _handed(stack: Stack) -> Handed:
    before = asyncio.run(_settled(stack))
    with spending(stack) as spent:
        began = time.perf_counter()
        took = _hand_in(stack, EVENTS)
        seconds = time.perf_counter() - began
        after = asyncio.run(_settled(stack))
    return Handed(EVENTS / seconds, Waited.of(took), spent, (after - before) / EVENTS)


async def _settled(stack: Stack) -> int:
    """The number of recorded events, once nothing has come for a while."""
    connection = await asyncpg.connect(stack.database_url)
    last, since = -1, time.monotonic()
    try:
        while time.monotonic() - since < _STILL_SECONDS:
            found = int(await connection.fetchval(RECORDED))
            if found != last:
                last, since = found, time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)
    finally:
        await connection.close()
    return last


async def _visible(stack: Stack, rate: int) -> Waited:
    """Seconds from handing in to the recipient's look that shows it, at this rate."""
    tasks = []
    for _ in range(rate * SECONDS):
        tasks.append(asyncio.create_task(_until_seen(stack)))
        await asyncio.sleep(1 / rate)
    return Waited.of(await asyncio.gather(*tasks))


async def _until_seen(stack: Stack) -> float:
    event, connection = transfer(AMR, PSB), await Connection(stack.gateway_url).open()
    began = time.perf_counter()
    status, body = await connection.ask(post("/v1/events", stack.api_key(AMR), event))
    if status != 202:
        raise RuntimeError(f"{status}: {body!r}")
    await seen(connection, event["subject"], stack.api_key(PSB))
    connection.close()
    return time.perf_counter() - began


def main() -> None:
    with Stack() as stack:
        handed, visible = measure(stack)
    sys.stdout.write(f"one by one: {handed}\n")
    for rate, waited in visible.items():
        sys.stdout.write(f"{rate} a second, seen after {waited}\n")


if __name__ == "__main__":
    main()
