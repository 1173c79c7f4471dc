"""CSV as offices have it: a broken row costs itself alone, and every line is accounted for."""

from __future__ import annotations

from pathlib import Path

import pytest

from casebus.sdk.importing.files import FileRows, RawRow, inspect
from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.mapping import Mapping

COLUMNS = ("文号", "单位", "移送", "数量", "案由")
HEADER = ",".join(COLUMNS) + "\n"


def mapping(**more: object) -> Mapping:
    return Mapping.model_validate(
        {
            "name": "m",
            "case": {
                "number": {"column": "文号", "kind": "letter_no"},
                "source": {"column": "单位"},
            },
            "events": [
                {
                    "type": "referral.sent",
                    "date": {"column": "移送"},
                    "fields": {"title": {"column": "案由"}},
                }
            ],
        }
        | more
    )


def row(number: int, title: str = "假冒") -> str:
    return f"{number}号,甲局,2025-03-0{number},{number}0,{title}\n"


def read(folder: Path, text: str, name: str = "a.csv", encoding: str = "utf-8") -> list[RawRow]:
    """The rows; what is said of the lines adds up each time."""
    path = folder / name
    path.write_bytes(text.encode(encoding))
    rows = FileRows(inspect(path), mapping())
    found = list(rows)
    lines = rows.lines
    assert lines is not None
    assert lines.total == len(text.splitlines())
    assert len(found) + lines.heading + lines.empty + lines.within_rows == lines.total
    return found


def taken(rows: list[RawRow]) -> list[str]:
    return [one["文号"] for _, one in rows if isinstance(one, dict)]


def refused(rows: list[RawRow]) -> list[tuple[int, str, str]]:
    return [(one.row, one.column, str(one.code)) for _, one in rows if isinstance(one, Issue)]


@pytest.mark.parametrize(
    ("closes", "also_refused"),
    [
        (row(6, '"柚"牌'), [(6, "案由", "bad_quote")]),
        (row(6, '柚"'), []),
        (row(6, '"'), [(6, "案由", "bad_quote")]),
        (row(6, '""'), []),
    ],
)
def test_a_quote_left_open_takes_no_row_below_wherever_it_is_closed(
    tmp_path: Path, closes: str, also_refused: list[tuple[int, str, str]]
) -> None:
    text = HEADER + row(2) + row(3, '"泊岸牌') + row(4) + row(5) + closes + row(7)
    rows = read(tmp_path, text)
    assert refused(rows) == [(3, "案由", "bad_quote"), *also_refused]
    assert {"2号", "4号", "5号", "7号"} <= set(taken(rows))
    assert not any("\n" in one["案由"] for _, one in rows if isinstance(one, dict))


def test_a_quote_left_open_and_closed_in_the_next_row_takes_it_not(tmp_path: Path) -> None:
    text = HEADER + '2号,"甲局,2025-03-02,20,假冒\n3号,甲局",2025-03-03,30,假冒\n' + row(4)
    rows = read(tmp_path, text)
    assert refused(rows) == [(2, "单位", "bad_quote")]
    assert taken(rows)[-1] == "4号"
    assert "\n" not in "".join(one["单位"] for _, one in rows if isinstance(one, dict))


def test_a_quote_that_is_never_closed_refuses_its_line_alone(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + row(2, '"泊岸') + row(3) + row(4))
    assert refused(rows) == [(2, "案由", "bad_quote")]
    assert taken(rows) == ["3号", "4号"]


def test_a_cell_over_several_lines_is_one_cell(tmp_path: Path) -> None:
    long = '"第一行，\n第二行, 有逗号\n\n第四行 ""引号"""'
    text = HEADER + '"2\n号",甲局,2025-03-02,20,"a\nb"\n' + row(3, long) + row(4)
    rows = read(tmp_path, text)
    assert [number for number, _ in rows] == [2, 5, 9]
    assert taken(rows) == ["2\n号", "3号", "4号"]
    assert isinstance(rows[1][1], dict)
    assert rows[1][1]["案由"] == '第一行，\n第二行, 有逗号\n\n第四行 "引号"'


def test_text_after_a_closing_quote_names_line_and_character(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + row(2) + row(3, '"泊岸"牌茶叶') + row(4))
    (issue,) = [one for _, one in rows if isinstance(one, Issue)]
    assert (issue.row, issue.column) == (3, "案由")
    assert "line 3, character 25" in issue.detail
    assert taken(rows) == ["2号", "4号"]


def test_quotes_inside_a_cell_that_begins_without_one_are_text(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + row(2, '假冒"泊岸"牌') + row(3, '5"管'))
    assert [one["案由"] for _, one in rows if isinstance(one, dict)] == ['假冒"泊岸"牌', '5"管']


@pytest.mark.parametrize("cut", ["3号", "3号,甲局,2025-03-1", "3号,甲局,2025-03-03,30"])
def test_a_short_row_is_refused_and_never_dated(tmp_path: Path, cut: str) -> None:
    rows = read(tmp_path, HEADER + row(2) + cut)
    assert refused(rows) == [(3, "", "bad_row")]
    rows = read(tmp_path, HEADER + cut + "\n" + row(2))
    assert refused(rows) == [(2, "", "bad_row")]
    assert taken(rows) == ["2号"]


def test_a_file_cut_off_inside_a_last_date_or_number_refuses_that_row(tmp_path: Path) -> None:
    columns = "单位,数量,案由,文号,移送\n"
    last = "甲局,1,假冒,1号,2025-03-02\n甲局,2,假冒,2号,2025-03-1"
    assert refused(read(tmp_path, columns + last)) == [(3, "移送", "bad_row")]
    assert refused(read(tmp_path, columns + last + "\n")) == []
    assert refused(read(tmp_path, columns + last + "2")) == []
    columns = "单位,数量,案由,移送,文号\n"
    last = "甲局,1,假冒,2025-03-02,移〔2025〕861号\n甲局,2,假冒,2025-03-03,移〔2025〕8"
    assert refused(read(tmp_path, columns + last)) == [(3, "文号", "bad_row")]


@pytest.mark.parametrize("one", [";", "\t", "|", "，"])
def test_another_delimiter_is_found_out_by_the_heading(tmp_path: Path, one: str) -> None:
    assert taken(read(tmp_path, (HEADER + row(2) + row(3)).replace(",", one))) == ["2号", "3号"]


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\n', "SEP=;\r\n"])
def test_a_first_line_may_say_the_delimiter(tmp_path: Path, first: str) -> None:
    assert taken(read(tmp_path, first + (HEADER + row(2)).replace(",", ";"))) == ["2号"]


@pytest.mark.parametrize(
    "name",
    [
        '"文\n号"',
        "文 号",
        "\u3000文号 ",
        '"文\r\n号"',
        "文\u200b号",
        "*文号",
        "文号＊",
        "文号（必填）",
        "文号(选填)*",
        "文号：",
    ],
)
def test_blanks_and_line_breaks_in_a_heading_say_nothing(tmp_path: Path, name: str) -> None:
    assert taken(read(tmp_path, HEADER.replace("文号", name) + row(2))) == ["2号"]


def test_a_unit_in_a_heading_says_what_is_meant(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="missing_columns"):
        read(tmp_path, HEADER.replace("案由", "案由（万元）") + row(2))


@pytest.mark.parametrize(
    "above", ["西湖区案件登记表,,,,\n", "\n,,,,\n", "表,,,,\n单位：甲局,,,,\n"]
)
def test_a_heading_below_a_title_is_found(tmp_path: Path, above: str) -> None:
    assert taken(read(tmp_path, above + HEADER + row(2))) == ["2号"]


def test_an_unread_heading_may_come_twice_and_be_empty(tmp_path: Path) -> None:
    text = HEADER.strip() + ",备注,备注,,\n" + row(2).strip() + ",甲,乙,,\n"
    (found,) = [one for _, one in read(tmp_path, text)]
    assert isinstance(found, dict)
    assert (found["备注"], found["备注#2"]) == ("甲", "乙")
    assert taken(read(tmp_path, HEADER.strip() + ",,\n" + row(2))) == ["2号"]


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_every_line_end_in_every_encoding(tmp_path: Path, end: str, encoding: str) -> None:
    text = (HEADER + row(2) + row(3)).replace("\n", end)
    assert taken(read(tmp_path, text, encoding=encoding)) == ["2号", "3号"]


def test_empty_lines_are_counted_and_cost_nothing(tmp_path: Path) -> None:
    rows = read(tmp_path, HEADER + "\n" + row(2) + ",,,,\n\n" + row(3))
    assert [number for number, _ in rows] == [3, 6]


HTML = "<table><tr><td>文号</td></tr></table>"


@pytest.mark.parametrize(
    ("raw", "code", "cause"),
    [
        (HTML.encode(), "not_text", "web page"),
        (("\n <!DOCTYPE html><html>" + HTML).encode("utf-8-sig"), "not_text", "web page"),
        (("<html>" + HTML).encode("utf-16"), "not_text", "web page"),
        (("<HTML>" + HTML).encode("gb18030"), "not_text", "web page"),
        (b"MIME-Version: 1.0\r\n", "not_text", "MHTML"),
        (b'<?xml version="1.0"?><Workbook/>', "not_text", "XML"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "not_text", "old or a locked"),
        (b"\x09\x08\x08\x00\x00\x05\x10\x00", "not_text", "very old Excel"),
        (b"From: <Saved by Excel>\r\n", "not_text", "MHTML"),
        (b"ID;PWXL;N;E\r\n", "not_text", "SYLK"),
        (b"TABLE\r\n0,1\r\n", "not_text", "DIF"),
        (b"PK\x05\x06" + bytes(18), "not_text", "empty archive"),
        ("\ufeff".encode(), "empty_file", "no row of column names"),
        (b"\r\n,,,\r\n", "empty_file", "no row of column names"),
        ("编号,单位\n".encode(), "missing_columns", "it has 编号, 单位"),
        (b"%PDF-1.7 ", "not_text", "PDF"),
        (b"\x1f\x8b\x08\x00", "not_text", "gzip"),
        ((HEADER + row(2)).encode()[:-2], "bad_encoding", "cut off inside a character of line 2"),
        ((HEADER + row(2)).encode("big5", "ignore"), "bad_encoding", "name its encoding"),
    ],
)
@pytest.mark.parametrize("name", ["a.csv", "a.xls", "a.xlsx"])
def test_what_is_no_table_is_named_in_one_sentence(
    tmp_path: Path, raw: bytes, code: str, cause: str, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(raw)
    with pytest.raises(FileError, match=cause) as refusal:
        list(FileRows(inspect(path), mapping()))
    assert refusal.value.code == code


@pytest.mark.parametrize("named", ["base64", "rot13", "unicode_escape", "no-such", "idna"])
def test_a_codec_that_no_text_is_in_is_refused_by_name(tmp_path: Path, named: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes((HEADER + row(2)).encode())
    with pytest.raises(FileError, match="bad_encoding"):
        inspect(path, named)


def test_big5_is_read_where_the_mapping_names_it(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(("文號,單位,移送,數量,案由\n2號,甲局,2025-03-02,20,假冒\n").encode("big5"))
    named = mapping(case={"number": {"column": "文號", "kind": "x"}, "source": {"column": "單位"}})
    assert len(list(FileRows(inspect(path, "big5"), named))) == 1


def test_json_that_cannot_be_stored_refuses_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    whole = '{"文号": "1号", "单位": "甲局", "移送": "2025-03-02", "案由": "x"}\n'
    path.write_text(whole + '{"a": ' * 100_000 + "\n" + "[1]\n" + whole, encoding="utf-8")
    rows = list(FileRows(inspect(path), mapping()))
    assert refused(rows) == [(2, "", "bad_row"), (3, "", "bad_row")]


def test_two_values_by_one_name_refuse_their_line(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    whole = '{"文号": "1号", "单位": "甲局", "移送": "2025-03-02", "案由": "x"}\n'
    path.write_text(whole + whole.replace("{", '{"文号": "2号", ', 1), encoding="utf-8")
    assert refused(list(FileRows(inspect(path), mapping()))) == [(2, "文号", "bad_row")]


@pytest.mark.parametrize("text", ['[{"文号": "1号"}]\n', '{\n "文号": "1号"\n}\n'])
def test_json_that_is_no_lines_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError, match="one object a line"):
        list(FileRows(inspect(path), mapping()))
