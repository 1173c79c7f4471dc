"""The places at which JSON data does not fit an Avro schema: pointers, never values."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

from casebus.events.avro_types import (
    ArrayType,
    AvroType,
    EnumType,
    MapType,
    RecordType,
    UnionType,
)

Mismatch = dict[str, str]

_INT = 2**31
_LONG = 2**63
_MOST_TOLD = 50


def mismatches_of(schema: RecordType, data: Any, at: str = "/data") -> list[Mismatch]:
    """The first places that do not fit, as {pointer, detail} rows below `at`."""
    return list(islice(_below(at, schema, data), _MOST_TOLD))


def _below(at: str, kind: AvroType, value: Any) -> Iterator[Mismatch]:
    match kind:
        case RecordType():
            yield from _record(at, kind, value)
        case ArrayType():
            yield from _array(at, kind, value)
        case MapType():
            yield from _map(at, kind, value)
        case UnionType():
            yield from _union(at, kind, value)
        case EnumType():
            yield from _enum(at, kind, value)
        case _:
            yield from _primitive(at, kind.kind, value)


def _record(at: str, record: RecordType, value: Any) -> Iterator[Mismatch]:
    if not isinstance(value, dict):
        yield _row(at, "an object is expected")
        return
    for name in value:
        if name not in record.fields:
            yield _row(f"{at}/{_step(name)}", "no such field")
    for name, field in record.fields.items():
        if name in value:
            yield from _below(f"{at}/{name}", field.type, value[name])
        elif not field.has_default:
            yield _row(f"{at}/{name}", "missing")


def _array(at: str, array: ArrayType, value: Any) -> Iterator[Mismatch]:
    if not isinstance(value, list):
        yield _row(at, "an array is expected")
        return
    for place, item in enumerate(value):
        yield from _below(f"{at}/{place}", array.items, item)


def _map(at: str, kind: MapType, value: Any) -> Iterator[Mismatch]:
    if not isinstance(value, dict):
        yield _row(at, "an object is expected")
        return
    for name, item in value.items():
        yield from _below(f"{at}/{_step(name)}", kind.values, item)


def _union(at: str, union: UnionType, value: Any) -> Iterator[Mismatch]:
    outcomes = [list(_below(at, branch, value)) for branch in union.branches]
    if (value is None and union.is_optional) or [] in outcomes:
        return
    # The branch that fits best is the one that was meant.
    yield from min(outcomes, key=len, default=[_row(at, "null is expected")])


def _enum(at: str, enum: EnumType, value: Any) -> Iterator[Mismatch]:
    if value not in enum.symbols:
        yield _row(at, f"one of {' '.join(enum.symbols)} is expected")


def _primitive(at: str, kind: str, value: Any) -> Iterator[Mismatch]:
    number = isinstance(value, int) and not isinstance(value, bool)
    fits = {
        "null": value is None,
        "boolean": isinstance(value, bool),
        "int": number and -_INT <= value < _INT,
        "long": number and -_LONG <= value < _LONG,
        "float": number or isinstance(value, float),
        "double": number or isinstance(value, float),
        "string": isinstance(value, str) and _is_text(value),
    }.get(kind, False)
    if not fits:
        yield _row(at, f"{kind} is expected")


def _is_text(value: str) -> bool:
    """True for text; JSON can spell half a surrogate pair, which is no text."""
    return not any("\ud800" <= one <= "\udfff" for one in value)


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _row(pointer: str, detail: str) -> Mismatch:
    return {"pointer": pointer, "detail": detail}
