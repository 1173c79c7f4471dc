"""Reads lists of published penalties. Each office names the columns in its own way."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from casebus.cases.listed import Listed
from casebus.events.identifiers import identify
from casebus.events.limits import LONGEST_NUMBER
from casebus.sdk.importing.cells import heading, parse_date
from casebus.sdk.importing.csv_text import CsvText
from casebus.sdk.importing.files import FileRows, RawRow, SourceFile, json_names
from casebus.sdk.importing.issues import CellError, FileError, Issue, IssueCode
from casebus.sdk.importing.mapping import CellSource, SheetPart, WorkbookPart
from casebus.sdk.importing.report import LineCounts
from casebus.sdk.importing.rows import RowReading, RowRefusedError, refuse_secrets
from casebus.sdk.importing.spoiled import is_nothing
from casebus.sdk.importing.workbook import Workbook
from casebus.trust.agency_names import AgencyNames

#: Our name of a field -> names of its column: ours, those of the public credit forms
#: (行政处罚信息公示标准), and those of offices' bulletins.
HEADINGS: Mapping[str, tuple[str, ...]] = {
    "office": (
        *("处罚机关", "作出处罚决定机关", "作出行政处罚决定机关", "作出行政处罚决定机关名称"),
        *("作出处罚的机关", "处罚机关名称", "处罚决定机关", "处罚单位", "执法机关", "执法单位"),
        *("执法部门", "办案机关", "办案单位", "公示单位", "office", "agency"),
    ),
    "number": (
        *("行政处罚决定书文号", "行政处罚决定文书号", "处罚决定书文号", "处罚决定文书号"),
        *(
            "行政处罚决定书号",
            "处罚决定书号",
            "处罚决定书编号",
            "决定书文号",
            "处罚文号",
            "文书文号",
        ),
        *("文书号", "文号", "number"),
    ),
    "date": (
        *("处罚决定日期", "作出处罚决定日期", "作出行政处罚决定日期", "作出处罚决定书日期"),
        *("行政处罚决定日期", "决定日期", "处罚日期", "处罚时间", "date", "decided_on"),
    ),
    "code": (
        *("行政相对人代码_1(统一社会信用代码)", "行政相对人代码_1", "统一社会信用代码"),
        *("社会信用代码", "信用代码", "统一社会信用代码/注册号", "code", "uscc"),
    ),
    "party": (
        *("行政相对人名称", "行政相对人", "当事人名称", "当事人", "被处罚人", "被处罚单位"),
        *(
            "被处罚单位名称",
            "被处罚人名称",
            "企业名称",
            "单位名称",
            "名称",
            "organisation",
            "party",
        ),
    ),
}
#: Lists have titles and remarks above their heading.
_HEADER_ROWS = range(1, 8)
#: A number ends with 号, and behind a sign another one begins.
_SEVERAL = re.compile(r"号\s*[、，,；;/＼\\&和及与\s]\s*\S.*号")


@dataclass(frozen=True, slots=True)
class Columns:
    """The headings of a file and their meaning; the mapping for the readers of tables."""

    names: Mapping[str, str]
    delimiter: str = ","
    workbook: WorkbookPart = field(default_factory=WorkbookPart)

    def columns(self) -> tuple[str, ...]:
        return tuple(self.names.values())

    def date_columns(self) -> frozenset[str]:
        return frozenset(self.names[one] for one in ("date",) if one in self.names)

    def number_columns(self) -> frozenset[str]:
        return frozenset(self.names[one] for one in ("number",) if one in self.names)


class Meant(NamedTuple):
    """The caller's help with a list whose own headings are not enough."""

    #: Field -> the heading of its column, if the list uses another name.
    columns: Mapping[str, str] = {}
    #: The office whose list it is, if no column names it.
    office: str = ""
    #: The sheet of a workbook with several.
    sheet: str = ""


class ListedRows:
    """Each row as listed, with the notes on it; None if it is refused."""

    def __init__(self, source: SourceFile, meant: Meant, today: date) -> None:
        """Raises FileError `missing_columns` if no column names the penalties or their office."""
        self._columns, self._office = columns_of(source, meant), meant.office
        self._today = today
        self._rows = FileRows(source, self._columns)

    @property
    def lines(self) -> LineCounts | None:
        return self._rows.lines

    def __iter__(self) -> Iterator[tuple[int, Listed | None, tuple[Issue, ...]]]:
        for raw in self._rows:
            yield self._read(raw)

    def _read(self, raw: RawRow) -> tuple[int, Listed | None, tuple[Issue, ...]]:
        row, cells = raw
        if isinstance(cells, Issue):
            return row, None, (cells,)
        reading = RowReading(row, cells, AgencyNames(()))
        try:
            listed = _listed(reading, self._columns.names, self._office, self._today)
            return row, listed, tuple(reading.issues)
        except RowRefusedError:
            return row, None, tuple(reading.issues)


def _listed(reading: RowReading, names: Mapping[str, str], office: str, today: date) -> Listed:
    refuse_secrets(reading)
    said = {what: reading.raw(column) for what, column in names.items()}
    if long := [what for what, text in said.items() if len(text) > LONGEST_NUMBER]:
        detail = f"longer than {LONGEST_NUMBER} characters"
        raise reading.refuse(names[long[0]], IssueCode.BAD_CELL, detail)
    office = reading.text(names.get("office")) or office
    if not office:
        raise reading.refuse(names.get("office", ""), IssueCode.MISSING_VALUE)
    party = said.get("party", "")
    listed = Listed(
        office=office,
        number=_number(reading, names["number"]) if "number" in names else "",
        party_code=_code(reading, names["code"]) if "code" in names else "",
        party_name="" if is_nothing(party) else party,
    )
    return _dated(reading, names.get("date", ""), listed, today)


def _number(reading: RowReading, column: str) -> str:
    """One number. If a cell holds several, nobody would ever find the penalty."""
    number = reading.number(column)
    if _SEVERAL.search(number):
        raise reading.refuse(column, IssueCode.BAD_CELL, "several numbers: give each its row")
    return number


def _code(reading: RowReading, column: str) -> str:
    """An organisation's code; None for a text that says there is none, or that names a person."""
    written = reading.text(column)
    if is_nothing(written):
        return ""
    if written and not identify("resident_id", written).problem:
        reading.note(column, IssueCode.BAD_CELL, "the number of a person's identity card: left out")
        return ""
    cell = CellSource.model_validate({"column": column, "as": "uscc", "optional": True})
    return reading.value(cell) or ""


def _dated(reading: RowReading, column: str, listed: Listed, today: date) -> Listed:
    """The day. An impossible day keeps the row out only if nothing else identifies the penalty."""
    text = reading.text(column)
    if not text:
        return listed
    try:
        return replace(listed, decided_on=_day(text, today))
    except CellError as error:
        if listed.known() is None:
            raise reading.refuse(column, error.issue_code, error.detail) from error
        reading.note(column, error.issue_code, error.detail)
        return listed


def _day(text: str, today: date) -> date:
    day = parse_date(text).date
    if day > today:
        raise CellError(IssueCode.BAD_DATE, "a day that has not come")
    return day


def columns_of(source: SourceFile, meant: Meant) -> Columns:
    """The columns; raises FileError `missing_columns`, which names the expected headings."""
    first: list[str] = []
    for headings, columns in _headings(source, meant):
        if not _lacking(columns.names, meant):
            return columns
        first = first or headings
    lacking = " and ".join(_lacking(_names(first, meant), meant))
    raise FileError("missing_columns", f"no column of {', '.join(first) or 'it'} is {lacking}")


def _headings(source: SourceFile, meant: Meant) -> Iterator[tuple[list[str], Columns]]:
    """Each row that may be the heading, with the fields that it would give."""
    if source.is_json:
        found = json_names(source)
        yield found, Columns(_names(found, meant))
        return
    if not source.is_workbook:
        with source.path.open("rb") as file:
            text = CsvText(io.TextIOWrapper(file, source.encoding, newline=""), ",")
            found = text.heading(
                lambda cells: not _lacking(_names(cells, meant), meant), _HEADER_ROWS[-1]
            )
            above = WorkbookPart(header=_HEADER_ROWS[-1])
            yield found, Columns(_names(found, meant), text.delimiter, above)
        return
    sheets = (SheetPart(name=meant.sheet),) if meant.sheet else ()
    for header in _HEADER_ROWS:
        part = WorkbookPart(header=header, sheets=sheets)
        with source.path.open("rb") as file, closing(Workbook(source.path, file, part)) as book:
            found = next(book.sheets()).columns()
        yield found, Columns(_names(found, meant), workbook=part)


def _names(headings: Sequence[str], meant: Meant) -> dict[str, str]:
    """Field -> the heading of its column; the first known name that is there."""
    there = {heading(one).lower(): one for one in reversed(headings) if one.strip()}
    wanted = {**HEADINGS, **{what: (name,) for what, name in meant.columns.items()}}
    found: dict[str, str] = {}
    for what, ways in wanted.items():
        known = (there.get(heading(one).lower()) for one in ways)
        name = next((one for one in known if one and one not in found.values()), None)
        if name is not None:
            found[what] = name
    return found


def _lacking(names: Mapping[str, str], meant: Meant) -> list[str]:
    lacking = [] if "office" in names or meant.office else ["the office (处罚机关)"]
    if "number" not in names and not {"date"} < names.keys() & {"date", "code", "party"}:
        lacking.append("the number (行政处罚决定书文号), or the date and the organisation")
    return lacking
