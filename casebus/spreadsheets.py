"""Tables for a spreadsheet program: as CSV and as a workbook, and nothing in them is run.

Other people wrote the text of these cells. A text stays a text: no formula, no number cut to
fifteen digits, no character that the file's form does not know. A moment is shown as Beijing's
clock.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from unicodedata import east_asian_width

from casebus.events.legaltime import CHINA
from casebus.later import later

# A third of the gateway's start, for a rare export.
if TYPE_CHECKING:
    import openpyxl
    from openpyxl import styles
else:
    openpyxl = later("openpyxl")
    styles = later("openpyxl.styles")

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
#: The beginnings of a formula, including the wide forms that programs in China and Japan accept.
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
#: Characters that XML 1.0 cannot hold, not even escaped.
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
#: A reader takes `_x000d_` for the character that it names.
_CODE = re.compile("_(?=x[0-9a-fA-F]{4}_)")
_UNFIT_TITLE = re.compile(r"[\[\]:*?/\\\x00-\x1f]")
_NUMBERS = (int, float, Decimal)
#: The most that Excel takes of a cell's text, and of a sheet's title.
_LONGEST, _LONGEST_TITLE = 32_767, 31
_NARROWEST, _WIDEST = 8, 60
#: The number of rows that decide the width of a column.
_LOOKED_AT = 200


def csv_of(heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """With a byte order mark, so that Excel recognises UTF-8."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow([plain(one) for one in heads])
    writer.writerows([plain(_cell(one)) for one in row] for row in rows)
    return out.getvalue().encode("utf-8-sig", "replace")


def xlsx_of(title: str, heads: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """One sheet: the heads stay in sight and filter; texts are cells of text, so digits stay."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = _UNFIT_TITLE.sub(" ", title)[:_LONGEST_TITLE].strip("' ") or "1"
    table = [list(map(_cell, row)) for row in (heads, *rows)]
    for at, row in enumerate(table, 1):
        for column, value in enumerate(row, 1):
            _put(sheet.cell(at, column), value)
    _dress(sheet, table)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def plain(cell: Any) -> Any:
    """A text of CSV that no program takes for a formula; anything else as it is."""
    return f"'{cell}" if isinstance(cell, str) and cell.lstrip(" ").startswith(_FORMULA) else cell


def _cell(value: object) -> Any:
    """A number, a date, a moment without its zone, or a text."""
    if isinstance(value, datetime):
        # A moment without a zone is Beijing's already.
        local = value.astimezone(CHINA) if value.tzinfo else value
        return local.replace(tzinfo=None, microsecond=0)
    if value is None or isinstance(value, date) or _is_number(value):
        return value
    return str(value)


def _is_number(value: object) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def _put(cell: Any, value: Any) -> None:
    if not isinstance(value, str):
        cell.value = value
        return
    fit = _CODE.sub("_x005F_", NOT_XML.sub("�", value))
    cell.value = fit[:_LONGEST]
    # Without this, a text that begins with `=` is a formula, and `#N/A` is an error.
    cell.data_type, cell.number_format = "s", "@"


def _dress(sheet: Any, table: list[list[Any]]) -> None:
    sheet.freeze_panes = "A2"
    sheet.auto_filter.ref = sheet.dimensions
    for cell in sheet[1]:
        cell.font = styles.Font(bold=True)
        texts = [row[cell.column - 1] for row in table[:_LOOKED_AT] if len(row) >= cell.column]
        wide = max(_width(one) for one in texts) + 2
        sheet.column_dimensions[cell.column_letter].width = min(max(wide, _NARROWEST), _WIDEST)


def _width(value: Any) -> int:
    """A Chinese character takes two places."""
    text = "" if value is None else str(value)[:_WIDEST]
    return sum(1 + (east_asian_width(one) in "WF") for one in text)
