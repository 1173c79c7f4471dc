"""An XML parser for files of unknown origin: expat, with all off that a table never needs."""

from __future__ import annotations

from typing import NoReturn
from xml.parsers import expat

from casebus.sdk.importing.issues import FileError


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


def _refuse(*_: object) -> NoReturn:
    raise FileError("unsafe_file", "it declares a document type or entities: such XML is not read")
