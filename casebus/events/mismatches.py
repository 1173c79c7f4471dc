"""The places at which JSON data does not fit an Avro schema: pointers, never values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

Misfit = dict[str, str]

_INT = 2**31
_LONG = 2**63
_MOST_TOLD = 50


def misfits(schema: dict[str, Any], data: dict[str, Any], at: str = "/data") -> list[Misfit]:
    """The first places that do not fit, as {pointer, detail} rows below `at`."""
    found = _Walk()
    rows = found.below(at, schema, data)
    return [row for row, _ in zip(rows, range(_MOST_TOLD), strict=False)]


class _Walk:
    """One walk; named types are learnt where they are defined, before they are used."""

    def __init__(self) -> None:
        self._named: dict[str, dict[str, Any]] = {}

    def below(self, at: str, schema: Any, value: Any) -> Iterator[Misfit]:
        if isinstance(schema, list):
            yield from self._union(at, schema, value)
            return
        if isinstance(schema, str) and schema in self._named:
            schema = self._named[schema]
        kind = schema if isinstance(schema, str) else schema["type"]
        if isinstance(schema, dict) and "name" in schema:
            self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
        match kind:
            case "record":
                yield from self._record(at, schema, value)
            case "array":
                yield from self._array(at, schema, value)
            case "map":
                yield from self._map(at, schema, value)
            case "enum":
                yield from _enum(at, schema, value)
            case dict() | list():
                yield from self.below(at, kind, value)
            case _:
                yield from _primitive(at, kind, value)

    def _record(self, at: str, schema: dict[str, Any], value: Any) -> Iterator[Misfit]:
        if not isinstance(value, dict):
            yield _row(at, "an object is expected")
            return
        names = {field["name"] for field in schema["fields"]}
        yield from (_row(f"{at}/{_step(n)}", "no such field") for n in value if n not in names)
        for field in schema["fields"]:
            place = f"{at}/{field['name']}"
            if field["name"] in value:
                yield from self.below(place, field["type"], value[field["name"]])
            elif "default" not in field:
                yield _row(place, "missing")
            else:
                self._learn(field["type"])

    def _array(self, at: str, schema: dict[str, Any], value: Any) -> Iterator[Misfit]:
        self._learn(schema["items"])
        if not isinstance(value, list):
            yield _row(at, "an array is expected")
            return
        for place, item in enumerate(value):
            yield from self.below(f"{at}/{place}", schema["items"], item)

    def _map(self, at: str, schema: dict[str, Any], value: Any) -> Iterator[Misfit]:
        self._learn(schema["values"])
        if not isinstance(value, dict):
            yield _row(at, "an object is expected")
            return
        for name, item in value.items():
            yield from self.below(f"{at}/{_step(name)}", schema["values"], item)

    def _union(self, at: str, branches: list[Any], value: Any) -> Iterator[Misfit]:
        self._learn(branches)
        outcomes = [list(self.below(at, branch, value)) for branch in branches if branch != "null"]
        if (value is None and "null" in branches) or [] in outcomes:
            return
        # The branch that fits best is the one that was meant.
        yield from min(outcomes, key=len, default=[_row(at, "null is expected")])

    def _learn(self, schema: Any) -> None:
        """Remember the named types defined in a part that no value leads into."""
        match schema:
            case list():
                for branch in schema:
                    self._learn(branch)
            case {"type": "record", "fields": fields}:
                self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
                for field in fields:
                    self._learn(field["type"])
            case {"type": "enum"}:
                self._named[f"{schema.get('namespace', '')}.{schema['name']}"] = schema
            case {"type": "array", "items": inner} | {"type": "map", "values": inner}:
                self._learn(inner)


def _enum(at: str, schema: dict[str, Any], value: Any) -> Iterator[Misfit]:
    if value not in schema["symbols"]:
        yield _row(at, f"one of {' '.join(schema['symbols'])} is expected")


def _primitive(at: str, kind: str, value: Any) -> Iterator[Misfit]:
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
    """JSON can spell half a surrogate pair, which is no text."""
    return not any("\ud800" <= one <= "\udfff" for one in value)


def _step(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _row(pointer: str, detail: str) -> Misfit:
    return {"pointer": pointer, "detail": detail}
