from __future__ import annotations

import ast
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.errors import UnfitError
from casebus.sql import composed, quoted

ROOT = Path(__file__).parents[2]
ROOMS = ("casebus", "storage", "services", "gateway", "operations", "onebox", "rehearsal")
NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=20)


def test_several_names_stand_in_their_order_with_commas_between() -> None:
    query = composed("select {columns} from own.{table} t", columns=("a", "b"), table="head")
    assert query == 'select "a", "b" from own."head" t'


@given(NAMES, NAMES)
def test_any_name_is_a_name_and_nothing_else(table: str, column: str) -> None:
    with closing(sqlite3.connect(":memory:")) as db:
        db.execute("create table other (kept integer)")
        names = {"table": table, "column": column}
        if table.lower().startswith("sqlite_") or table.lower() == "other":
            return
        db.execute(composed("create table {table} ({column} integer)", **names))
        db.execute(composed("insert into {table} ({column}) values (?)", **names), (7,))
        assert db.execute(composed("select {column} from {table}", **names)).fetchall() == [(7,)]
        assert len(db.execute("select name from sqlite_master").fetchall()) == 2


@pytest.mark.parametrize("text", ["", "a\0b"])
def test_what_no_name_can_be_is_refused(text: str) -> None:
    with pytest.raises(UnfitError):
        quoted(text)


def calls(function: str) -> Iterator[tuple[str, ast.Call]]:
    for room in ROOMS:
        for path in (ROOT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and ast.unparse(node.func) == function:
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node


@pytest.mark.slow
def test_a_statement_is_written_out_where_its_names_are_put_in() -> None:
    found = dict(calls("composed"))
    others = [
        place
        for place, call in found.items()
        if not (call.args and isinstance(call.args[0], ast.Constant)) or len(call.args) > 1
    ]
    assert len(found) > 10
    assert others == []
