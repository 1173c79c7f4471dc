"""Makes and checks a bundle of 1,000 events: `python -m bench.evidence`. Real PostgreSQL.

It is made as the gateway makes it for an agency that sees the case whole. It is checked as `casebus
verify FILE` checks it, folding included. The figure is the processor time of this process, without
PostgreSQL's.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any
from uuid import UUID, uuid4

from bench.report import machine
from casebus.evidence.checking import check_bundle
from casebus.kafka.fakes import KnownDirectory
from casebus.settings import Settings
from gateway.app import create_app
from gateway.cases.evidence import bundle_of
from onebox.testing import Stack
from tests.case_events import LAW
from tests.installation import READING
from tests.integration.casework import Casework, casework_on
from tests.integration.test_heads import AMR, PSB, signer
from tests.integration.worlds import replace_paths
from tests.world import NOW

EVENTS, BATCH, ROUNDS = 1_000, 100, 3


async def record(casework: Casework) -> str:
    """One case: a referral, and notes of two agencies to each other."""
    await casework.keep_law(LAW)
    world, stream = casework.world, str(uuid4())
    opened = world.event("referral.sent", AMR, stream=stream, to=(PSB,), legal="2026-03-02")
    await casework(opened)
    for first in range(1, EVENTS, BATCH):
        await casework(
            *(
                world.event(
                    "case.noted",
                    (AMR, PSB)[at % 2],
                    stream=stream,
                    to=((PSB, AMR)[at % 2],),
                    legal="2026-03-03",
                    data={"note": f"补充材料第{at}号"},
                )
                for at in range(first, min(first + BATCH, EVENTS))
            )
        )
    await signer(casework).sign()
    return stream


async def measure(stack: Stack) -> None:
    async with casework_on(stack) as casework:
        stream = await record(casework)
        root = casework.world.directory.root_digest
        app = create_app(replace_paths(Settings(database_url=casework.url, root_digest=root)))
        gateway: Any = app.state.gateway
        gateway.reader, gateway.now = KnownDirectory(casework.world.directory), lambda: NOW
        making, checking, raw = [], [], b""
        for _ in range(ROUNDS):
            began = time.process_time()
            raw = await bundle_of(gateway, PSB, UUID(stream))
            making.append(time.process_time() - began)
            began = time.process_time()
            report = check_bundle(raw, root, READING)
            checking.append(time.process_time() - began)
            if not report.ok:
                raise SystemExit(f"the bundle does not agree: {report.problems[:3]}")
        await (await gateway.database()).close()
    print(f"{report.counts['events']:,} events, {len(raw) / 1e6:.1f} MB, state {report.state}")
    print(f"made in {min(making):.2f} s, checked and folded again in {min(checking):.2f} s")
    print(machine())


def main() -> None:
    with Stack(only=("kafka", "postgres")) as stack:
        asyncio.run(measure(stack))


if __name__ == "__main__":
    main()
