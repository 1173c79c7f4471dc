from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from casebus.sdk.importing.encodings import EncodingCheck
from casebus.sdk.importing.issues import FileError

TEXT = (
    "序号,移送书文号,移送单位,当事人名称\n"
    "1,杭西市监移〔2025〕1号,杭州市西湖区市场监督管理局,朱镕堃\n"
    "2,杭西市监移〔2025〕2号,杭州市西湖区市场监督管理局,“泊岸”（杭州）有限公司——第①分店\n"
)
TRADITIONAL = "序號,移送單位,當事人名稱\n1,臺北市政府經濟發展局,國際貿易股份有限公司\n" * 3
JAPANESE = "番号,当事者名\n1,東京カメラ株式会社のライセンスについて\n" * 3


def found(raw: bytes, named: str = "auto", chunk: int = 7) -> str:
    check = EncodingCheck(raw[:8], named)
    for piece in pieces(raw, chunk):
        check.feed(piece)
    return check.end()


def pieces(raw: bytes, size: int) -> Iterator[bytes]:
    return (raw[at : at + size] for at in range(0, len(raw), size))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_what_excel_writes_is_found_out(encoding: str) -> None:
    raw = TEXT.encode(encoding)
    assert raw.decode(found(raw)) == TEXT


@given(st.integers(1, 64), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
def test_where_the_pieces_end_does_not_matter(chunk: int, encoding: str) -> None:
    raw = TEXT.encode(encoding)
    assert found(raw, chunk=chunk) == found(raw, chunk=1 << 20)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("raw", "named", "why"),
    [
        (TRADITIONAL.encode("big5"), "auto", "makes no sense"),
        (JAPANESE.encode("shift-jis"), "auto", "neither UTF-8|makes no sense"),
        (TEXT.encode()[:-40] + b"\xe6\n" + TEXT.encode(), "auto", "neither|makes no sense"),
        (b"a,b\n\x00\x01", "auto", r"control characters \(line 2\)"),
        (b"a,b\nc\x00d,e", "auto", r"control characters \(line 2\)"),
        (TEXT.encode("utf-32"), "gb18030", "begins as utf-32"),
        (TEXT.encode("gb18030"), "utf-8", "not utf-8 throughout: line 1"),
        (TEXT.encode(), "gb18030", "it is UTF-8"),
        (TEXT.encode(), "gbk", "it is UTF-8"),
        (TEXT.encode("utf-8-sig"), "gb18030", "begins as utf-8-sig"),
        (TEXT.encode("utf-16"), "gb18030", "begins as utf-16"),
        ("编号,名\n1,甲\n".encode("gb18030") + b"\xff\n", "gb18030", "line 3"),
        (TEXT.encode(), "klingon", "unknown encoding"),
    ],
)
def test_a_wrong_encoding_is_refused_with_its_reason(raw: bytes, named: str, why: str) -> None:
    with pytest.raises(FileError, match=why) as refused:
        found(raw, named)
    assert refused.value.code == "bad_encoding"


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_utf_16_without_its_mark_is_found_out_where_it_is_chinese(encoding: str) -> None:
    assert found(TEXT.encode(encoding)) == encoding
    assert found("a,b\n1,2\n".encode(encoding)) == encoding


def test_utf_32_is_no_utf_16() -> None:
    assert found(TEXT.encode("utf-32")) == "utf-32"


def test_what_the_mapping_names_is_believed_where_the_bytes_allow_it() -> None:
    assert found(TRADITIONAL.encode("big5"), "big5") == "big5"
    assert found(TRADITIONAL.encode("gbk"), "gbk") == "gb18030"
    assert found(b"a,b\n1,2\n", "gb18030") == "gb18030"
    assert found(TEXT.encode("utf-8-sig"), "utf-8") == "utf-8-sig"


@given(st.binary(min_size=1, max_size=300))
def test_any_bytes_are_text_of_the_codec_named_or_a_refusal(raw: bytes) -> None:
    try:
        codec = found(raw)
    except FileError:
        return
    assert isinstance(raw.decode(codec), str)
