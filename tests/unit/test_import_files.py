from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from casebus.sdk.importing.files import FileRows, inspect
from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.mapping import Mapping

MAPPING = Mapping.model_validate(
    {
        "name": "m",
        "case": {"number": {"column": "文号", "kind": "letter_no"}, "source": {"column": "单位"}},
        "events": [{"type": "referral.sent", "date": {"column": "日期（移送）"}}],
    }
)
TEXT = '文号,单位,日期（移送）\n1号,甲,2025-01-02\n\n2号,"乙,\n丙",2025-01-03\n'


def read(path: Path) -> list[tuple[int, dict[str, str] | Issue]]:
    return list(FileRows(inspect(path), MAPPING))


def write(folder: Path, raw: bytes, name: str = "a.csv") -> Path:
    path = folder / name
    path.write_bytes(raw)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_file_reads_the_same_in_every_encoding_that_excel_writes(
    tmp_path: Path, encoding: str
) -> None:
    rows = read(write(tmp_path, TEXT.encode(encoding)))
    assert [number for number, _ in rows] == [2, 4]
    assert [row["单位"] for _, row in rows if isinstance(row, dict)] == ["甲", "乙,\n丙"]


def test_the_mark_at_the_start_is_no_part_of_the_first_column(tmp_path: Path) -> None:
    rows = read(write(tmp_path, codecs.BOM_UTF8 + TEXT.encode()))
    assert isinstance(rows[0][1], dict)
    assert rows[0][1]["文号"] == "1号"


def test_missing_columns_are_named_all_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileError) as refused:
        read(write(tmp_path, "单位,别的\n甲,1\n".encode()))
    assert refused.value.code == "missing_columns"
    assert "文号, 日期（移送）" in refused.value.detail


def test_a_header_s_width_does_not_matter(tmp_path: Path) -> None:
    assert read(write(tmp_path, TEXT.replace("（移送）", "(移送) ").encode()))


def test_a_row_with_too_many_cells_is_an_issue_and_the_next_is_read(tmp_path: Path) -> None:
    rows = read(
        write(tmp_path, b"\xe6\x96\x87\xe5\x8f\xb7" + TEXT.encode()[6:] + b"a,b,c,d\ne,f,g")
    )
    assert isinstance(rows[2][1], Issue)
    assert isinstance(rows[3][1], dict)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"", "empty_file"),
        (b"PK\x03\x04rest", "bad_workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "not_text"),
        (b"\n", "empty_file"),
    ],
)
def test_what_is_no_table_is_one_clear_error(tmp_path: Path, raw: bytes, code: str) -> None:
    with pytest.raises(FileError) as refused:
        read(write(tmp_path, raw))
    assert refused.value.code == code


def test_text_that_breaks_its_encoding_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="bad_encoding"):
        read(write(tmp_path, TEXT.encode() + b"\xff\xff\xff"))


def test_json_lines_have_columns_too(tmp_path: Path) -> None:
    lines = (
        '{"文号": "1号", "单位": "甲", "日期（移送）": "2025-01-02", "inner": {"n": 1.50}}\n'
        "not json\n\n[1]\n"
        '{"文号": "2号", "单位": null}\n'
    )
    rows = read(write(tmp_path, lines.encode(), "a.jsonl"))
    assert [number for number, _ in rows] == [1, 2, 4, 5]
    assert rows[0][1] == {
        "文号": "1号",
        "单位": "甲",
        "日期(移送)": "2025-01-02",
        "inner.n": "1.50",
    }
    assert isinstance(rows[1][1], Issue)
    assert isinstance(rows[2][1], Issue)
    assert rows[3][1] == {"文号": "2号"}


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("name: x", "case"),
        ("nonsense", "the file"),
        ("a: [", "a.yaml"),
        ("name: x\ncase: {number: {column: a, kind: b}, source: {}}\nevents: []", "case.source"),
    ],
)
def test_a_mapping_that_is_wrong_says_where(tmp_path: Path, text: str, place: str) -> None:
    with pytest.raises(FileError, match="bad_mapping") as refused:
        Mapping.load(write(tmp_path, text.encode(), "a.yaml"))
    assert place in refused.value.detail
