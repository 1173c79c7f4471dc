"""What a person reads of an error is ours or the system's: nobody reads Python, or a library."""

from __future__ import annotations

import ast
import csv
import datetime as dt
import errno
import importlib
import json
import re
import sqlite3
import ssl
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args
from xml.parsers import expat

import httpx
import pytest
import yaml
from pydantic import BaseModel, field_validator
from pydantic_core import core_schema

from casebus import forms
from casebus.errors import CasebusError, UnfitError
from casebus.events.legaltime import LegalTime, in_china
from casebus.events.schemas import CodecError, Schemas
from casebus.forms import said_of
from casebus.words import in_words

ROOT = Path(__file__).parents[2]
ROOMS = ("casebus", "gateway", "onebox", "operations", "rehearsal", "services", "storage")
SOURCES = [path for room in ROOMS for path in sorted((ROOT / room).rglob("*.py"))]
SPOKEN = re.compile(
    r"isoformat|<class|object is not|NoneType|Errno|_ssl\.c|codec can't|Traceback|Error\b"
    r"|pydantic|asyncpg|httpx|sqlite3|yaml\.|Input should|Value error"
)
#: Where a moment is written as a file has it, and not as a person reads it.
FILES_OF_TIMES = {"casebus/cli/law/casebook/judging.py", "casebus/cli/law/casebook/models.py"}


class Form(BaseModel):
    count: int
    day: str

    @field_validator("day")
    @classmethod
    def _is_a_day(cls, text: str) -> str:
        LegalTime.parse(text)
        return text


def refused(work: Callable[[], Any]) -> Exception:
    try:
        work()
    except Exception as error:  # noqa: BLE001 - each library has its own
        return error
    raise AssertionError("it was not refused")


def wrapped() -> None:
    try:
        raise ConnectionRefusedError(errno.ECONNREFUSED, "Connection refused")
    except OSError as error:
        raise httpx.ConnectError("[Errno 111] Connection refused") from error


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (lambda: dt.date.fromisoformat("2026-13-01"), "a value is not of its form"),
        (lambda: LegalTime.parse("soon"), "no such day or time; a date is written 2026-03-02, a"),
        (lambda: json.loads('{"a": 1,\n b}'), "line 2, column 2 cannot be read"),
        (lambda: yaml.safe_load("a: 1\nb: [1"), "line 2, column "),
        (lambda: expat.ParserCreate().Parse("<a></b>", True), "line 1, column "),
        (b"\xff".decode, "byte 1 is not UTF-8"),
        (lambda: dict[str, str]()["ocel:id"], "ocel:id is missing"),
        (lambda: int("x"), "a value is not of its form"),
        (lambda: None.x, "a value is of another kind than is asked for"),  # type: ignore[attr-defined]
        (lambda: zlib.decompress(b"x"), "it is damaged, or cut off"),
        (lambda: zipfile.ZipFile(ROOT / "README.md"), "it is damaged, or cut off"),
        (lambda: sqlite3.connect(":memory:").execute("select * from t"), "it is no database of"),
        (lambda: sqlite3.connect(ROOT / "README.md").execute("select 1 from t"), "it is no data"),
        (lambda: sqlite3.connect("/proc/none/x"), "it cannot be opened"),
        (lambda: list(csv.reader(['"a'], strict=True)), "quotes that do not close, or a row that"),
        (lambda: Path("/proc/none").read_text("utf-8"), "/proc/none: no such file or directory"),
        (lambda: Form.model_validate({"count": "x", "day": "2026"}), "count: a whole number is"),
        (wrapped, "connection refused"),
    ],
)
def test_an_error_is_told_in_words(work: Callable[[], Any], says: str) -> None:
    told = in_words(refused(work))
    assert told.startswith(says)
    assert not SPOKEN.search(told)


def test_a_check_of_a_form_speaks_in_its_own_words() -> None:
    told = in_words(refused(lambda: Form.model_validate({"count": 1, "day": "soon"})))
    assert told.startswith("day: no such day or time")


@pytest.mark.parametrize("fault", get_args(core_schema.ErrorType))
def test_each_fault_of_a_form_is_told_in_words_of_ours(fault: str) -> None:
    limits = {"ge": 1, "le": 9, "gt": 0, "lt": 9, "min_length": 1, "max_length": 9, "expected": "x"}
    for context in ({}, limits):
        told = said_of({"type": fault, "loc": ("a",), "msg": "Input should be", "ctx": context})
        assert told
        assert not SPOKEN.search(told)
        assert "{" not in told


def test_the_words_name_no_fault_that_the_library_does_not_have() -> None:
    assert forms.BY_FAULT.keys() <= {*get_args(core_schema.ErrorType)}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: b: c", "a colon where none may stand"),
        ("a:\n  b: 1\n c: 2", "it is not indented as the lines above"),
        ("a: 'b' c", "behind closing quotes"),
        ("a: 'x", "quotes or a bracket that do not close"),
        ("a: [1, 2", "a bracket that is not closed"),
        ("\ta: 1", "a character that begins no value"),
        ("a: *x", "an alias (*) of which"),
        ("a: &x 1\nb: &x 2", "an anchor (&) that stands twice"),
        ("a: !foo x", "a tag (!) that is not read here"),
        ("a: 1\n---\nb: 2", "a second document (---)"),
        ("? [a]\n: 1", "a list or fields as a name"),
        ("<<: 3", "<<: takes fields"),
        ('a: "\\q"', "an escape (\\)"),
        ("a: |\n x\nq", "a name without its colon"),
        ("key\n: x", "a value behind the whole"),
        ("!<x", "cannot be read"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, yaml.CSafeLoader])
def test_what_the_yaml_reader_stops_at_is_told_in_words_of_ours(
    text: str, says: str, loader: Any
) -> None:
    told = in_words(refused(lambda: yaml.load(text, loader)))
    assert re.match(r"line \d+, column \d+: ", told)
    assert says in told


def test_no_reader_takes_the_text_of_a_fault_itself() -> None:
    others = [path for path in SOURCES if re.search(r"\[[\"']msg[\"']\]", path.read_text("utf-8"))]
    assert others == []


def test_a_certificate_that_is_not_trusted_is_told_with_its_reason() -> None:
    error = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] (_ssl.c:1006)")
    error.verify_message = "self-signed certificate"
    assert in_words(error) == "its certificate is not trusted: self-signed certificate"


def test_no_tls_at_the_other_end_is_told_without_a_place_in_a_library() -> None:
    error = ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number (_ssl.c:1006)")
    error.reason = "WRONG_VERSION_NUMBER"
    assert in_words(error) == "no TLS is spoken with it: wrong version number"


def test_what_nobody_foresaw_names_no_type() -> None:
    assert in_words(type("OddError", (Exception,), {})("x")) == (
        "an error that nobody foresaw; the log has it"
    )


@pytest.mark.parametrize(
    ("data", "says"),
    [
        ({"title": 5}, "/title: string is expected"),
        ({"titel": "x"}, "/titel: no such field"),
        ({"suspects": [{"name": None}]}, "/suspects/0/name: string is expected"),
        ({"suspects": {"name": "x"}}, "/suspects: an array is expected"),
    ],
)
def test_data_that_does_not_fit_is_told_by_its_place(data: dict[str, Any], says: str) -> None:
    schemas = Schemas.load(ROOT / "schemas")
    with pytest.raises(CodecError) as found:
        schemas.encode("casebus.referral.sent.v1", data)
    assert says in found.value.detail
    assert not SPOKEN.search(found.value.detail)


def test_a_moment_bears_its_zone_and_is_taken_again() -> None:
    moment = dt.datetime(2026, 3, 2, 2, tzinfo=dt.UTC)
    assert in_china(moment) == "2026-03-02 10:00+08"
    assert dt.datetime.fromisoformat(in_china(moment)) == moment


def test_no_moment_is_written_for_a_person_by_another_hand() -> None:
    others = [str(path.relative_to(ROOT)) for path in SOURCES if "%H:%M" in path.read_text("utf-8")]
    assert set(others) == {"casebus/events/legaltime.py", *FILES_OF_TIMES}


@pytest.mark.slow
def test_no_text_of_a_library_s_error_goes_into_ours() -> None:
    """Every handler in the code: what is caught and told is ours, or told by `in_words`."""
    assert [said for path in SOURCES for said in _told_of_others(path)] == []


def _told_of_others(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    for handler in (node for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler)):
        if handler.name is None or handler.type is None:
            continue
        for line in sorted({use.lineno for use in _uses(handler)}):
            others = [one for one in _caught(path, handler.type) if not _is_ours(one)]
            if others:
                yield f"{path.relative_to(ROOT)}:{line}: {', '.join(map(str, others))}"


def _uses(handler: ast.ExceptHandler) -> Iterator[ast.expr]:
    """Where the text of the caught error is taken: in an f-string, by str(), of its arguments."""
    for node in (inner for part in handler.body for inner in ast.walk(part)):
        match node:
            case ast.FormattedValue(value=ast.Name(id=name)) if name == handler.name:
                yield node
            case ast.FormattedValue(value=ast.BoolOp(values=[ast.Name(id=name), *_])) if (
                name == handler.name
            ):
                yield node
            case ast.Call(func=ast.Name(id="str" | "repr"), args=[ast.Name(id=name), *_]) if (
                name == handler.name
            ):
                yield node


def _caught(path: Path, kinds: ast.expr) -> Iterator[Any]:
    module = importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    for one in kinds.elts if isinstance(kinds, ast.Tuple) else [kinds]:
        found = eval(ast.unparse(one), vars(module) | {"httpx": httpx})
        yield from found if isinstance(found, tuple) else (found,)


def _is_ours(kind: type[BaseException]) -> bool:
    return issubclass(kind, (CasebusError, UnfitError)) or kind.__module__.split(".")[0] in ROOMS
