"""`python -m bench.reads`: looks at a case and at `/livez`, by eight connections.

The processor time of the gateway and the database is given beside the rate: on a machine with other
work, the clock alone means little.
"""

from __future__ import annotations

import asyncio
import sys
import time
from http import HTTPStatus
from typing import NamedTuple

from bench.asking import Connection, asked, get, post, transfer
from bench.flood import Waited
from bench.spending import spending
from onebox.testing import Stack

AMR, PSB = "cn-330108-amr", "cn-330108-psb"
CONNECTIONS, LOOKS, WARM = 8, 4_000, 500
_PATIENCE_SECONDS, _LOOK_SECONDS = 60.0, 0.05


class Read(NamedTuple):
    a_second: float
    #: Milliseconds of processor time: the gateway's, the database's.
    gateway: float
    database: float
    waited: Waited

    def __str__(self) -> str:
        spent = f"gateway {self.gateway:.2f} ms, database {self.database:.2f} ms"
        return f"{self.a_second:,.0f} a second, {spent}, {self.waited}"


def measure(stack: Stack) -> dict[str, Read]:
    look = get(f"/v1/cases/{asyncio.run(opened(stack))}", stack.api_key(PSB))
    return {
        "case": _read(stack, stack.gateway_url, look),
        "livez": _read(stack, stack.probe_url, get("/livez")),
    }


async def opened(stack: Stack) -> str:
    """A case with a few events; returns once its recipient sees it."""
    connection, event = await Connection(stack.gateway_url).open(), transfer(AMR, PSB)
    status, body = await connection.ask(post("/v1/events", stack.api_key(AMR), event))
    if status != 202:
        raise RuntimeError(f"{status}: {body!r}")
    await seen(connection, event["subject"], stack.api_key(PSB))
    connection.close()
    return str(event["subject"])


async def seen(connection: Connection, stream: str, key: str) -> None:
    async with asyncio.timeout(_PATIENCE_SECONDS):
        while True:
            if (await connection.ask(get(f"/v1/cases/{stream}", key)))[0] == HTTPStatus.OK:
                return
            await asyncio.sleep(_LOOK_SECONDS)


def _read(stack: Stack, url: str, request: bytes) -> Read:
    asyncio.run(asked(url, WARM, CONNECTIONS, lambda _: request))
    with spending(stack) as spent:
        took = asyncio.run(asked(url, LOOKS, CONNECTIONS, lambda _: request))
    each = spent.each(LOOKS)
    return Read(LOOKS / spent.seconds, each["gateway"], each["postgres"], Waited.of(took))


def main() -> None:
    began = time.perf_counter()
    with Stack() as stack:
        for name, one in measure(stack).items():
            sys.stdout.write(f"{time.perf_counter() - began:4.0f} s  {name}: {one}\n")


if __name__ == "__main__":
    main()
