"""Turns typed or piped input into the forms that the SDK wants."""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO

import click

from casebus.errors import CasebusError
from casebus.events.legaltime import CHINA, EARLIEST, LegalTime, refuse_ahead
from casebus.events.schemas import CodecError, Schemas
from casebus.now import Now
from casebus.sdk.event import NewEvent
from casebus.sdk.importing.cells import parse_date
from casebus.sdk.importing.issues import CellError, IssueCode
from casebus.words import in_words

_FIELDS = frozenset(
    {"type", "stream", "case", "subject", "source", "to", "legal_time", "legaltime", "causation"}
    | {"correlation", "id", "data", "testdata"}
)
#: Types of fields and their names; any other is a text.
_TEXT: tuple[tuple[type, ...], str] = ((str,), "a text")
_TEXTS = ((str, list), "a text, or a list of texts,")
_WANTED = {
    "to": _TEXTS,
    "causation": _TEXTS,
    "data": ((dict,), "an object"),
    "testdata": ((bool,), "true or false"),
}


def legal_time(text: str | None) -> LegalTime | None:
    """A date in any form that the import reads, or an RFC 3339 time with a zone."""
    if not text:
        return None
    try:
        return LegalTime.entered(text)
    except ValueError:
        legal = parse_date(text)
    if legal.date < EARLIEST:
        raise CellError(IssueCode.BAD_DATE, f"no legal date lies before {EARLIEST.year}")
    return legal


def moment(text: str | None) -> datetime | None:
    """A moment; a bare day means its beginning in China, and a time without a zone is China's."""
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.BadParameter(f"{text} is neither a day nor a time") from error
    return given if given.tzinfo else given.replace(tzinfo=CHINA)


def happened(text: str | None, now: Now) -> LegalTime | None:
    """A moment as `moment` reads it.

    Raises CasebusError `legal_time_ahead` if it is in the future.
    """
    legal = legal_time(text)
    if legal is not None:
        refuse_ahead(legal, now())
    return legal


def body(
    data: str | None, sets: Sequence[str], texts: Container[str] = (), **known: Any
) -> dict[str, Any]:
    """An event's data: JSON text or @FILE, then `field=value` pairs, then known fields.

    A value is JSON if it can be read so, except for the fields in `texts`: an article 214 of a law
    is a text, not a number.
    """
    made: dict[str, Any] = {}
    if data:
        text = _utf8(Path(data[1:]).read_bytes(), data) if data.startswith("@") else data
        made |= _object(text, "--data")
    for pair in sets:
        name, equals, value = pair.partition("=")
        if not equals:
            raise click.UsageError(f"--set {pair}: write field=value")
        made[name] = value if name in texts else _value(value)
    return made | {name: value for name, value in known.items() if value}


def texts_of(schemas: Schemas, ce_type: str) -> frozenset[str]:
    """The fields of a type that hold text; none if the type is unknown."""
    try:
        fields = schemas.latest(ce_type).body["fields"]
    except CodecError:
        return frozenset()
    return frozenset(field["name"] for field in fields if field["type"] == "string")


def numbers(pairs: Iterable[str]) -> list[dict[str, str]]:
    """`letter_no=X〔2025〕1号` pairs as the field `numbers`."""
    found = []
    for pair in pairs:
        kind, _, value = pair.partition("=")
        if not (kind.strip() and value.strip()):
            raise click.UsageError(f"--number {pair}: write kind=value")
        found.append({"kind": kind, "value": value})
    return found


def events(stream: BinaryIO) -> Iterator[NewEvent]:
    """Events from JSON: one object, an array, or one object a line.

    Raises CasebusError `bad_event`.
    """
    text = _utf8(stream.read(), "the file")
    if not text.strip():
        # The program that should have written it has failed.
        raise CasebusError("bad_event", "there is no event: nothing but blanks was given")
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError):
        whole = [_object(line, f"line {at}") for at, line in _lines(text)]
    yield from (event(row) for row in (whole if isinstance(whole, list) else [whole]))


def event(row: Any) -> NewEvent:
    """One event from JSON; raises CasebusError `bad_event`, which names the fault."""
    if not isinstance(row, Mapping) or not row.get("type"):
        raise CasebusError("bad_event", "an event is an object with a type")
    if unknown := sorted(row.keys() - _FIELDS):
        raise CasebusError("bad_event", f"unknown fields: {', '.join(unknown)}")
    for name, value in row.items():
        if value is not None and not _is_fit(name, value):
            raise CasebusError("bad_event", f"{name}: {_WANTED.get(name, _TEXT)[1]} is wanted")
    return NewEvent(
        type=row["type"],
        data=row.get("data") or {},
        stream=row.get("stream") or row.get("case") or row.get("subject"),
        source=row.get("source"),
        to=_words(row.get("to")),
        legal=legal_time(row.get("legal_time") or row.get("legaltime")),
        causation=_words(row.get("causation")),
        correlation=row.get("correlation"),
        id=row.get("id"),
        testdata=bool(row.get("testdata")),
    )


def _utf8(raw: bytes, what: str) -> str:
    """JSON is UTF-8; other programs put a mark before it."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        says = f"{what}: {in_words(error)}: save it as UTF-8"
        raise CasebusError("bad_event", says) from error


def _is_fit(name: str, value: Any) -> bool:
    kinds = _WANTED.get(name, _TEXT)[0]
    is_list = not isinstance(value, list) or all(isinstance(one, str) for one in value)
    return isinstance(value, kinds) and is_list


def _words(given: Any) -> tuple[str, ...]:
    """A list, or a text with spaces between the words."""
    return tuple(given.split()) if isinstance(given, str) else tuple(given or ())


def _lines(text: str) -> Iterator[tuple[int, str]]:
    return ((at, line) for at, line in enumerate(text.splitlines(), start=1) if line.strip())


def _object(text: str, place: str) -> dict[str, Any]:
    try:
        read = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise CasebusError("bad_event", f"{place}: no JSON: {in_words(error)}") from error
    if not isinstance(read, dict):
        raise CasebusError("bad_event", f"{place}: a JSON object is wanted")
    return read


def _value(text: str) -> Any:
    """JSON if it is JSON, else the text itself."""
    try:
        return json.loads(text)
    except ValueError:
        return text
