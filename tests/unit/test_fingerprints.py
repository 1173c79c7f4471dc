"""A row of a case is written again when any of its columns changed."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from storage.cases import _TABLES, CaseRow, CaseRows, _difference, _shown_by, _Table

STREAM = UUID(int=1)
VALUES: dict[str, Any] = {
    "str": "a",
    "bool": False,
    "int": 1,
    "bytes": b"{}",
    "list[str]": ["a"],
    "UUID": STREAM,
    "date": date(2026, 3, 2),
    "datetime": datetime(2026, 3, 2, tzinfo=UTC),
}
OTHERS: dict[str, Any] = {
    "str": "b",
    "bool": True,
    "int": 2,
    "bytes": b"{ }",
    "list[str]": ["b"],
    "UUID": UUID(int=2),
    "date": date(2026, 3, 3),
    "datetime": datetime(2026, 3, 2, 0, 0, 1, tzinfo=UTC),
}
#: What says which row it is: a change makes another row.
PLACE = {"stream", "key"}
COLUMNS = [
    (table, field.name)
    for table in _TABLES
    for field in fields(table.shape)
    if field.name not in PLACE and not (table.name == "side_region" and field.name == "procedure")
]


def row_of(shape: type[Any]) -> Any:
    return shape(**{field.name: VALUES[kind(field)] for field in fields(shape)})


def kind(field: Any) -> str:
    return str(field.type).removesuffix(" | None")


def case(table: _Table, row: Any) -> CaseRows:
    empty: dict[str, Any] = {"clocks": (), "work": (), "findings": ()}
    return CaseRows(row_of(CaseRow), **(empty | {table.parts: [row]}))


@pytest.mark.parametrize(("table", "column"), COLUMNS, ids=lambda one: getattr(one, "name", one))
def test_a_row_is_written_again_when_a_column_changed(table: _Table, column: str) -> None:
    before = row_of(table.shape)
    kinds = {field.name: kind(field) for field in fields(table.shape)}
    after = replace(before, **{column: OTHERS[kinds[column]]})
    shown = {STREAM: _shown_by(case(table, before))}
    now = case(table, after)
    gone, fresh = _difference(table, [now], shown, {STREAM: _shown_by(now)})
    assert (gone, fresh) == ([(STREAM, before.key)], [after])


@pytest.mark.parametrize("table", _TABLES, ids=lambda one: one.name)
def test_a_row_that_is_the_same_is_left_alone(table: _Table) -> None:
    one, same = case(table, row_of(table.shape)), case(table, row_of(table.shape))
    shown = {STREAM: _shown_by(one)}
    assert _difference(table, [same], shown, {STREAM: _shown_by(same)}) == ([], [])
