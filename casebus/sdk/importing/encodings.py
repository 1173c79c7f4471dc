"""Finds the encoding of a text file: named by the mapping, or detected if there is no doubt.

A mark at the start decides. Then comes strict UTF-8. Then comes GB 18030, if the result looks like
Chinese. GB 18030 has a character for nearly every pair of bytes, so decoding without an error
proves nothing. Big5 read with it is text too, but of characters that no office types.
"""

from __future__ import annotations

import codecs
import re

from casebus.sdk.importing.issues import FileError
from casebus.sdk.importing.text_codecs import text_codec

AUTO = "auto"
_GB = "gb18030"
#: The most bytes of one character.
_LONGEST = 4
_WIDE = frozenset({"utf-16", "utf-32"})
_UTF8 = frozenset({"utf-8", "utf-8-sig"})
#: The order matters: UTF-32 begins as UTF-16 does.
_MARKS = {
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
#: Characters of no text: a file with these is binary, or UTF-16 without its mark.
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f\ufffd]")
#: The share of non-ASCII characters that are in GB 2312 if the text is Chinese at all. In real
#: files it is nearly all (rare names are outside), in another encoding read wrongly about half.
_COMMON_SHARE = 0.8


class _Trial:
    """Decodes pieces with one codec; remembers the first line that fails."""

    def __init__(self, codec: str) -> None:
        self.codec = codec
        self.failed_line = 0
        #: The first line that holds such a character.
        self.control = 0
        #: The file ends inside a character.
        self.cut_off = False
        # The codec's own decoder takes half a mark for a whole one.
        self._decoder = codecs.getincrementaldecoder(codec.removesuffix("-sig"))()
        self._line = 1
        self._wide = 0
        self._common = 0

    @property
    def good(self) -> bool:
        return not self.failed_line and not self.control

    @property
    def has_wide(self) -> bool:
        return self._wide > 0

    @property
    def looks_chinese(self) -> bool:
        return self._common >= self._wide * _COMMON_SHARE

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        if not self.good:
            return
        try:
            text = self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            self.failed_line = self._line + error.object[: error.start].count(b"\n")
            self.cut_off = final and error.start >= len(error.object) - _LONGEST
            return
        except UnicodeError:
            # UTF-16 without its mark, and errors of a codec in its own words.
            self.failed_line = self._line
            return
        line, self._line = self._line, self._line + text.count("\n")
        narrow = len(text.encode("ascii", "ignore"))
        self._wide += len(text) - narrow
        self._common += (len(text.encode("gb2312", "ignore")) - narrow) // 2
        if found := _CONTROL.search(text):
            self.control = line + text.count("\n", 0, found.start())


class EncodingCheck:
    """Takes a file's bytes as they are read; `end` names the codec to read it with."""

    def __init__(self, head: bytes, named: str = AUTO) -> None:
        """Raises FileError `bad_encoding` for an unknown name, or one that the mark contradicts."""
        self._named = _codec(named)
        marked = next((codec for mark, codec in _MARKS.items() if head.startswith(mark)), None)
        if marked and self._named not in {AUTO, marked, marked.removesuffix("-sig")}:
            raise FileError("bad_encoding", f"it begins as {marked} does; the mapping says {named}")
        self._utf8 = _Trial("utf-8-sig")
        self._other: _Trial | None = None
        if marked in _WIDE:
            self._other = _Trial(marked)
        elif marked is None and self._named not in _UTF8:
            self._other = _Trial(_unmarked(head) if self._named == AUTO else self._named)
        self._only_other = marked in _WIDE

    def feed(self, chunk: bytes, *, final: bool = False) -> None:
        self._utf8.feed(chunk, final=final)
        if self._other:
            self._other.feed(chunk, final=final)

    def end(self) -> str:
        """Raises FileError `bad_encoding` if no codec gives a plausible text."""
        self.feed(b"", final=True)
        if self._other is None:
            return _good(self._utf8)
        if self._only_other:
            return _good(self._other)
        if self._named == AUTO:
            return self._found(self._other)
        if self._utf8.good and self._utf8.has_wide:
            raise FileError("bad_encoding", f"it is UTF-8; the mapping says {self._named}")
        return _good(self._other)

    def _found(self, other: _Trial) -> str:
        if self._utf8.good:
            return self._utf8.codec
        if self._utf8.cut_off and self._utf8.has_wide:
            raise FileError("bad_encoding", _cut_off(self._utf8))
        if other.codec != _GB and other.good and other.looks_chinese:
            return other.codec
        if control := self._utf8.control or other.control:
            where = f"control characters (line {control})"
            raise FileError("bad_encoding", f"{where}: no text, or UTF-16 without mark")
        if other.cut_off:
            raise FileError("bad_encoding", _cut_off(other))
        if not other.good:
            raise FileError(
                "bad_encoding",
                f"neither UTF-8 (line {self._utf8.failed_line}) nor GB 18030"
                f" (line {other.failed_line}): name its encoding in the mapping",
            )
        if not other.looks_chinese:
            raise FileError(
                "bad_encoding",
                f"no UTF-8 (line {self._utf8.failed_line}), and read as GB 18030 it makes no sense:"
                " name its encoding in the mapping, or save it as UTF-8",
            )
        return other.codec


def _good(trial: _Trial) -> str:
    if trial.good:
        return trial.codec
    if trial.cut_off:
        raise FileError("bad_encoding", _cut_off(trial))
    control = f"control characters (line {trial.control})"
    where = control if trial.control else f"line {trial.failed_line}"
    raise FileError("bad_encoding", f"not {trial.codec.removesuffix('-sig')} throughout: {where}")


def _unmarked(head: bytes) -> str:
    """A file's encoding besides UTF-8. In UTF-16 every second byte of ASCII text is zero."""
    even, odd = head[::2].count(0), head[1::2].count(0)
    if not even and not odd:
        return _GB
    return "utf-16-le" if odd > even else "utf-16-be"


def _cut_off(trial: _Trial) -> str:
    return f"the file is cut off inside a character of line {trial.failed_line}"


def _codec(named: str) -> str:
    if named == AUTO:
        return named
    found = text_codec(named)
    if found is None:
        raise FileError("bad_encoding", f"the mapping names an unknown encoding: {named}")
    return found
