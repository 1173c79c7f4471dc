"""Casework, journal to PostgreSQL, beside one hand-made SQL batch that writes the same rows."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import asyncpg

from bench.routing import running
from onebox.testing import Stack
from storage.cases import CaseRow
from storage.handles import Connection
from storage.queries import load

BATCH_ROWS = 2_000
LONGEST_SECONDS = 40.0
LOOK_SECONDS = 0.02
RECORDED = "select coalesce(sum(next_index), 0)::bigint from derived.journal_position"
_WRITTEN = (
    "select string_agg(column_name, ', ' order by ordinal_position)"
    " from information_schema.columns"
    " where table_schema = 'derived' and table_name = $1 and is_generated = 'NEVER'"
)
TABLES = ("journal", "event", "party", "number", "case_state", "clock", "work_item", "finding")
#: Replaced whole whenever a batch touches their case.
OF_A_CASE = ("clock", "work_item", "finding")
Rows = Sequence[Any]


async def casework(stack: Stack, count: int) -> float:
    """Journal records a second that the worker records, from its first transaction on."""
    connection = await asyncpg.connect(stack.database_url)
    env = {**os.environ, **stack.environment("casework"), "CASEBUS_SESSION_SECONDS": "6"}
    try:
        with running([sys.executable, "-m", "services.casework"], env):
            first = await _until(connection, 1)
            began = time.perf_counter()
            last = await _until(connection, count)
            return (last - first) / (time.perf_counter() - began)
    finally:
        await connection.close()


async def _until(connection: Connection, count: int) -> int:
    """The recorded number once it is `count`, or when the time is up."""
    deadline = time.monotonic() + LONGEST_SECONDS
    recorded = 0
    while recorded < count and time.monotonic() < deadline:
        await asyncio.sleep(LOOK_SECONDS)
        recorded = int(await connection.fetchval(RECORDED))
    return recorded


async def by_hand(stack: Stack) -> float:
    """The same rows again, into the emptied tables, each batch in one transaction."""
    connection = await asyncpg.connect(stack.database_url)
    try:
        rows = {table: await _rows(connection, table) for table in TABLES}
        names = ", ".join(f"derived.{table}" for table in TABLES)
        await connection.execute(f"truncate {names}")
        batches = _batches(rows)
        began = time.perf_counter()
        for batch in batches:
            async with connection.transaction():
                await _write(connection, batch)
        return len(rows["journal"]) / (time.perf_counter() - began)
    finally:
        await connection.close()


async def _rows(connection: Connection, table: str) -> Rows:
    """The written columns: the database makes some itself."""
    names = await connection.fetchval(_WRITTEN, table)
    return list(await connection.fetch(f"select {names} from derived.{table}"))


def _batches(rows: Mapping[str, Rows]) -> list[Mapping[str, Rows]]:
    """The rows of each batch of 2,000 journal rows: they, and all rows of their cases."""
    of_case: dict[str, dict[Any, list[Any]]] = {}
    for table in TABLES:
        of_case[table] = defaultdict(list)
        for row in rows[table]:
            of_case[table][row["stream"]].append(row)
    events = {(e["epoch"], e["partition"], e["log_index"]): e for e in rows["event"]}
    ordered = sorted(rows["journal"], key=lambda row: (row["log_index"], row["partition"]))
    batches: list[Mapping[str, Rows]] = []
    for at in range(0, len(ordered), BATCH_ROWS):
        journal = ordered[at : at + BATCH_ROWS]
        streams = {row["stream"] for row in journal}
        touched = {t: [r for s in streams for r in of_case[t][s]] for t in TABLES}
        places = ((row["epoch"], row["partition"], row["log_index"]) for row in journal)
        event = [events[place] for place in places if place in events]
        batches.append({**touched, "journal": journal, "event": event})
    return batches


async def _write(connection: Connection, batch: Mapping[str, Rows]) -> None:
    journal, cases = load("journal"), load("cases")
    await connection.execute("select from derived.journal_position for update")
    identities = [(row["stream"], row["source"], row["event_id"]) for row in batch["journal"]]
    await connection.fetch(journal["known_events"], *map(list, zip(*identities, strict=True)))
    streams = [row["stream"] for row in batch["case_state"]]
    await connection.fetch(cases["lock_cases"], streams)
    for table in ("journal", "event"):
        await _copy(connection, table, batch[table])
    parties = [(row["agency"], row["stream"]) for row in batch["party"]]
    await connection.execute(journal["add_parties"], *map(list, zip(*parties, strict=True)))
    if numbers := [tuple(row) for row in batch["number"]]:
        await connection.execute(cases["add_numbers"], *map(list, zip(*numbers, strict=True)))
    states = [[row[name] for name in CaseRow.__slots__] for row in batch["case_state"]]
    await connection.execute(cases["save_cases"], *map(list, zip(*states, strict=True)))
    for table in OF_A_CASE:
        await connection.execute(cases["drop_rows"].format(table=table), streams)
        await _copy(connection, table, batch[table])


async def _copy(connection: Connection, table: str, rows: Rows) -> None:
    if rows:
        await connection.copy_records_to_table(
            table, schema_name="derived", columns=list(rows[0].keys()), records=rows
        )
