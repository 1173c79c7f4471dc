"""Recognises a file that is no table, whatever its name; one sentence names the cause."""

from __future__ import annotations

import re
from pathlib import Path

from casebus.sdk.importing.issues import FileError

#: The number of bytes that are looked at.
HEAD = 4096
_SAVE = "open it in the spreadsheet program and save it as .xlsx"
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
#: Beginnings of workbooks from Excel before 1997, which have no container.
_BIFF = (b"\x09\x00\x04\x00", b"\x09\x02\x06\x00", b"\x09\x04\x06\x00", b"\x09\x08\x08\x00")
_KNOWN = {
    b"%PDF": "a PDF document",
    b"{\\rtf": "a text document (RTF)",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"Rar!": "an archive (RAR)",
    b"7z\xbc\xaf": "an archive (7z)",
    b"\x1f\x8b": "an archive (gzip)",
    b"PK\x05\x06": "an empty archive (ZIP)",
    b"ID;P": "a workbook in the form SYLK",
    b"TABLE\r\n0,1\r\n": "a workbook in the form DIF",
    b"ITSF": "a help file",
    b"<?mso": "a web page (HTML)",
    b"From: <": "a web page (MHTML)",
    b"SQLite format 3": "a database (SQLite)",
    b"MIME-Version:": "a web page (MHTML)",
}
_MARKS = re.compile(rb"\A(?:\xef\xbb\xbf)?\s*")
_XML = re.compile(rb"<\?xml\b", re.IGNORECASE)
_HTML = re.compile(
    rb"(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|meta|body|table|style|div|title|script)\b",
    re.IGNORECASE | re.DOTALL,
)


def refuse_no_table(path: Path, head: bytes) -> None:
    """Raises FileError `not_text` for a file that is known to be neither text nor a workbook."""
    if head.startswith(_OLE):
        what = f"an old or a locked workbook: {_SAVE} without a password"
        raise FileError("not_text", f"{path.name} is {what}")
    if head.startswith(_BIFF):
        raise FileError("not_text", f"{path.name} is a workbook of a very old Excel: {_SAVE}")
    for mark, what in _KNOWN.items():
        if head.startswith(mark):
            raise FileError("not_text", f"{path.name} is {what}, and no table")
    # A web page may be in UTF-16; its tags are ASCII.
    start = _MARKS.sub(b"", _narrow(head))
    if _HTML.match(start):
        raise FileError("not_text", f"{path.name} is a web page (HTML) by another name: {_SAVE}")
    if _XML.match(start):
        raise FileError("not_text", f"{path.name} is XML, and no table: {_SAVE}")


def _narrow(head: bytes) -> bytes:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head[2:].replace(b"\x00", b"")
    return head
