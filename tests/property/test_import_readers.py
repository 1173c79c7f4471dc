"""Each reader of foreign files gives rows or one clear error, whatever the bytes are.

A few seconds each; `FUZZ_EXAMPLES=20000` lets them run longer.
"""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import re
import sqlite3
import zipfile
from collections.abc import Callable, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from casebus.sdk.importing.files import FileRows, inspect
from casebus.sdk.importing.issues import FileError, Issue
from casebus.sdk.importing.logs.entries import LogEntry
from casebus.sdk.importing.logs.mapping import LogMapping
from casebus.sdk.importing.logs.opening import LogFile, inspect_log
from casebus.sdk.importing.logs.reading import EntryReader
from casebus.sdk.importing.mapping import Mapping
from casebus.sdk.importing.report import LineCounts
from casebus.sdk.importing.rows import read_row
from casebus.trust.agency_names import AgencyNames, NamedAgency
from tests.examples import examples

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "120"))
bounded = settings(
    max_examples=examples(EXAMPLES),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
CODES = set(
    re.findall(
        r"^\| `(\w+)` \|",
        (Path(__file__).parents[2] / "docs/reason-codes.md").read_text(encoding="utf-8"),
        re.MULTILINE,
    )
)
AMR = "cn-330106-amr"
AGENCIES = AgencyNames([NamedAgency(AMR, "administrative", ("甲局",))])
TABLE = Mapping.model_validate(
    {
        "name": "m",
        "case": {"number": {"column": "文号", "kind": "letter_no"}, "source": {"column": "单位"}},
        "events": [
            {
                "type": "referral.sent",
                "date": {"column": "移送"},
                "fields": {"title": {"column": "案由"}},
            }
        ],
    }
)
HEADER = ["文号", "单位", "移送", "案由"]
ROWS = [[f"{at}号", "甲局", f"2025-03-0{at}", f"假冒{at}"] for at in range(1, 6)]


def csv_seed(encoding: str = "utf-8") -> bytes:
    lines = [",".join(one) for one in (HEADER, *ROWS)]
    lines[3] = '3号,甲局,2025-03-03,"第一行\n第二行, ""引""" '
    return "\r\n".join([*lines, ""]).encode(encoding)


def jsonl_seed() -> bytes:
    rows = (dict(zip(HEADER, one, strict=True)) | {"更": {"深": [1, None]}} for one in ROWS)
    return "\n".join(json.dumps(one, ensure_ascii=False) for one in rows).encode()


def book_seed() -> dict[str, bytes]:
    made = Workbook()
    sheet: Any = made.active
    sheet.append(HEADER)
    for number, unit, _, title in ROWS:
        sheet.append([number, unit, dt.date(2025, 3, 2), title])
    sheet["D3"], sheet["D4"] = "=1+1", 7
    sheet.merge_cells("B2:B3")
    packed = io.BytesIO()
    made.save(packed)
    with zipfile.ZipFile(packed) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def log_mapping(form: str) -> LogMapping:
    return LogMapping.model_validate(
        {
            "name": "m",
            "log": {"form": form, "object": "案" if form == "ocel" else ""},
            "case": {"kind": "docket_no", "source": {"value": AMR}},
            "other": "step",
        }
    )


XES = """<?xml version="1.0" encoding="UTF-8"?>
<log xmlns="http://www.xes-standard.org/"><global scope="event"><string key="a" value="b"/></global>
<trace><string key="concept:name" value="1号"/><list key="l"><values><int key="i" value="1"/>
</values></list><event><string key="concept:name" value="登记"/><date key="time:timestamp"
 value="2020-10-28T09:30:00+08:00"/></event><event/></trace></log>""".replace("\n", " ", 1).encode()
OCEL_XML = """<?xml version="1.0" encoding="UTF-8"?><log><objects><object id="1号" type="案">
<attributes><attribute name="a" time="2020-01-01">b</attribute></attributes></object></objects>
<events><event id="e" type="登记" time="2020-10-28T09:30:00Z"><objects>
<relationship object-id="1号" qualifier="x"/></objects></event></events></log>""".encode()
OCEL_JSON = json.dumps(
    {
        "objects": [
            {"id": "1号", "type": "案", "attributes": [{"name": "a", "time": "", "value": 1}]}
        ],
        "events": [
            {
                "id": "e",
                "type": "登记",
                "time": "2020-10-28T09:30:00Z",
                "attributes": [{"name": "b", "value": {"c": [1.5]}}],
                "relationships": [{"objectId": "1号", "qualifier": "x"}],
            }
        ],
    }
).encode()


def ocel_sqlite(folder: Path) -> bytes:
    path = folder / "seed.sqlite"
    path.unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as db:
        db.executescript(
            """
            create table event (ocel_id text, ocel_type text);
            create table event_map_type (ocel_type text, ocel_type_map text);
            create table object_map_type (ocel_type text, ocel_type_map text);
            create table event_object
             (ocel_event_id text, ocel_object_id text, ocel_qualifier text);
            create table event_A (ocel_id text, ocel_time text, x text);
            create table object_B (ocel_id text, ocel_time text, ocel_changed_field text, y text);
            insert into event values ('e', '登记');
            insert into event_map_type values ('登记', 'A');
            insert into object_map_type values ('案', 'B');
            insert into event_object values ('e', '1号', 'x');
            insert into event_A values ('e', '2020-10-28 09:30:00', 'v');
            insert into object_B values ('1号', '1970-01-01', null, 'w');
            """
        )
        db.commit()
    return path.read_bytes()


TOKENS = [
    b'"',
    b"'",
    b",",
    b";",
    b"\n",
    b"\r",
    b"\x00",
    b"<",
    b">",
    b"&#0;",
    b"&x;",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"<!DOCTYPE x>",
    b"]]>",
    b"9" * 400,
    b"-1",
    b"1E999",
    b"nan",
    b"\xed\xa0\x80",
    b"\\ud800",
    b"\xf0\x9f",
    b' t="s"',
    b' t="d"',
    b' s="99"',
    b' hidden="1"',
    b"GBK",
    b"x-nobody",
    b"UTF-16",
    b"{",
    b"[" * 3000,
    b"null",
    b"_xD800_",
    b"A1:XFD1048576",
    b"2147483648",
    b"event",
    b"global",
    b"<v/>",
    b"=",
]
# One change: where (as a share of the file), how much is cut there, what is put there.
change = st.tuples(
    st.floats(0, 1), st.integers(0, 40), st.sampled_from(TOKENS) | st.binary(max_size=8)
)
changes = st.lists(change, min_size=1, max_size=4)
Change = tuple[float, int, bytes]


def changed(raw: bytes, made: Iterable[Change]) -> bytes:
    for share, cut, put in made:
        at = int(share * len(raw))
        raw = raw[:at] + put + raw[at + cut :]
    return raw


def error_of(reads: Callable[[], None]) -> str:
    """The code of the one error that the reader gave, if any; all else goes through."""
    try:
        reads()
    except FileError as error:
        return error.code
    return ""


def rows_or_one_error(path: Path) -> None:
    assert error_of(lambda: read_table(path)) in {"", *CODES}


def read_table(path: Path) -> None:
    rows = FileRows(inspect(path), TABLE)
    read = 0
    for number, cells in rows:
        if isinstance(cells, Issue):
            read += cells.refused
            continue
        read += 1
        found = read_row(number, cells, TABLE, AGENCIES)
        assert found.events or found.refused
    lines = rows.lines or LineCounts(total=read)
    assert lines.total == read + lines.heading + lines.empty + lines.within_rows


def read_log(path: Path, mapping: LogMapping) -> None:
    reader = EntryReader(mapping, AGENCIES, frozenset(), dt.date(2030, 1, 1))
    for one in LogFile(inspect_log(path, mapping), mapping):
        if isinstance(one, LogEntry):
            found = reader.read(one)
            assert found.event or found.issues


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@bounded
@given(made=changes)
def test_csv(tmp_path: Path, encoding: str, made: list[Change]) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(changed(csv_seed(encoding), made))
    rows_or_one_error(path)


@bounded
@given(made=changes)
def test_json_lines(tmp_path: Path, made: list[Change]) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(changed(jsonl_seed(), made))
    rows_or_one_error(path)


BOOK = book_seed()


@bounded
@given(part=st.sampled_from(sorted(BOOK)), made=changes)
def test_a_part_of_a_workbook(tmp_path: Path, part: str, made: list[Change]) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as archive:
        for name, raw in BOOK.items():
            archive.writestr(name, changed(raw, made) if name == part else raw)
    rows_or_one_error(path)


@bounded
@given(made=changes)
def test_a_workbook_s_archive(tmp_path: Path, made: list[Change]) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, raw in BOOK.items():
            archive.writestr(name, raw)
    path.write_bytes(changed(path.read_bytes(), made))
    rows_or_one_error(path)


def own(raw: bytes) -> Callable[[Path], bytes]:
    return lambda _: raw


@pytest.mark.parametrize(
    ("form", "seed"),
    [
        ("xes", own(XES)),
        ("xes", own(XES.replace(b"UTF-8", b"GBK").decode().encode("gbk"))),
        ("ocel", own(OCEL_XML)),
        ("ocel", own(OCEL_JSON)),
        ("ocel", ocel_sqlite),
    ],
    ids=["xes", "xes-gbk", "ocel-xml", "ocel-json", "ocel-sqlite"],
)
# SQLite told of a table whose name was no text.
@example(made=[(0.14079157496110153, 0, b"\x80")])
@bounded
@given(made=changes)
def test_a_log(
    tmp_path: Path, form: str, seed: Callable[[Path], bytes], made: list[Change]
) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(changed(seed(tmp_path), made))
    assert error_of(lambda: read_log(path, log_mapping(form))) in {"", *CODES}


@bounded
@given(
    opens=st.integers(1, 5),
    column=st.integers(0, 3),
    closes=st.integers(1, 5),
    at=st.floats(0, 1),
)
def test_a_stray_quote_never_takes_a_row_into_another_s_cell(
    tmp_path: Path, opens: int, column: int, closes: int, at: float
) -> None:
    """One quote opens a cell, another stands anywhere in a row: each row is itself or refused."""
    rows = [list(one) for one in ROWS]
    rows[opens - 1][column] = '"' + rows[opens - 1][column]
    lines = [",".join(one) for one in rows]
    place = int(at * len(lines[closes - 1]))
    lines[closes - 1] = lines[closes - 1][:place] + '"' + lines[closes - 1][place:]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([",".join(HEADER), *lines, ""]), encoding="utf-8")
    for number, cells in FileRows(inspect(path), TABLE):
        if isinstance(cells, dict):
            assert not any("\n" in one for one in cells.values())
            assert cells["案由"].strip('"').endswith(str(number - 1)) or '"' in lines[number - 2]
