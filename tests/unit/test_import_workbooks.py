from __future__ import annotations

import datetime as dt
import io
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook as NewBook
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from openpyxl.worksheet.worksheet import Worksheet

from casebus.sdk.importing import workbook_scan
from casebus.sdk.importing.cells import parse_date
from casebus.sdk.importing.files import FileRows, RawRow, inspect
from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.mapping import Mapping

HEADER = ("文号", "单位", "日期（移送）", "货值")


def mapping(**workbook: Any) -> Mapping:
    return Mapping.model_validate(
        {
            "name": "m",
            "workbook": workbook,
            "case": {
                "number": {"column": "文号", "kind": "letter_no"},
                "source": {"column": "单位"},
            },
            "events": [
                {
                    "type": "referral.sent",
                    "date": {"column": "日期（移送）"},
                    "fields": {"goods_value": {"column": "货值", "as": "money"}},
                }
            ],
        }
    )


def book(folder: Path, fill: Callable[[NewBook, Worksheet], None], name: str = "a.xlsx") -> Path:
    made = NewBook()
    sheet = made.active
    assert isinstance(sheet, Worksheet)
    fill(made, sheet)
    made.save(folder / name)
    return folder / name


def table(folder: Path, *rows: tuple[Any, ...], epoch_1904: bool = False) -> Path:
    def fill(made: NewBook, sheet: Worksheet) -> None:
        if epoch_1904:
            made.epoch = CALENDAR_MAC_1904
        for row in (HEADER, *rows):
            sheet.append(row)

    return book(folder, fill)


def read(path: Path, **workbook: Any) -> list[RawRow]:
    return list(FileRows(inspect(path), mapping(**workbook)))


def cells(rows: list[RawRow], column: str) -> list[str]:
    return [row[column] for _, row in rows if isinstance(row, dict)]


def refusals(rows: list[RawRow]) -> list[tuple[str, int, str, str]]:
    return [(r.sheet, r.row, r.column, r.code) for _, r in rows if isinstance(r, Issue)]


@pytest.mark.parametrize("epoch_1904", [False, True])
def test_a_day_is_the_same_whether_a_date_a_number_or_text_in_either_epoch(
    tmp_path: Path, epoch_1904: bool
) -> None:
    serial = 45718 - (1462 if epoch_1904 else 0)
    day = dt.datetime.fromisoformat("2025-03-02")
    rows = [("1", "甲", kind, 1) for kind in (day, day.date(), serial, "2025年3月2日")]
    found = read(table(tmp_path, *rows, epoch_1904=epoch_1904))
    dates = {parse_date(text) for text in cells(found, "日期(移送)")}
    assert {str(one) for one in dates} == {"2025-03-02"}


def test_a_time_of_day_is_kept_to_the_second(tmp_path: Path) -> None:
    rows = read(table(tmp_path, ("1", "甲", dt.datetime.fromisoformat("2025-03-02 14:30:05"), 1)))
    assert cells(rows, "日期(移送)") == ["2025-03-02 14:30:05"]


def test_numbers_have_no_traces_of_binary(tmp_path: Path) -> None:
    values = (1200, 99668.1, 0.1 + 0.2, 30000.0, True)
    rows = read(table(tmp_path, *(("1", "甲", "2025-01-01", one) for one in values)))
    assert cells(rows, "货值") == ["1200", "99668.1", "0.3", "30000", "true"]


def test_merged_cells_hold_their_value_in_each_row_but_make_no_row(tmp_path: Path) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        sheet.append(("1", "甲", "2025-01-01", 1))
        sheet.append(("2", None, "2025-01-02", 2))
        sheet.append((None,))
        sheet.append(("3", "乙", "2025-01-03", 3))
        sheet.merge_cells("B2:B4")
        sheet.merge_cells("C2:C3")

    rows = read(book(tmp_path, fill))
    assert [int(number) for number, _ in rows] == [2, 3, 5]
    assert cells(rows, "单位") == ["甲", "甲", "乙"]
    assert cells(rows, "日期(移送)") == ["2025-01-01", "2025-01-01", "2025-01-03"]


def test_a_heading_below_a_title_in_two_rows_names_columns_by_both(tmp_path: Path) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(["2025年移送台账"])
        sheet.append(["文号", "单位", "日期", None, "货值"])
        sheet.append([None, None, "移送", "立案", None])
        sheet.append(["1", "甲", "2025-01-01", "2025-02-01", 5])
        for area in ("A1:E1", "A2:A3", "B2:B3", "C2:D2", "E2:E3"):
            sheet.merge_cells(area)

    read_by = mapping(header=2, header_rows=2).model_dump(by_alias=True)
    read_by["events"][0]["date"] = {"column": "日期/移送"}
    rows = list(FileRows(inspect(book(tmp_path, fill)), Mapping.model_validate(read_by)))
    (row,) = [row for _, row in rows]
    assert row == {
        "文号": "1",
        "单位": "甲",
        "日期/移送": "2025-01-01",
        "日期/立案": "2025-02-01",
        "货值": "5",
    }


def several(made: NewBook, sheet: Worksheet) -> None:
    sheet.title = "一月"
    other = made.create_sheet("二月")
    empty, hidden = made.create_sheet("空"), made.create_sheet("旧")
    hidden.sheet_state = "hidden"
    empty.sheet_state = "visible"
    other.append(["二月台账"])
    for one, number in ((sheet, "1"), (other, "2"), (hidden, "9")):
        one.append(HEADER)
        one.append((number, "甲", "=1/0" if one is other else "2025-01-01", 1))


def test_several_sheets_are_read_by_name_each_with_its_own_heading(tmp_path: Path) -> None:
    path = book(tmp_path, several)
    with pytest.raises(FileError, match="several_sheets"):
        read(path)
    rows = read(path, sheets=["一月", {"name": "二月", "header": 2}])
    assert cells(rows, "文号") == ["1"]
    assert refusals(rows) == [("二月", 3, "日期(移送)", "bad_cell")]
    with pytest.raises(FileError, match="missing_sheet"):
        read(path, sheets=["三月"])
    assert cells(read(path, sheets="all"), "文号") == ["1"]


def test_a_sheet_without_the_columns_is_named(tmp_path: Path) -> None:
    def fill(made: NewBook, sheet: Worksheet) -> None:
        several(made, sheet)
        made.worksheets[1]["A2"] = "编号"

    with pytest.raises(FileError, match=r"missing_columns: .*sheet 二月 lacks"):
        read(book(tmp_path, fill), sheets="all")


def test_a_cell_that_cannot_be_believed_refuses_its_row(tmp_path: Path) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        sheet.append(("1", "甲", "#N/A", 1))
        sheet["C2"].data_type = "e"
        sheet.append(("2", "甲", "2025-01-01", 913301090000000012))
        sheet.append(("3", "甲", "2025-01-01", "=1+1"))
        sheet.append(("4", "甲", "2025-01-01", 1))

    rows = read(book(tmp_path, fill))
    assert refusals(rows) == [
        ("Sheet", 2, "日期(移送)", "bad_cell"),
        ("Sheet", 3, "货值", "bad_cell"),
        ("Sheet", 4, "货值", "bad_cell"),
    ]
    assert cells(rows, "文号") == ["4"]


def test_a_column_that_comes_twice_is_not_guessed(tmp_path: Path) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append((*HEADER, "文号"))

    with pytest.raises(FileError, match="repeated_columns"):
        read(book(tmp_path, fill))


def repacked(path: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    """The workbook with one of its parts changed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            raw = old.read(name)
            new.writestr(name, change(raw) if name == part else raw)
    path.write_bytes(buffer.getvalue())
    return path


BOMB = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("part", "change", "code"),
    [
        ("xl/worksheets/sheet1.xml", lambda raw: BOMB + raw, "unsafe_file"),
        ("xl/styles.xml", lambda raw: BOMB + raw, "unsafe_file"),
        ("xl/worksheets/sheet1.xml", lambda raw: raw[:200] + b"<<", "bad_workbook"),
        ("xl/workbook.xml", lambda _: b"<workbook/>", "bad_workbook"),
    ],
)
def test_a_workbook_that_is_broken_or_dangerous_is_one_clear_error(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes], code: str
) -> None:
    path = repacked(table(tmp_path, ("1", "甲", "2025-01-01", 1)), part, change)
    with pytest.raises(FileError) as refused:
        read(path)
    assert refused.value.code == code


def test_a_workbook_that_unpacks_without_end_is_refused_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = table(tmp_path, ("1", "甲", "2025-01-01", 1))
    monkeypatch.setattr(workbook_scan, "LARGEST_UNPACKED", 1000)
    with pytest.raises(FileError, match="unsafe_file"):
        read(path)


@pytest.mark.parametrize("name", ["a.zip", "a.xlsx"])
def test_another_archive_is_no_workbook(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("a.txt", "text")
    with pytest.raises(FileError, match="no Excel workbook"):
        read(tmp_path / name)


def declared(encoding: str) -> Callable[[bytes], bytes]:
    """The part in another encoding than UTF-8."""

    def change(raw: bytes) -> bytes:
        text = raw.decode().split("?>", 1)[-1]
        head = f'<?xml version="1.0" encoding="{encoding}"?>'
        return (head + text).encode(encoding if encoding != "x-nobody" else "utf-8")

    return change


STRICT = (
    (b"schemas.openxmlformats.org/spreadsheetml/2006", b"purl.oclc.org/ooxml/spreadsheetml"),
    (
        b"schemas.openxmlformats.org/officeDocument/2006/relationships",
        b"purl.oclc.org/ooxml/officeDocument/relationships",
    ),
)


def strict(raw: bytes) -> bytes:
    for old, new in STRICT:
        raw = raw.replace(old, new)
    return raw


SHEET = "xl/worksheets/sheet1.xml"
EMPTY_FILLS = b'<fills count="1"><fill/></fills>'


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("docProps/core.xml", declared("x-nobody")),
        ("xl/styles.xml", lambda raw: re.sub(rb"<fills.*</fills>", EMPTY_FILLS, raw)),
        (SHEET, strict),
        ("xl/workbook.xml", strict),
        ("_rels/.rels", strict),
        ("xl/_rels/workbook.xml.rels", strict),
        (SHEET, declared("gb2312")),
        (SHEET, declared("gb18030")),
        ("xl/sharedStrings.xml", declared("gbk")),
        (SHEET, declared("utf-16")),
        (SHEET, lambda raw: re.sub(rb' r="[A-Z]*[0-9]+"', b"", raw)),
        (SHEET, lambda raw: raw.replace(b"<dimension", b"<x:y xmlns:x='u'/><dimension")),
        (
            SHEET,
            lambda raw: re.sub(rb"<(/?)(?=[a-z])", rb"<\1x:", raw).replace(b"xmlns", b"xmlns:x"),
        ),
    ],
)
def test_a_workbook_that_is_legal_but_unusual_is_read(
    tmp_path: Path, part: str, change: Callable[[bytes], bytes]
) -> None:
    plain = table(tmp_path, ("杭1号", "甲", dt.date(2025, 3, 2), 1))
    before = read(plain)
    assert read(repacked(plain, part, change)) == before


@pytest.mark.parametrize("part", [SHEET, "xl/workbook.xml", "xl/styles.xml"])
def test_a_part_in_an_encoding_that_nobody_knows_is_one_clear_error(
    tmp_path: Path, part: str
) -> None:
    path = repacked(table(tmp_path, ("1", "甲", "2025-01-01", 1)), part, declared("x-nobody"))
    with pytest.raises(FileError, match="x-nobody") as refused:
        read(path)
    assert refused.value.code == "bad_encoding"


def test_a_number_cell_with_text_refuses_its_row_alone(tmp_path: Path) -> None:
    rows = [(str(one), "甲", "2025-01-01", one) for one in (71, 72, 73)]
    path = repacked(
        table(tmp_path, *rows), SHEET, lambda raw: raw.replace(b"<v>72<", "<v>72件<".encode())
    )
    assert refusals(read(path)) == [("Sheet", 3, "货值", "bad_cell")]
    assert cells(read(path), "文号") == ["71", "73"]


def test_what_excel_escapes_is_read_as_it_was_typed(tmp_path: Path) -> None:
    rows = read(table(tmp_path, ("1号_x000D_", "甲_x000D_\n乙_x005F_x000D_", "2025-01-01", 1)))
    assert cells(rows, "单位") == ["甲\n乙_x000D_"]
    assert cells(rows, "文号") == ["1号\n"]


def test_a_cell_that_is_no_number_of_a_case_refuses_its_row(tmp_path: Path) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        for value in (dt.date(2025, 12, 1), dt.time(10, 30), True, 12.5, 7, 7, "1号"):
            sheet.append((value, "甲", "2025-01-01", 1))
        sheet["A6"].number_format = "00000"

    rows = read(book(tmp_path, fill))
    assert refusals(rows) == [("Sheet", at, "文号", "spoiled_number") for at in (2, 3, 4, 5)]
    assert "2025-12-01" in next(one.detail for _, one in rows if isinstance(one, Issue))
    assert cells(rows, "文号") == ["00007", "7", "1号"]


@pytest.mark.parametrize(("hidden", "numbers"), [("take", ["1", "2", "3"]), ("leave", ["1", "3"])])
def test_a_hidden_row_is_noted_and_taken_as_the_mapping_says(
    tmp_path: Path, hidden: str, numbers: list[str]
) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        for number in "123":
            sheet.append((number, "甲", "2025-01-01", 1))
        sheet.row_dimensions[3].hidden = True

    rows = read(book(tmp_path, fill), hidden_rows=hidden)
    assert cells(rows, "文号") == numbers
    assert [(r.row, str(r.code), r.refused) for _, r in rows if isinstance(r, Issue)] == [
        (3, "hidden_row", False)
    ]


@pytest.mark.parametrize(
    ("part", "what"),
    [("content.xml", r"\.ods"), ("xl/workbook.bin", r"\.xlsb"), ("word/document.xml", r"\.docx")],
)
def test_another_kind_of_document_is_named(tmp_path: Path, part: str, what: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
        archive.writestr(part, "x")
    with pytest.raises(FileError, match=what):
        read(tmp_path / "a.xlsx")


FORMATS = [
    ("00000", 7, "00007"),
    ("000-000", 7, "000-007"),
    ('"杭西"0000"号"', 7, "杭西0007号"),
    ("0000\\-00", 123456, "1234-56"),
    ('[Red]"No."0_ ;-0', 7, "No.7"),
    ("0", 7, "7"),
    ("General", 7, "7"),
    ("#,##0", 1234, "1234"),
]


@pytest.mark.parametrize(("code", "value", "number"), FORMATS)
def test_a_number_is_the_one_that_its_cell_shows(
    tmp_path: Path, code: str, value: int, number: str
) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        sheet.append((value, "甲局", "2025-03-02", value))
        sheet["A2"].number_format = sheet["D2"].number_format = code

    rows = read(book(tmp_path, fill))
    assert cells(rows, "文号") == [number]
    # Elsewhere words around a number are not its value.
    assert cells(rows, "货值")[0].lstrip("0") == str(value)


@pytest.mark.parametrize(
    ("code", "value", "amount"),
    [
        ('0.00"万元"', 1.2, "1.2万"),
        ("0.0万", 1.2, "1.2万"),
        ('0!.0,"万"', 12000, "12000"),
        ("0.00,", 12000, "12000"),
        ("0%", 0.12, "12%"),
        ('0"件"', 5, "5"),
        ('#,##0.00"元"', 1.5, "1.5"),
    ],
)
def test_an_amount_is_the_one_that_its_cell_shows(
    tmp_path: Path, code: str, value: float, amount: str
) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        sheet.append(("1号", "甲局", "2025-03-02", value))
        sheet["D2"].number_format = code

    assert cells(read(book(tmp_path, fill)), "货值") == [amount]


def test_a_heading_below_a_title_is_found(tmp_path: Path) -> None:
    def fill(_: NewBook, sheet: Worksheet) -> None:
        sheet.append(("西湖区案件登记表",))
        sheet.merge_cells("A1:D1")
        sheet.append(())
        sheet.append(HEADER)
        sheet.append(("1号", "甲局", "2025-03-02", 5))

    rows = read(book(tmp_path, fill))
    assert [number for number, _ in rows] == [4]
    assert cells(rows, "文号") == ["1号"]


def test_a_row_without_height_is_hidden(tmp_path: Path) -> None:
    path = repacked(
        table(tmp_path, ("1号", "甲局", "2025-03-02", 5)),
        "xl/worksheets/sheet1.xml",
        lambda raw: raw.replace(b'<row r="2"', b'<row r="2" ht="0" customHeight="1"'),
    )
    assert refusals(read(path)) == [("Sheet", 2, "", "hidden_row")]


def test_a_workbook_whose_sheets_are_hidden_says_so(tmp_path: Path) -> None:
    def fill(made: NewBook, sheet: Worksheet) -> None:
        sheet.append(HEADER)
        made.create_sheet("空")
        sheet.sheet_state = "hidden"

    with pytest.raises(FileError, match="it hides Sheet"):
        read(book(tmp_path, fill))


def test_a_locked_workbook_and_a_broken_merge_name_their_cause(tmp_path: Path) -> None:
    path = table(tmp_path, ("1号", "甲局", "2025-03-02", 5))
    locked = bytearray(path.read_bytes())
    for at in [one.start() for one in re.finditer(b"PK\x01\x02", locked)]:
        locked[at + 8] |= 1
    (tmp_path / "locked.xlsx").write_bytes(locked)
    with pytest.raises(FileError, match="without a password"):
        read(tmp_path / "locked.xlsx")

    merge = b'</sheetData><mergeCells count="1"><mergeCell ref="no cell"/></mergeCells>'
    with pytest.raises(FileError, match="merges no cells: no cell"):
        read(
            repacked(
                path, "xl/worksheets/sheet1.xml", lambda raw: raw.replace(b"</sheetData>", merge)
            )
        )
