"""An answer of figures as a table: for a terminal, CSV and a workbook."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from casebus.events.legaltime import in_china
from casebus.later import later
from casebus.spreadsheets import plain

# A third of the gateway's start, for a rare export.
if TYPE_CHECKING:
    import openpyxl
else:
    openpyxl = later("openpyxl")

#: Stands in the place of a hidden number.
LEFT_OUT = "*"
TOTAL = "合计"
_FIGURES = ("count", "met", "overdue", "value")


def columns(answer: Mapping[str, Any]) -> list[str]:
    by = ["value_of" if name == "value" else name for name in answer["by"]]
    kinds = {one["kind"] for one in answer["indicators"]}
    steps = ["value_of"] if "steps" in kinds and "value_of" not in by else []
    return ["indicator", "title", *by, *steps, *_FIGURES, "unit"]


def lines(answer: Mapping[str, Any]) -> Iterator[list[Any]]:
    """One row for each figure, as `columns` names them; None for an empty value."""
    names = columns(answer)
    for one in answer["indicators"]:
        for row in one["rows"]:
            yield [_cell(one, row, name, answer["by"]) for name in names]


def to_csv(answer: Mapping[str, Any]) -> str:
    """With a byte order mark, so that Excel recognises UTF-8."""
    out = io.StringIO()
    out.write("\ufeff")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(columns(answer))
    writer.writerows([plain(cell) for cell in line] for line in lines(answer))
    for name, text in notes(answer):
        writer.writerow([name, text])
    return out.getvalue()


def to_xlsx(answer: Mapping[str, Any]) -> bytes:
    """A workbook: the figures, and a sheet that explains them."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "统计"
    sheet.append(columns(answer))
    for line in lines(answer):
        sheet.append([plain(cell) for cell in line])
    sheet.freeze_panes = "A2"
    about = book.create_sheet("说明")
    for row in notes(answer):
        about.append([plain(cell) for cell in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def notes(answer: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The basis of the figures."""
    found = [
        ("截止登记时间 as_of", local(answer["as_of"])),
        ("统计期间 from/to", f"{answer['from'] or '-'} / {answer['to'] or '-'}"),
        ("视图 view", answer["view"]),
        ("单位 agency", answer.get("agency_name") or answer["agency"]),
        ("规则版本 law", answer["law"]),
        ("指标定义 definitions", answer["definitions"]),
    ]
    if answer["view"] == "shared":
        found.append(("隐去", f"{LEFT_OUT}: 小于5的单元及可推算出它的单元均不显示"))
    return found


def yuan(fen: int) -> Decimal:
    """Money is kept in fen and shown in yuan."""
    return Decimal(fen) / 100


def local(moment: str) -> str:
    """A recorded time as it is read in China, to the second."""
    told = in_china(datetime.fromisoformat(moment), seconds=True)
    return f"{told.removesuffix('+08')}（北京时间）"


def unit_of(kind: str) -> str:
    return {"share": "比率", "median": "天", "steps": "天", "sum": "元"}.get(kind, "件")


def _cell(one: Mapping[str, Any], row: Mapping[str, Any], name: str, by: list[str]) -> Any:
    match name:
        case "indicator":
            return one["id"]
        case "title":
            return row.get("title") or one["title"]
        case "unit":
            return unit_of(one["kind"])
        case "count" | "met" | "overdue" | "value":
            return _figure(one, row, name)
    # A total has none of the dimensions.
    return row.get(name, TOTAL if name.removesuffix("_of") in by else None)


def _figure(one: Mapping[str, Any], row: Mapping[str, Any], name: str) -> Any:
    value = row.get(name)
    if value is None:
        return LEFT_OUT if name in row and row["suppressed"] else None
    return yuan(value) if name == "value" and one["kind"] == "sum" else value
