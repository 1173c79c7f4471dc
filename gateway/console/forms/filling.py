"""Turns data, or a draft, into the values of a form: the pairs that a browser would post."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gateway.console.forms.fields import (
    Amount,
    AnyField,
    ChoiceField,
    Form,
    ListField,
    Pairs,
    RecordField,
    RecordList,
    Tick,
    Ticks,
)
from gateway.console.forms.typed import Pair

_HUNDREDTHS = 100


def values_of(form: Form, data: Mapping[str, Any]) -> list[Pair]:
    """The pairs that `read` reads as this data. Fields that the form lacks are left out."""
    return list(_filled(form.fields, data, ""))


def _filled(fields: Sequence[AnyField], data: Mapping[str, Any], at: str) -> Iterator[Pair]:
    for one in fields:
        if data.get(one.name) is not None:
            yield from _values(one, data[one.name], at + one.name)


def _values(one: AnyField, value: Any, path: str) -> Iterator[Pair]:
    match one:
        case RecordField():
            yield path, ""
            yield from _filled(one.fields, value, f"{path}.")
        case RecordList():
            yield from _rows(one, value, path)
        case Pairs():
            rows = [{"name": name, "value": inner} for name, inner in value.items()]
            yield from _rows(one, rows, path)
        case Amount():
            yield f"{path}.amount", _amount(value["fen"])
            yield f"{path}.currency", value["currency"]
        case Ticks():
            yield from ((path, symbol) for symbol in value)
        case ListField():
            yield path, "\n".join(map(_text, value))
        case _ if not _is_unsaid(one, value):
            yield path, _text(value)


def _rows(one: RecordList | Pairs, rows: Sequence[Mapping[str, Any]], path: str) -> Iterator[Pair]:
    for number, row in enumerate(rows):
        yield f"{path}.{number}", ""
        yield from _filled(one.fields, row, f"{path}.{number}.")


def _is_unsaid(one: AnyField, value: Any) -> bool:
    """True for a value that no browser posts: a box without a tick, a symbol that says nothing."""
    return (isinstance(one, Tick) and not value) or (
        isinstance(one, ChoiceField) and value == one.unsaid
    )


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _amount(fen: int) -> str:
    whole, rest = divmod(abs(fen), _HUNDREDTHS)
    sign = "-" if fen < 0 else ""
    return f"{sign}{whole}.{rest:02}" if rest else f"{sign}{whole}"
