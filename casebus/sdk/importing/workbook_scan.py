"""Looks through a workbook's archive once before it is read, for merged and unsafe parts."""

from __future__ import annotations

import zipfile
from pathlib import Path

from openpyxl.utils.cell import range_boundaries

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.workbook_parts import Archive, WorkbookParts, walk
from casebus.sdk.importing.xml import local_name

#: The most bytes that all parts of a workbook may unpack to: about a million rows.
LARGEST_UNPACKED = 1 << 30
_MOST_MERGED = 100_000
_ENCRYPTED = 1
_CHUNK = 1 << 16

#: (first row, first column, last row, last column), counted from 1.
Merged = tuple[int, int, int, int]
#: Archives that are not workbooks of this kind: a part that they have, and their name.
_OTHERS = {
    "content.xml": "an OpenDocument file (.ods)",
    "xl/workbook.bin": "a binary workbook (.xlsb)",
    "word/document.xml": "a text document (.docx)",
    "ppt/presentation.xml": "slides (.pptx)",
    "index/document.iwa": "a file of Numbers",
}


def refuse_locked(path: Path, archive: zipfile.ZipFile) -> None:
    """Raises FileError `bad_workbook` if a part is encrypted."""
    if any(info.flag_bits & _ENCRYPTED for info in archive.infolist()):
        raise FileError("bad_workbook", f"{path.name} is locked: save it without a password")


def measure(path: Path, archive: zipfile.ZipFile) -> None:
    """Unpack every part once, counting; raises FileError `unsafe_file`."""
    room = LARGEST_UNPACKED
    for info in archive.infolist():
        with archive.open(info) as part:
            while chunk := part.read(_CHUNK):
                room -= len(chunk)
                if room < 0:
                    raise FileError("unsafe_file", f"{path.name} unpacks to more than a table")


def refuse_other(path: Path, archive: Archive) -> None:
    """Raises FileError `bad_workbook` for an archive that is known to be something else."""
    for part, what in _OTHERS.items():
        if archive.has(part):
            raise FileError(
                "bad_workbook", f"{path.name} is {what}: save it as .xlsx from the program it is of"
            )


def merged_ranges(archive: Archive, book: WorkbookParts) -> dict[str, list[Merged]]:
    """The merged ranges by sheet's part, sorted by first row. Parses each sheet to its end.

    Raises FileError `bad_workbook` or `unsafe_file`.
    """
    found: dict[str, list[Merged]] = {}
    for sheet in book.sheets:
        ranges: list[Merged] = []

        def start(name: str, said: dict[str, str], ranges: list[Merged] = ranges) -> None:
            if local_name(name) == "mergeCell":
                _add(ranges, said.get("ref", ""))

        walk(archive, sheet.part, start)
        found[sheet.part] = sorted(ranges)
    return found


def _add(ranges: list[Merged], reference: str) -> None:
    if len(ranges) == _MOST_MERGED:
        raise FileError("unsafe_file", f"more than {_MOST_MERGED} merged ranges")
    try:
        left, top, right, bottom = range_boundaries(reference)
    except (ValueError, TypeError):
        raise FileError("bad_workbook", f"it merges no cells: {reference[:40]}") from None
    if left and top and right and bottom:
        ranges.append((top, left, bottom, right))
