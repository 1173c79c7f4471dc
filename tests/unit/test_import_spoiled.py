"""Numbers that a spreadsheet spoiled never become a case's identity."""

from __future__ import annotations

import pytest

from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.rows import ReadRow, read_row
from casebus.trust.agency_names import AgencyNames, NamedAgency

AMR = "cn-330106-amr"
AGENCIES = AgencyNames([NamedAgency(AMR, "administrative", ())])
MAPPING = Mapping.model_validate(
    {
        "name": "m",
        "case": {"number": {"column": "文号", "kind": "letter_no"}, "source": {"value": AMR}},
        "events": [
            {
                "type": "referral.sent",
                "date": {"value": "2025-03-02"},
                "numbers": [{"column": "案号", "kind": "case_no"}],
                "fields": {
                    "title": {"column": "案由", "optional": True},
                    "suspects.0.organisation.uscc": {
                        "column": "代码",
                        "as": "uscc",
                        "optional": True,
                    },
                },
            }
        ],
    }
)


def read(**cells: str) -> ReadRow:
    return read_row(2, {"文号": "1号"} | cells, MAPPING, AGENCIES)


def said(row: ReadRow) -> list[tuple[str, str, bool]]:
    return [(one.column, str(one.code), one.refused) for one in row.issues]


SPOILED = [
    "3.30106E+17",
    "３.３０１０６Ｅ＋１７",
    "1E+05",
    "12月1日",
    "2025年12月",
    "2025-12-01",
    "2025/12/1 0:00",
    "1-Dec",
    "Dec-25",
    "12/1/2025",
    "10:30:00",
    "#N/A",
    "#REF!",
    "########",
    "TRUE",
    "false",
    "123.0",
    "1,234",
    "50%",
    '="3.30106E+17"',
    "十二月一日",
    "3.30106×10^17",
    "3.3 x 10 17",
    "12月-1",
    "1-12月",
    "星期一",
    "#名称?",
    "#EXTERNAL!",
    "Err:502",
    "=00123",
    '=B2&"号"',
    "@SUM(A1)",
    "-5",
    "+B2",
    "合 计",
    "总计：",
    "Total",
    "同上",
    "〃",
    "是",
    "[1, 2]",
    '{"a": 1}',
]


@pytest.mark.parametrize("column", ["文号", "案号"])
@pytest.mark.parametrize("text", SPOILED)
def test_a_number_that_its_cell_shows_to_be_changed_refuses_the_row(text: str, column: str) -> None:
    row = read(**{column: text})
    assert said(row) == [(column, "spoiled_number", True)]
    assert row.issues[0].detail


@pytest.mark.parametrize(
    "text",
    [
        "00123",
        "2025-3",
        "20251201",
        "杭西市监移〔2025〕1号",
        "1E",
        "E17",
        "330106202512010001",
        "1.2.3",
    ],
)
def test_a_number_that_only_looks_odd_is_taken(text: str) -> None:
    row = read(文号=text)
    assert (row.number, said(row)) == (text, [])


@pytest.mark.parametrize("text", ['="00123"', "'00123", "’00123", " ='00123' "])
def test_a_number_kept_from_change_is_read_as_meant_and_noted(text: str) -> None:
    row = read(文号=text)
    if text.startswith(" ="):
        assert said(row) == [("文号", "spoiled_number", True)]
        return
    assert row.number == "00123"
    assert said(row) == [("文号", "read_as_meant", False)]
    assert row.stream == read(文号="00123").stream


@pytest.mark.parametrize(
    "text",
    [
        "",
        "-",
        "无",
        "N/A",
        "nan",
        "NULL",
        "//",
        "、",
        "．．",
        "(null)",
        "<NULL>",
        "（空）",
        "无文号",
        "待定",
        "不详",
        "详见附件",
        "[object Object]",
        "——",
        "\\",
        "?",
    ],
)
def test_a_word_for_nothing_is_no_number(text: str) -> None:
    assert said(read(文号=text)) == [("文号", "missing_value", True)]
    assert said(read(案号=text)) == []


@pytest.mark.parametrize("text", ["1号_x000D_", "_x000a_1号", "1号_x000D__x000A_"])
def test_a_line_end_that_a_workbook_left_behind_is_no_part_of_a_number(text: str) -> None:
    row = read(文号=text)
    assert (row.number, said(row)) == ("1号", [("文号", "read_as_meant", False)])
    assert row.stream == read(文号="1号").stream


@pytest.mark.parametrize("text", ["3.1", "0", "00000"])
def test_a_number_that_may_be_another_is_taken_and_noted(text: str) -> None:
    row = read(文号=text)
    assert (row.number, said(row)) == (text, [("文号", "spoiled_cell", False)])


def test_a_heading_that_comes_again_is_no_case() -> None:
    assert said(read(文号="文号")) == [("文号", "spoiled_number", True)]


def test_invisible_characters_are_no_part_of_a_number() -> None:
    assert read(文号="1\u200b号\ufeff").number == "1号"


def test_elsewhere_it_is_a_note_that_says_what_happened() -> None:
    row = read(代码="9.13301E+17", 案由="#N/A")
    assert said(row) == [("案由", "spoiled_cell", False), ("代码", "spoiled_cell", False)]
    assert "shortened" in row.issues[1].detail
    assert said(read(文号="330106202500012000")) == [("文号", "spoiled_cell", False)]


@pytest.mark.parametrize("text", ["a\x00b", "\ud800"])
def test_what_no_text_holds_refuses_the_row(text: str) -> None:
    assert said(read(案由=text)) == [("案由", "bad_cell", True)]
