"""The parts of a workbook's archive besides its rows: sheets, styles, shared texts.

Names are taken without their namespaces, so that transitional and strict workbooks read the same.
Parts about looks (fills, fonts, themes) are never read.
"""

from __future__ import annotations

import lzma
import posixpath
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from openpyxl.styles.numbers import BUILTIN_FORMATS, is_date_format

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.spoiled import unescaped
from casebus.sdk.importing.xml import XmlFeed, local_name, safe_parser

_CHUNK = 1 << 16
#: Formats that Chinese and Japanese Excel knows by number; all are dates or times.
_EASTERN_DATES = frozenset({*range(27, 37), *range(50, 59)})
_OFFICE = "/officeDocument"
_DEFAULT = "xl/workbook.xml"
_TRUE = frozenset({"1", "true", "on"})


def is_true(text: str | None) -> bool:
    return text in _TRUE


@dataclass(frozen=True, slots=True)
class SheetPlace:
    """A sheet by its name and the archive's name of its part."""

    name: str
    part: str
    is_visible: bool


@dataclass(slots=True)
class WorkbookParts:
    """A workbook's own description."""

    sheets: list[SheetPlace] = field(default_factory=list)
    counts_from_1904: bool = False
    #: By style: the code of its number format, and whether that shows a date.
    formats: list[tuple[str, bool]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)


class Archive:
    """A workbook's archive. Parts are found whatever the writer did with slashes and case."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {_folded(one.filename): one for one in archive.infolist()}

    def has(self, name: str) -> bool:
        return _folded(name) in self._names

    def chunks(self, name: str) -> Iterator[bytes]:
        with self._archive.open(self._names[_folded(name)]) as part:
            while chunk := part.read(_CHUNK):
                yield chunk


def _folded(name: str) -> str:
    return posixpath.normpath(name.replace("\\", "/").lstrip("/")).lower()


def read_book(archive: Archive) -> WorkbookParts:
    """Raises FileError `bad_workbook` if the file is none."""
    place = _office_part(archive)
    if not archive.has(place):
        raise FileError("bad_workbook", "it is an archive, but no Excel workbook")
    relations = _relations(archive, place)
    book, named = WorkbookParts(), list[tuple[str, str, bool]]()

    def start(name: str, attributes: dict[str, str]) -> None:
        local = local_name(name)
        if local == "workbookPr":
            book.counts_from_1904 = is_true(attributes.get("date1904"))
        elif local == "sheet":
            own = next((one for key, one in attributes.items() if key.endswith(":id")), "")
            is_visible = attributes.get("state", "visible") == "visible"
            named.append((unescaped(attributes.get("name", "")), own, is_visible))

    walk(archive, place, start)
    for name, own, is_visible in named:
        kind, part = relations.get(own, ("", ""))
        if kind == "worksheet" and archive.has(part):
            book.sheets.append(SheetPlace(name, part, is_visible))
    parts = {kind: part for kind, part in relations.values() if archive.has(part)}
    if "styles" in parts:
        book.formats = _formats(archive, parts["styles"])
    if "sharedStrings" in parts:
        book.texts = _texts(archive, parts["sharedStrings"])
    return book


def walk(
    archive: Archive,
    part: str,
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None] | None = None,
    text: Callable[[str], None] | None = None,
) -> None:
    """Read one part through."""
    parser = safe_parser()
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    feed = XmlFeed(parser, code="bad_workbook")
    for chunk in archive.chunks(part):
        feed(chunk)
    feed(b"")


def _office_part(archive: Archive) -> str:
    found = (part for kind, part in _relations(archive, "").values() if kind == _OFFICE[1:])
    return next(found, _DEFAULT)


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """By id: the kind of each part that this one names, and its name in the archive."""
    folder, own = posixpath.split(part)
    name = posixpath.join(folder, "_rels", f"{own}.rels")
    found: dict[str, tuple[str, str]] = {}

    def start(name: str, said: dict[str, str]) -> None:
        if local_name(name) == "Relationship" and said.get("TargetMode") != "External":
            target = posixpath.join(folder, said.get("Target", "").replace("\\", "/"))
            kind = said.get("Type", "").rpartition("/")[2]
            found[said.get("Id", "")] = (kind, _relative(target))

    if archive.has(name):
        walk(archive, name, start)
    return found


def _relative(target: str) -> str:
    return posixpath.normpath(target).lstrip("/")


def _formats(archive: Archive, part: str) -> list[tuple[str, bool]]:
    codes: dict[int, str] = {}
    styles: list[int] = []
    path: list[str] = []

    def start(name: str, said: dict[str, str]) -> None:
        path.append(local_name(name))
        if path[-2:] == ["numFmts", "numFmt"]:
            codes[_whole(said.get("numFmtId"))] = said.get("formatCode", "")
        elif path[-2:] == ["cellXfs", "xf"]:
            styles.append(_whole(said.get("numFmtId")))

    def end(_: str) -> None:
        path.pop()

    walk(archive, part, start, end)
    return [_format(number, codes) for number in styles]


def _format(number: int, codes: dict[int, str]) -> tuple[str, bool]:
    code = codes.get(number) or BUILTIN_FORMATS.get(number, "")
    is_date = number in _EASTERN_DATES and number not in codes
    return code, is_date or (code != "General" and bool(is_date_format(code)))


def _whole(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() else 0


def _texts(archive: Archive, part: str) -> list[str]:
    texts: list[str] = []
    reader = RichText()

    def start(name: str, _: dict[str, str]) -> None:
        local = local_name(name)
        if local == "si":
            reader.begin()
        else:
            reader.start(local)

    def end(name: str) -> None:
        local = local_name(name)
        if local == "si":
            texts.append(reader.text())
        else:
            reader.end(local)

    walk(archive, part, start, end, reader.take)
    return texts


class RichText:
    """Joins the runs of a text, without the readings (ruby) above it."""

    def __init__(self) -> None:
        self._parts: list[str] = []
        self._is_open = False
        self._in_reading = 0

    def begin(self) -> None:
        self._parts, self._is_open, self._in_reading = [], False, 0

    def start(self, local: str) -> None:
        if local == "rPh":
            self._in_reading += 1
        elif local == "t":
            self._is_open = not self._in_reading

    def end(self, local: str) -> None:
        if local == "rPh":
            self._in_reading -= 1
        elif local == "t":
            self._is_open = False

    def take(self, text: str) -> None:
        if self._is_open:
            self._parts.append(text)

    def text(self) -> str:
        return unescaped("".join(self._parts))


#: Errors that `walk` may meet besides FileError; a workbook that raises one is damaged.
DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    EOFError,
    OSError,
    OverflowError,
    ValueError,
)
