"""A row of a case is written again when any of its columns changed."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import pytest

from casebus.cases.facets import Row
from storage.cases import CaseRow, CaseRows, _difference, _shown_by, shapes

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
#: A change of the key makes another row.
COLUMNS = [
    (shape, field.name)
    for shape in shapes()
    for field in fields(shape)  # type: ignore[arg-type]
    if field.name not in {"stream", shape.KEY}
]


def row_of(shape: type[Any]) -> Any:
    return shape(**{field.name: VALUES[kind(field)] for field in fields(shape)})


def kind(field: Any) -> str:
    return str(field.type).removesuffix(" | None").removeprefix("dt.")


def case(row: Any) -> CaseRows:
    return CaseRows(row_of(CaseRow), [row])


@pytest.mark.parametrize(("shape", "column"), COLUMNS, ids=lambda one: getattr(one, "TABLE", one))
def test_a_row_is_written_again_when_a_column_changed(shape: type[Row], column: str) -> None:
    before = row_of(shape)
    kinds = {field.name: kind(field) for field in fields(before)}
    after = replace(before, **{column: OTHERS[kinds[column]]})
    shown = {STREAM: _shown_by(case(before))}
    now = case(after)
    gone, fresh = _difference(shape, [now], shown, {STREAM: _shown_by(now)})
    assert (gone, fresh) == ([(STREAM, before.which)], [(STREAM, after)])


@pytest.mark.parametrize("shape", shapes(), ids=lambda one: str(one.TABLE))
def test_a_row_that_is_the_same_is_left_alone(shape: type[Row]) -> None:
    one, same = case(row_of(shape)), case(row_of(shape))
    shown = {STREAM: _shown_by(one)}
    assert _difference(shape, [same], shown, {STREAM: _shown_by(same)}) == ([], [])
