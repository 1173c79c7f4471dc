"""Tables for spreadsheet programs: what others wrote is shown there, and never run or spoiled."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from casebus.spreadsheets import csv_of, xlsx_of

FORMULAS = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "＝1+1", "－1")
IDENTITY = "330106199001011234"
MOMENT = datetime(2026, 3, 2, 16, 30, 5, 7, tzinfo=UTC)


def read_csv(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def sheet_of(data: bytes) -> Any:
    return load_workbook(io.BytesIO(data)).worksheets[0]


def read_xlsx(data: bytes) -> list[list[Any]]:
    return [list(row) for row in sheet_of(data).iter_rows(values_only=True)]


def test_a_csv_begins_with_the_mark_by_which_excel_knows_utf_8() -> None:
    data = csv_of(["案由"], [["销售假冒注册商标的商品案"]])
    assert data.startswith(b"\xef\xbb\xbf")
    assert read_csv(data) == [["案由"], ["销售假冒注册商标的商品案"]]
    assert data.endswith(b"\r\n")


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_begins_like_a_formula_is_a_text_in_csv(text: str) -> None:
    assert read_csv(csv_of([text], [[text]])) == [[f"'{text}"], [f"'{text}"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "#N/A", IDENTITY, "0012", "3-2"])
def test_a_text_is_a_cell_of_text_in_a_workbook(text: str) -> None:
    cell = sheet_of(xlsx_of("x", ["a"], [[text]])).cell(2, 1)
    assert (cell.value, cell.data_type, cell.number_format) == (text, "s", "@")


def test_a_number_stays_a_number_and_a_negative_one_is_no_formula() -> None:
    row = [-1, 2.5, Decimal("3.25"), None]
    assert read_csv(csv_of("abcd", [row]))[1] == ["-1", "2.5", "3.25", ""]
    assert read_xlsx(xlsx_of("x", "abcd", [row]))[1] == [-1, 2.5, 3.25, None]


def test_a_moment_is_shown_as_the_clock_in_beijing() -> None:
    row = [MOMENT, date(2026, 3, 2)]
    assert read_csv(csv_of("ab", [row]))[1] == ["2026-03-03 00:30:05", "2026-03-02"]
    at, day = read_xlsx(xlsx_of("x", "ab", [row]))[1]
    assert (str(at), str(day)) == ("2026-03-03 00:30:05", "2026-03-02 00:00:00")


def test_what_xml_cannot_hold_and_what_reads_as_a_code_for_it_spoil_no_workbook() -> None:
    data = xlsx_of("x", ["a"], [["a\x00b\ud800c_x000D_d"]])
    # This reader leaves the mark of the escape, as Excel does not.
    assert read_xlsx(data)[1] == ["a�b�c_x005F_x000D_d"]


@pytest.mark.parametrize("title", ["", "a/b:c*?[d]\\", "督" * 40, "'quoted'"])
def test_any_title_names_a_sheet(title: str) -> None:
    assert read_xlsx(xlsx_of(title, ["a"], [])) == [["a"]]


def test_a_text_longer_than_a_cell_takes_is_cut() -> None:
    assert len(read_xlsx(xlsx_of("x", ["a"], [["长" * 40_000]]))[1][0]) <= 32_767


@given(st.lists(st.text(max_size=20), min_size=2, max_size=2))
def test_whatever_the_text_both_can_be_read_and_no_cell_runs(row: list[str]) -> None:
    shown = read_csv(csv_of("ab", [row]))[1]
    assert [one.removeprefix("'") for one in shown] == [
        one.removeprefix("'").encode("utf-8", "replace").decode() for one in row
    ]
    assert not any(one.lstrip(" ").startswith(("=", "+", "-", "@", "\t")) for one in shown)
    cells = list(sheet_of(xlsx_of("x", "ab", [row])).iter_rows(min_row=2))[0:1]
    assert not any(cell.data_type == "f" for line in cells for cell in line)
