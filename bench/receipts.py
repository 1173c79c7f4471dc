"""Receipts a second: `python -m bench.receipts`. Real PostgreSQL, a log of its own, no peers.

Receipts are made in stretches, as for an agency's topic. They are made one at a time, as by the
gateway. They are checked by the pinned root alone. The last figure is the leaves a second that the
signer takes into a head.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Sequence
from uuid import UUID

import asyncpg

from bench import records
from bench.report import machine
from casebus.events.envelope import Envelope, Record
from casebus.events.hand_overs import SUBMITTED
from casebus.events.schemas import Schemas
from casebus.kafka.directory import following
from casebus.law import Law
from casebus.trust.directory import Directory
from casebus.trust.keys import SigningKey
from casebus.trust.leaf import event_leaf, log_leaf
from casebus.trust.merkle import Frontier
from casebus.trust.receipt import Receipt, check, directory_of
from casebus.trust.witnessing import Witnessing
from onebox.testing import Stack
from services.scheduler.heads import HeadSigner
from storage.handles import Connection, Pool
from storage.packing import pack_headers
from storage.pool import open_pool
from storage.proving import Prover, ReceiptTeller, receipts

CASES = 10_000
LOG = (1, 0)
STRETCH, ALONE, CHECKED = 2_000, 500, 500
_COLUMNS = (
    "epoch partition log_index stream source event_id event_leaf log_leaf value headers appended_at"
)


async def fill(url: str, made: Sequence[Record], schemas: Schemas) -> None:
    """The log as casework records it, without the cases."""
    connection: Connection = await asyncpg.connect(url)
    rows, leaves = [], []
    for index, record in enumerate(made):
        envelope, value = Envelope.from_headers(record.headers), record.value or b""
        leaf = event_leaf(schemas.schema_of(value).digest, record.headers, value)
        leaves.append(log_leaf(leaf, record.headers))
        about = (UUID(envelope.subject), envelope.source, envelope.id, leaf, leaves[-1])
        rows.append((*LOG, index, *about, value, pack_headers(record.headers), envelope.time))
    await connection.copy_records_to_table(
        "journal", schema_name="derived", columns=_COLUMNS.split(), records=rows
    )
    await connection.execute(
        "insert into derived.journal_position (epoch, partition, next_index, next_offset, frontier)"
        " values ($1, $2, $3, $3, $4)",
        *LOG,
        len(made),
        Frontier().append(leaves).to_bytes(),
    )
    await connection.close()


async def measure(stack: Stack, made: Sequence[Record], schemas: Schemas) -> dict[str, float]:
    async with following(stack.settings("admin"), schemas) as follower:
        return await _measured(stack, made, schemas, follower.directory)


async def _measured(
    stack: Stack, made: Sequence[Record], schemas: Schemas, directory: Directory
) -> dict[str, float]:
    admin = stack.settings("admin")
    pool = await open_pool(stack.database_url, application="bench", most=4)
    key = SigningKey.load(stack.settings("scheduler").bus_key)
    began = time.perf_counter()
    await HeadSigner(pool, key, admin.root_digest).sign()
    found = {"leaves into a head": len(made) / (time.perf_counter() - began)}
    prover, policy = Prover(), Witnessing(needed=0, wait_seconds=0)
    began, count = time.perf_counter(), 0
    for first in range(0, len(made), STRETCH):
        count += len(await _made(pool, prover, directory, policy, range(first, first + STRETCH)))
    found["made in stretches"] = count / (time.perf_counter() - began)
    began = time.perf_counter()
    for index in range(0, len(made), len(made) // ALONE):
        await _made(pool, prover, directory, policy, [index])
    found["made one at a time"] = ALONE / (time.perf_counter() - began)
    texts = await _made(pool, prover, directory, policy, range(CHECKED))
    began = time.perf_counter()
    for text in texts:
        receipt = Receipt.from_json(json.loads(text))
        check(receipt, directory_of(receipt.entries, admin.root_digest, schemas))
    found["checked, each by its own entries"] = len(texts) / (time.perf_counter() - began)
    found["bytes of a receipt"] = sum(map(len, texts)) / len(texts)
    await pool.close()
    return found


async def _made(
    pool: Pool, prover: Prover, directory: Directory, policy: Witnessing, indexes: Sequence[int]
) -> list[bytes]:
    """Receipts as they leave: JSON."""
    steps = [(SUBMITTED, (*LOG, index)) for index in indexes]
    made = await receipts(pool, prover, directory, steps)
    tell = ReceiptTeller(directory, policy)
    return [json.dumps(tell(one, {}), ensure_ascii=False).encode() for one in made.values()]


def main() -> None:
    with Stack(only=("kafka", "postgres")) as stack:
        schemas = Schemas.load(records.ROOT / "schemas")
        law = Law.load(records.ROOT / "policies" / "law").digest
        made = records.journal(stack.home.keys, schemas, law, range(CASES))
        asyncio.run(fill(stack.database_url, made, schemas))
        found = asyncio.run(measure(stack, made, schemas))
    print(f"{len(made):,} records; {machine()}")
    for name, figure in found.items():
        print(f"{name}: {figure:,.0f}")


if __name__ == "__main__":
    main()
