"""Looks through a workbook's archive once before it is read: what is merged, what is unsafe."""

from __future__ import annotations

import re
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO
from xml.parsers import expat

from openpyxl.utils.cell import coordinate_to_tuple, range_boundaries

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.xml import safe_parser

#: What all parts of a workbook may unpack to: about a million rows.
LARGEST_UNPACKED = 1 << 30
_MOST_MERGED = 100_000
_CHUNK = 1 << 16
_XML = (".xml", ".rels")


@dataclass(slots=True)
class Scan:
    """What was found in a sheet before its rows are read; rows and columns count from 1."""

    #: (first row, first column, last row, last column), by first row.
    merged: list[tuple[int, int, int, int]] = field(default_factory=list)
    #: Formulas without a value: no spreadsheet program saved the file since another wrote it.
    uncalculated: set[tuple[int, int]] = field(default_factory=set)


def scan(path: Path, file: BinaryIO) -> dict[str, Scan]:
    """Unpack every part once, counting, and look into the XML; keyed by the parts' names.

    Raises FileError `bad_workbook` or `unsafe_file`.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            scans = _scan_parts(path, archive)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise FileError("bad_workbook", f"{path.name}: {error}") from error
    except (expat.ExpatError, ValueError) as error:
        raise FileError("bad_workbook", f"{path.name}: {error}") from error
    if not any(name.endswith("workbook.xml") for name in scans):
        raise FileError("bad_workbook", f"{path.name} is an archive, but no Excel workbook")
    file.seek(0)
    return scans


def _scan_parts(path: Path, archive: zipfile.ZipFile) -> dict[str, Scan]:
    room = LARGEST_UNPACKED
    scans: dict[str, Scan] = {}
    for info in archive.infolist():
        scanner = _Scanner()
        is_xml = info.filename.endswith(_XML)
        with archive.open(info) as part:
            while chunk := part.read(_CHUNK):
                room -= len(chunk)
                if room < 0:
                    raise FileError("unsafe_file", f"{path.name} unpacks to more than a table")
                if is_xml:
                    scanner.parser.Parse(chunk, False)
        if is_xml:
            scanner.parser.Parse(b"", True)
        scans[info.filename] = scanner.found()
    return scans


class _Scanner:
    """Reads one part's XML; of other parts than sheets it finds nothing."""

    def __init__(self) -> None:
        self._scan = Scan()
        self._cell: tuple[int, int] | None = None
        self._kind = ""
        self.parser = safe_parser()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end

    def found(self) -> Scan:
        self._scan.merged.sort()
        return self._scan

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(":")[2]
        if local == "c":
            self._cell = _coordinate(attributes.get("r", ""))
            self._kind = attributes.get("t", "")
        elif local == "f" and self._cell:
            self._scan.uncalculated.add(self._cell)
        elif local == "v" and self._cell in self._scan.uncalculated:
            # A formula may well give an empty text; an empty number it does not give.
            self.parser.CharacterDataHandler = self._calculated
            if self._kind == "str":
                self._calculated()
        elif local == "mergeCell":
            self._merge(attributes.get("ref", ""))

    def _end(self, _: str) -> None:
        self.parser.CharacterDataHandler = None

    def _calculated(self, _: str = "") -> None:
        if self._cell:
            self._scan.uncalculated.discard(self._cell)

    def _merge(self, reference: str) -> None:
        if len(self._scan.merged) == _MOST_MERGED:
            raise FileError("unsafe_file", f"more than {_MOST_MERGED} merged ranges")
        left, top, right, bottom = range_boundaries(reference)
        if left and top and right and bottom:
            self._scan.merged.append((top, left, bottom, right))


def _coordinate(reference: str) -> tuple[int, int] | None:
    return coordinate_to_tuple(reference) if re.fullmatch(r"[A-Z]{1,3}\d{1,7}", reference) else None
