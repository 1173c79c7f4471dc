"""Takes a value that is there although the type checker cannot see it."""

from __future__ import annotations

from typing import TypeVar

_T = TypeVar("_T")


def present(value: _T | None) -> _T:
    """The value, for a caller that has made sure of it. Raises LookupError where there is none."""
    if value is None:
        raise LookupError("nothing is there")
    return value
