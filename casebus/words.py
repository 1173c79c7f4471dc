"""The words about an error that a person reads: ours or the system's, never a library's.

A library's text names its functions and types; it belongs into the log, where the traceback is.
From a library's error only the place is taken: line and column, the missing name.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from typing import Any

from casebus.errors import CasebusError, UnfitError
from casebus.forms import said_of, said_of_yaml

_DAMAGED = "it is damaged, or cut off"
_NO_ANSWER = "no usable answer"
#: By the library, for errors without a place.
_BY_LIBRARY = {
    "zipfile": _DAMAGED,
    "zlib": _DAMAGED,
    "gzip": _DAMAGED,
    "_lzma": _DAMAGED,
    "sqlite3": "it is no database of this form",
    "_csv": "quotes that do not close, or a row that is none",
    "yaml": "control characters are no text",
    "httpx": _NO_ANSWER,
    "httpcore": _NO_ANSWER,
    "kafka": _NO_ANSWER,
    "aiokafka": _NO_ANSWER,
    "asyncpg": _NO_ANSWER,
}
#: By the low byte of SQLite's code.
_OF_A_FILE = {
    8: "it is read-only",
    10: "it cannot be read or written",
    11: _DAMAGED,
    13: "the disk is full",
    14: "it cannot be opened",
    26: "it is no database",
}
#: By the kind, the narrower before the wider.
_BY_KIND: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "no answer in time"),
    (ConnectionError, _NO_ANSWER),
    (OSError, "the system refused it"),
    (RecursionError, "it is nested too deep"),
    (ArithmeticError, "a number is too large"),
    (EOFError, _DAMAGED),
    (UnicodeError, "a text is in another encoding"),
    (LookupError, "a name is not known"),
    (TypeError, "a value is of another kind than is asked for"),
    (AttributeError, "a value is of another kind than is asked for"),
    (ValueError, "a value is not of its form"),
    (NotImplementedError, "it is of a form that is not read"),
)
_UNFORESEEN = "an error that nobody foresaw; the log has it"


def in_words(error: BaseException) -> str:
    """A part of a sentence, without a full stop."""
    if isinstance(error, (CasebusError, UnfitError)):
        return str(error)
    return next(_found(error))


def with_cause(says: str, error: BaseException) -> str:
    """Our words, and after them the words of the system or the server, if there are any."""
    cause = _of_the_system(error) or _of_a_server(error)
    return f"{says}: {cause}" if cause else says


def _found(error: BaseException) -> Iterator[str]:
    yield from filter(None, (_place(error), _of_a_form(error), _of_the_system(error)))
    yield from filter(None, (_of_a_server(error), _missing(error), _of_a_file(error)))
    library = type(error).__module__.partition(".")[0]
    if library in _BY_LIBRARY:
        yield _BY_LIBRARY[library]
    yield from (says for kind, says in _BY_KIND if isinstance(error, kind))
    yield _UNFORESEEN


def _place(error: Any) -> str:
    """For JSON, XML and YAML: the place where the reader stopped."""
    if isinstance(error, UnicodeDecodeError):
        return f"byte {error.start + 1} is not {error.encoding.upper()}"
    mark = getattr(error, "problem_mark", None)
    if mark is not None:
        says = said_of_yaml(getattr(error, "problem", None))
        return f"line {mark.line + 1}, column {mark.column + 1}: {says}"
    line = getattr(error, "lineno", None)
    column = getattr(error, "colno", None) or getattr(error, "offset", None)
    if isinstance(line, int):
        return f"line {line}, column {column or 1} cannot be read"
    return ""


def _of_a_form(error: Any) -> str:
    """For a filled-in form: each field and its fault."""
    if type(error).__module__.partition(".")[0] != "pydantic_core":
        return ""
    rows = error.errors(include_url=False)
    places = (".".join(map(str, row["loc"])) or "the whole" for row in rows)
    return "; ".join(f"{at}: {said_of(row)}" for at, row in zip(places, rows, strict=True))


def _of_the_system(error: BaseException | None) -> str:
    """The words of the operating system, which a library may have wrapped."""
    while error is not None:
        trust = getattr(error, "verify_message", None)
        if trust:
            return f"its certificate is not trusted: {trust}"
        if isinstance(error, ssl.SSLError):
            return _of_tls(error)
        if isinstance(error, OSError) and error.strerror:
            place = f"{error.filename}: " if error.filename else ""
            return f"{place}{error.strerror[:1].lower()}{error.strerror[1:]}"
        error = error.__cause__ or error.__context__
    return ""


def _of_tls(error: ssl.SSLError) -> str:
    """OpenSSL's name of what went wrong, in small letters, without the place in its source."""
    reason = (error.reason or "no reason given").replace("_", " ").lower()
    return f"no TLS is spoken with it: {reason}"


def _of_a_server(error: Any) -> str:
    """PostgreSQL's own sentence, and Kafka's own name of an error."""
    if getattr(error, "sqlstate", None):
        return ": ".join(str(one) for one in error.args)
    name = getattr(error, "message", None)
    return name if isinstance(name, str) and name.isupper() else ""


def _of_a_file(error: Any) -> str:
    return _OF_A_FILE.get(getattr(error, "sqlite_errorcode", 0) & 0xFF, "")


def _missing(error: BaseException) -> str:
    return f"{error.args[0]} is missing" if isinstance(error, KeyError) and error.args else ""
