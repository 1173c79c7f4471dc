"""Files of events as other programs write them: read, or one sentence that names the cause."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import click
import pytest

from casebus.cli import parsing
from casebus.errors import CasebusError

NOTE = {"type": "case.noted", "case": "杭西市监移〔2026〕1号", "data": {"note": "中"}}


def read(raw: bytes) -> list[Any]:
    return list(parsing.events(io.BytesIO(raw)))


def said(event: Any, encoding: str = "utf-8") -> bytes:
    return json.dumps(event, ensure_ascii=False).encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_one_a_list_and_lines_are_read(encoding: str) -> None:
    lines = "\r\n".join(json.dumps(NOTE, ensure_ascii=False) for _ in range(2)) + "\r\n\r\n"
    counted = [len(read(one)) for one in (said(NOTE, encoding), said([NOTE] * 3, encoding))]
    assert [*counted, len(read(lines.encode(encoding)))] == [1, 3, 2]
    assert read(said(NOTE, encoding))[0].stream == NOTE["case"]


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "no event"),
        (b" \n\t\n", "no event"),
        (said(NOTE, "gb18030"), "is not UTF-8: save it as UTF-8"),
        (said(NOTE, "utf-16"), "is not UTF-8: save it as UTF-8"),
        (b"\x00\x01", "no JSON"),
        (b"[" * 100_000, "nested too deep"),
        (b"[[[]]]", "an object with a type"),
        (b"5", "an object with a type"),
        (b'{"type": ""}', "an object with a type"),
        (said({**NOTE, "type": 5}), "type: a text is wanted"),
        (said({**NOTE, "case": {}}), "case: a text is wanted"),
        (said({**NOTE, "id": []}), "id: a text is wanted"),
        (said({**NOTE, "legal_time": 7}), "legal_time: a text is wanted"),
        (said({**NOTE, "data": "x"}), "data: an object is wanted"),
        (said({**NOTE, "to": {"a": 1}}), "to: a text, or a list of texts, is wanted"),
        (said({**NOTE, "to": [5, None]}), "to: a text, or a list of texts, is wanted"),
        (said({**NOTE, "causation": 5}), "causation: a text, or a list of texts, is wanted"),
        (said({**NOTE, "testdata": "no"}), "testdata: true or false is wanted"),
        (said({**NOTE, "notes": 1}), "unknown fields: notes"),
    ],
)
def test_what_is_no_event_is_said_in_words(raw: bytes, says: str) -> None:
    with pytest.raises(CasebusError) as refused:
        read(raw)
    assert refused.value.code == "bad_event"
    assert says in refused.value.detail


def test_a_body_s_file_is_read_in_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "数据.json"
    path.write_bytes(said({"note": "中"}, "utf-8-sig"))
    assert parsing.body(f"@{path}", ()) == {"note": "中"}
    path.write_bytes(said({"note": "中"}, "gb18030"))
    with pytest.raises(CasebusError, match="save it as UTF-8"):
        parsing.body(f"@{path}", ())
    with pytest.raises(CasebusError, match="nested too deep"):
        parsing.body("[" * 100_000, ())


@pytest.mark.parametrize("pair", ["letter_no=", "letter_no", "=1号", " = "])
def test_a_number_without_a_kind_or_a_value_is_none(pair: str) -> None:
    with pytest.raises(click.UsageError, match="kind=value"):
        parsing.numbers([pair])
    assert parsing.numbers(["letter_no=a=b"]) == [{"kind": "letter_no", "value": "a=b"}]
