"""An XML parser for files of unknown origin: expat without everything that a table never needs.

Expat knows UTF-8, UTF-16 and Latin-1. Other declared encodings, such as GBK, are decoded before.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable
from typing import NoReturn
from xml.parsers import expat

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.text_codecs import text_codec
from casebus.words import in_words

#: Expat keeps an unfinished token in memory.
LARGEST_TOKEN = 4 << 20
_DECLARED = re.compile(
    rb"""\A(?:\xef\xbb\xbf)?<\?xml\s[^>]*?"""
    rb"""encoding\s*=\s*["']\s*([A-Za-z0-9._:() -]*?)\s*["'][^>]*\?>"""
)
_UTF16 = (b"\xff\xfe", b"\xfe\xff", b"\x00<", b"<\x00")
_CONTINUED, _LONGEST = bytes(range(0x80, 0xC0)), 4
_UTF8_MARK = codecs.BOM_UTF8
_OWN = frozenset({"utf-8", "utf-8-sig", "ascii", "utf-16", "utf-16-le", "utf-16-be"})


def local_name(name: str) -> str:
    """A name without its prefix."""
    return name.rpartition(":")[2]


def is_xml(head: bytes) -> bool:
    """True if a file with this beginning is XML, in any encoding."""
    return (
        head.removeprefix(_UTF8_MARK).lstrip(b" \t\r\n").startswith(b"<")
        or head[:2] in _UTF16
        or head[2:4] in _UTF16
    )


def safe_parser() -> expat.XMLParserType:
    """A parser that refuses a DOCTYPE: without one there are no entities to multiply or fetch.

    Its handlers raise FileError `unsafe_file`.
    """
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse
    parser.EntityDeclHandler = _refuse
    parser.ExternalEntityRefHandler = _refuse
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    return parser


class XmlFeed:
    """Feeds a file to a parser piece by piece and limits the size of a single token."""

    def __init__(
        self,
        parser: expat.XMLParserType,
        largest_token: int = LARGEST_TOKEN,
        *,
        code: str = "bad_log",
    ) -> None:
        self._parser = parser
        self._largest = largest_token
        self._code = code
        self._decode: Callable[[bytes, bool], str] | None = None
        self._codec = ""
        self._begun = False
        self.fed = 0

    def __call__(self, chunk: bytes) -> None:
        """Parse a piece. The empty piece is the end; the first piece has the whole declaration.

        Raises FileError `bad_encoding`, `unsafe_file`, or the code for a file that is not XML.
        """
        if not self._begun:
            self._begin(chunk)
        plain = self._plain(chunk)
        self.fed += len(plain if isinstance(plain, bytes) else plain.encode())
        try:
            self._parser.Parse(plain, not chunk)
        except expat.ExpatError as error:
            if self._decode is None and _is_no_utf8(chunk):
                says = f"line {error.lineno} is not in UTF-8, and the XML declares nothing else"
                raise FileError("bad_encoding", says) from error
            raise FileError(self._code, f"no XML: {in_words(error)}") from error
        except (LookupError, ValueError) as error:
            raise FileError("bad_encoding", "XML in an encoding that is not read") from (error)
        if self.fed - self._parser.CurrentByteIndex > self._largest:
            where = self._parser.CurrentLineNumber
            raise FileError("unsafe_file", f"line {where} holds more than any event may")

    def _begin(self, chunk: bytes) -> None:
        self._begun = True
        if chunk[:1].isspace() and chunk.lstrip().startswith(b"<?xml"):
            raise FileError(self._code, "no XML: blanks stand before its first line: remove them")
        found = _DECLARED.match(chunk[:1024])
        if found is None:
            return
        declared = found[1].decode("ascii")
        codec = text_codec(declared)
        if codec is None:
            raise FileError("bad_encoding", f"XML in an encoding that nobody knows: {declared}")
        # Expat knows an encoding by its own spelling only, so it does not know UTF8.
        if codec not in _OWN or declared.lower().replace("_", "-") == "utf8" or "_" in declared:
            self._codec = codec
            self._decode = codecs.getincrementaldecoder(codec)().decode

    def _plain(self, chunk: bytes) -> bytes | str:
        """The piece as expat takes it: unchanged, or as decoded text, whatever is declared."""
        if self._decode is None:
            return chunk
        try:
            return self._decode(chunk, not chunk)
        except UnicodeError as error:
            where = self._parser.CurrentLineNumber
            raise FileError(
                "bad_encoding", f"XML that is not {self._codec} throughout: after line {where}"
            ) from error


def _is_no_utf8(chunk: bytes) -> bool:
    """True if a piece has bytes that no UTF-8 text has.

    A character cut at its ends does not count.
    """
    if chunk[:2] in _UTF16 or b"\x00" in chunk:
        return False
    try:
        chunk.lstrip(_CONTINUED).decode()
    except UnicodeDecodeError as error:
        return error.start < len(chunk) - _LONGEST
    return False


def _refuse(*_: object) -> NoReturn:
    raise FileError("unsafe_file", "it declares a document type or entities: such XML is not read")
