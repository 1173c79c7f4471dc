"""Tables of a page as a file for a spreadsheet program."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from fastapi import Response
from starlette.concurrency import run_in_threadpool

from casebus.spreadsheets import CSV, XLSX, csv_of, xlsx_of

Form = Literal["csv", "xlsx"]


class ExportSheet(NamedTuple):
    """`name` is the file's, in letters that every system takes."""

    name: str
    title: str
    heads: Sequence[str]
    rows: Iterable[Sequence[object]]


async def answer(sheet: ExportSheet, form: Form) -> Response:
    """As an attachment; a workbook takes a moment, off the loop."""
    named = {"Content-Disposition": f'attachment; filename="{sheet.name}.{form}"'}
    if form == "csv":
        return Response(csv_of(sheet.heads, sheet.rows), headers=named, media_type=CSV)
    made = await run_in_threadpool(xlsx_of, sheet.title, sheet.heads, sheet.rows)
    return Response(made, headers=named, media_type=XLSX)
