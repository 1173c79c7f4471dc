"""What a file of XML says of its encoding, and what it is in."""

from __future__ import annotations

import pytest

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.xml import XmlFeed, safe_parser


def read(raw: bytes) -> str:
    """The texts of a file."""
    parser, texts = safe_parser(), list[str]()
    parser.CharacterDataHandler = texts.append
    feed = XmlFeed(parser)
    feed(raw)
    feed(b"")
    return "".join(texts)


def declared(name: str, codec: str = "utf-8") -> bytes:
    return f'<?xml version="1.0" encoding="{name}"?><log>移送</log>'.encode(codec)


@pytest.mark.parametrize("name", ["UTF-8", "UTF8", "utf8", "utf_8", "Utf-8"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig"])
def test_every_spelling_of_utf_8_is_read(name: str, codec: str) -> None:
    assert read(declared(name, codec)) == "移送"


@pytest.mark.parametrize("raw", [declared("UTF-8", "gbk"), "<log>移送</log>".encode("gbk")])
def test_another_encoding_than_the_one_declared_is_named(raw: bytes) -> None:
    with pytest.raises(FileError, match="bad_encoding: line 1 is not in UTF-8"):
        read(raw)


def test_blanks_before_the_first_line_are_named() -> None:
    with pytest.raises(FileError, match="blanks stand before its first line"):
        read(b"\n" + declared("UTF-8"))
    assert read("\n<log>移送</log>".encode()) == "\n移送".strip()


def test_what_is_utf_8_and_no_xml_is_not_blamed_on_its_encoding() -> None:
    with pytest.raises(FileError, match="no XML: line 1"):
        read("<log>移送</logs>".encode())
