"""Compares every row of `derived` with the row that was derived beside it, in every table."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson

from storage.beside import LIVE, NEXT
from storage.handles import Connection, Row
from storage.queries import load
from storage.sampling import ALL, Sample

#: The most rows of one table that are named; all are counted.
MOST_NAMED = 200
#: Not functions of the journal: how often and when a case was written, and waiting questions.
NOT_COMPARED = {
    # The table itself makes `closed_changed` from `updated_at`.
    "case_state": frozenset({"version", "updated_at", "closed_changed", "renewing"})
}
NOTES = frozenset({"changed_organisation", "changed_right"})
#: The name of a row in a table without a primary key.
_NAMES = ("stream", "source", "id", "revision")
_SQL = load("beside")

MISSING = "missing"
NOT_JOURNALED = "not from the journal"
OTHER = "another"
#: Both directions by `except all`, so that a doubled row counts; paired by the row's name.
_COMPARE = """
with stands as (
    select {columns} from {live}.{table} {where}
    except all select {columns} from {next}.{table} {where}),
again as (
    select {columns} from {next}.{table} {where}
    except all select {columns} from {live}.{table} {where}),
s as (select jsonb_build_object({key}) as key, to_jsonb(stands) as row from stands),
a as (select jsonb_build_object({key}) as key, to_jsonb(again) as row from again)
select key::text, s.row is not null as stands, a.row is not null as again,
    array(select name from jsonb_object_keys(s.row) name
          where s.row -> name is distinct from a.row -> name order by name) as columns,
    count(*) over () as total
from s full join a using (key) order by 1 limit {most}
"""


@dataclass(frozen=True, slots=True)
class RowDifference:
    """A row that differs from the journal's result; `how` is one of the words above."""

    table: str
    row: dict[str, Any]
    how: str
    #: The differing columns, if both sides have the row.
    columns: list[str]


@dataclass(slots=True)
class Differences:
    """The number of differing rows for each table, and some of them by name."""

    counts: dict[str, int] = field(default_factory=dict)
    named: list[RowDifference] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.counts)


async def differences(
    connection: Connection,
    *,
    sample: Sample = ALL,
    unsettled: Collection[UUID] = (),
    leaving_out: Collection[str] = (),
) -> Differences:
    """Compare the rows of the sampled streams, and those of no stream.

    It leaves out streams that are being derived again, and tables that are compared elsewhere.
    """
    found = Differences()
    for table in await connection.fetch(_SQL["tables"], LIVE):
        if table["name"] not in NOTES and table["name"] not in leaving_out:
            where = _where(sample, unsettled) if "stream" in table["columns"] else ""
            await _compare(connection, table, where, found)
    return found


def _where(sample: Sample, unsettled: Collection[UUID]) -> str:
    parts = [] if sample.is_whole else [sample.sql]
    if unsettled:
        names = ", ".join(f"'{one}'" for one in unsettled)
        parts.append(f"stream not in ({names})")
    return f"where {' and '.join(parts)}" if parts else ""


async def _compare(connection: Connection, table: Any, where: str, found: Differences) -> None:
    name = table["name"]
    columns = [one for one in table["columns"] if one not in NOT_COMPARED.get(name, ())]
    key = dict.fromkeys([*(table["key"] or _NAMES), "stream"])
    query = _COMPARE.format(
        columns=", ".join(f'"{one}"' for one in columns),
        key=", ".join(f"'{one}', \"{one}\"" for one in key if one in columns),
        table=name,
        live=LIVE,
        next=NEXT,
        where=where,
        most=MOST_NAMED,
    )
    rows = await connection.fetch(query)
    if rows:
        found.counts[name] = rows[0]["total"]
    found.named += [_difference(name, row) for row in rows]


def _difference(table: str, row: Row) -> RowDifference:
    both = row["stands"] and row["again"]
    how = OTHER if both else NOT_JOURNALED if row["stands"] else MISSING
    return RowDifference(table, orjson.loads(row["key"]), how, row["columns"] if both else [])
