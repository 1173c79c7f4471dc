"""An XML parser for files of unknown origin: expat, with all off that a table never needs."""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from casebus.sdk.importing.issues import FileError

#: Expat keeps an unfinished token in memory.
LARGEST_TOKEN = 4 << 20


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
    """Feeds a file to a parser piece by piece and bounds what a single token may hold."""

    def __init__(self, parser: expat.XMLParserType, largest_token: int = LARGEST_TOKEN) -> None:
        self._parser = parser
        self._largest = largest_token
        self.fed = 0

    def __call__(self, chunk: bytes) -> None:
        """Parse a piece, the empty one being the end; raises FileError `bad_log`, `unsafe_file`."""
        self.fed += len(chunk)
        try:
            self._parser.Parse(chunk, not chunk)
        except expat.ExpatError as error:
            raise FileError("bad_log", f"no XML: {error}") from error
        if self.fed - self._parser.CurrentByteIndex > self._largest:
            where = self._parser.CurrentLineNumber
            raise FileError("unsafe_file", f"line {where} holds more than any event may")


def _refuse(*_: object) -> NoReturn:
    raise FileError("unsafe_file", "it declares a document type or entities: such XML is not read")
