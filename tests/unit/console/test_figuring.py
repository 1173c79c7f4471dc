"""Numbers as they are read, and which of them lead to their cases."""

from __future__ import annotations

from typing import Any

import pytest

from casebus.law.divisions import DIVISIONS, EMPTY, Divisions
from casebus.statistics.overview import Figure, Value
from gateway.console import figuring
from gateway.console.figuring import DimensionNames
from gateway.console.languages import words

ZH = words("zh")
NAMING = DimensionNames(ZH, Divisions(DIVISIONS, EMPTY), lambda agency: f"名称 {agency}")


def _one(kind: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"id": "i", "kind": kind, "rows": [{"suppressed": False, **row} for row in rows]}


@pytest.mark.parametrize(
    ("kind", "value", "said"),
    [
        ("count", Value(12345), "12,345"),
        ("share", Value(0.4567), "45.7%"),
        ("sum", Value(123456), "1,234.56 元"),
        ("median", Value(3.5), "3.5 天"),
        ("share", Value(None), "—"),
        ("count", Value(None, left_out=True), "不公布"),
    ],
)
def test_a_number_is_said_with_its_unit(kind: str, value: Value, said: str) -> None:
    assert figuring.text_of(ZH, kind, value) == said


@pytest.mark.parametrize(
    ("kind", "now", "before", "way", "said"),
    [
        ("count", Value(5), Value(3), "up", "+2"),
        ("count", Value(3), Value(5), "down", "-2"),
        ("sum", Value(100), Value(100), "same", "0.00 元"),
        ("share", Value(0.5), Value(0.75), "down", "-25.0 个百分点"),
        ("count", Value(None, left_out=True), Value(5), "", "—"),
    ],
)
def test_a_change_is_said_where_both_are_known(
    kind: str, now: Value, before: Value, way: str, said: str
) -> None:
    assert figuring.change_of(ZH, Figure({"kind": kind}, now, before, ())) == (way, said)


def test_a_number_leads_to_its_cases_by_what_its_row_says() -> None:
    one = _one(
        "share",
        {"agency": "cn-1", "count": 4, "met": 3, "value": 0.75},
        {"count": 4, "met": 3, "value": 0.75},
    )
    table = figuring.table_of(one, ["agency"], NAMING)
    assert [head for head, _ in table.heads] == ["机构", "基数", "符合", "比率"]
    row, total = table.rows
    assert row.cells[0].text == "名称 cn-1"
    assert row.cells[1].asks == {"indicator": "i", "agency": "cn-1", "part": "all"}
    assert row.cells[2].asks == {"indicator": "i", "agency": "cn-1", "part": "met"}
    # A share is no number of cases.
    assert row.cells[3].asks is None
    assert total.is_total
    assert total.cells[1].asks == {"indicator": "i", "part": "all"}


def test_what_is_left_out_or_none_leads_nowhere_and_is_no_number_in_a_file() -> None:
    one = _one(
        "count",
        {"month": "2026-03", "count": None, "value": None, "suppressed": True},
        {"month": "2026-04", "count": 0, "value": 0},
    )
    left_out, none = (row.cells[-1] for row in figuring.table_of(one, ["month"], NAMING).rows)
    assert (left_out.asks, left_out.text, left_out.raw) == (None, "不公布", "*")
    assert (none.asks, none.text) == (None, "0")


def test_of_restricted_cases_no_number_leads_anywhere() -> None:
    one = _one("count", {"city": "*", "count": 9, "value": 9})
    [row] = figuring.table_of(one, ["city"], NAMING).rows
    assert row.cells[0].text == "保密案件"
    assert row.cells[1].asks is None


def test_what_stands_leads_to_what_was_not_followed() -> None:
    one = _one("stock", {"count": 9, "value": 4})
    [row] = figuring.table_of(one, [], NAMING).rows
    assert [cell.asks and cell.asks["part"] for cell in row.cells] == ["all", "unmet"]
