"""The street on real Kafka and PostgreSQL: sign as any agency, send anything, read the tables."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import httpx
from kafka import KafkaProducer

from casebus.events.envelope import Record
from casebus.events.partition import partition_for
from casebus.kafka.connection import producer_settings
from casebus.trust.keys import SigningKey
from casebus.trust.signing import sign
from onebox.testing import Stack
from operations.verify.checks import verify
from tests.world import SCHEMAS, draft

AMR, PSB, PRO = "cn-330106-amr", "cn-330106-psb", "cn-330106-pro"
DOORS = {AMR: "events.administrative", PSB: "events.police", PRO: "events.procuratorate"}
PATIENCE_SECONDS = 60


@contextmanager
def gateway_clients(stack: Stack, names: Iterable[str]) -> Iterator[dict[str, httpx.Client]]:
    """A client of the gateway for each of these agencies, signed in."""
    with ExitStack() as until_closed:
        yield {
            name: until_closed.enter_context(
                httpx.Client(
                    base_url=stack.gateway_url,
                    headers={"Authorization": f"Bearer {stack.api_key(name)}"},
                    timeout=20,
                )
            )
            for name in names
        }


class Bus:
    """A pen and an eye: signs as any agency, sends anything, reads the tables."""

    def __init__(self, stack: Stack) -> None:
        self.stack = stack
        self.admin = stack.settings("admin").model_copy(update={"database_url": stack.database_url})
        self.producer = KafkaProducer(**producer_settings(self.admin))
        keys = stack.home.keys
        self.keys = {name: SigningKey.load(keys / f"{name}.pem") for name in (AMR, PSB, PRO)}

    def event(self, ce_type: str, source: str, **changes: Any) -> Record:
        changes.setdefault("time", datetime.now(UTC))
        agency = source.partition("/")[0]
        return sign([draft(ce_type, source, **changes)], self.keys[agency], SCHEMAS)[0]

    def send(self, records: Sequence[Record], topic: str, partition: int | None = None) -> None:
        futures = [
            self.producer.send(
                topic,
                key=record.key,
                value=record.value,
                headers=list(record.headers),
                partition=partition_for(record.key or b"", 4) if partition is None else partition,
            )
            for record in records
        ]
        for future in futures:
            future.get(timeout=30)

    def rows(self, query: str, *values: Any) -> list[Any]:
        async def fetch() -> list[Any]:
            connection = await asyncpg.connect(self.stack.database_url)
            try:
                return list(await connection.fetch(query, *values))
            finally:
                await connection.close()

        return asyncio.run(fetch())

    def until(self, query: str, *values: Any, holds: Callable[[list[Any]], bool] = bool) -> Any:
        """The rows of the query as soon as they hold."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not holds(rows := self.rows(query, *values)):
            assert time.monotonic() < deadline, f"still {rows}"
            time.sleep(0.1)
        return rows

    def status(self, stream: str, expected: str) -> Any:
        query = "select * from derived.case_state where stream = $1"
        return self.until(
            query, stream, holds=lambda rows: bool(rows) and rows[0]["status"] == expected
        )[0]

    def findings(self, stream: str, kind: str) -> list[Any]:
        query = "select * from derived.finding where stream = $1 and kind = $2"
        return list(self.until(query, stream, kind))

    def verified(self) -> Any:
        """A verification once the outbox is empty and nothing is on its way."""
        self.until("select count(*) from own.outbox where sent_at is null", holds=_is_zero)
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (report := asyncio.run(verify(self.admin))).ok:
            if time.monotonic() > deadline:
                return report
            time.sleep(1)
        return report


def _is_zero(rows: list[Any]) -> bool:
    return bool(rows[0][0] == 0)


def opened(bus: Bus, **changes: Any) -> tuple[str, Record]:
    """A referral that was sent to the police, on a stream of its own."""
    stream = str(uuid4())
    given = {"legal": "2026-03-05"} | changes
    record = bus.event("referral.sent", AMR, stream=stream, to=(PSB,), **given)
    bus.send([record], DOORS[AMR])
    bus.status(stream, "sent")
    return stream, record
