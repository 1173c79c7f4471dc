"""Reading of event bodies. Their form is what authors sent, so each reader forgives every form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_LONG = 2**63


def text(data: Mapping[str, Any], name: str) -> str:
    """A field as text that PostgreSQL and JSON can hold; empty if it is no text."""
    value = data.get(name)
    return plain(value) if isinstance(value, str) else ""


def plain(value: str) -> str:
    """The text without NUL and lone surrogates, which no table takes."""
    # Neither is printable, but almost all texts that people write are.
    if value.isprintable():
        return value
    return value.replace("\x00", "").encode("utf-8", "replace").decode()


def count(data: Mapping[str, Any], name: str) -> int | None:
    """A field as a whole number that Avro can carry: a correction can spell longer ones."""
    value = data.get(name)
    if not isinstance(value, int) or isinstance(value, bool):
        return None
    return value if -_LONG <= value < _LONG else None


def rows(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    value = data.get(name)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def numbers(data: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(kind, value as written) of the local numbers, without empty ones."""
    pairs = [(text(row, "kind"), text(row, "value")) for row in rows(data, "numbers")]
    return [pair for pair in pairs if pair[1]]
