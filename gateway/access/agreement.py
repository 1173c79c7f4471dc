"""The part that two viewers both see: no more than the asker sees, and no more than the other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_EMPTY: tuple[object, ...] = (None, "", [], {})


def agreed(mine: Any, theirs: Any) -> Any:
    """`theirs` without what `mine` does not have; both are views of one thing, as JSON values.

    If the two differ, the other's value is the reduced one: a state that reads `restricted`, a
    month in the place of a day.
    """
    if isinstance(mine, Mapping) and isinstance(theirs, Mapping):
        return {name: agreed(mine[name], one) for name, one in theirs.items() if name in mine}
    if isinstance(mine, list) and isinstance(theirs, list):
        return _list(mine, theirs)
    return mine if mine in _EMPTY else theirs


def _list(mine: Sequence[Any], theirs: Sequence[Any]) -> list[Any]:
    """Items lose fields, but no list loses items: lists of equal length are compared in pairs."""
    items = [*mine, *theirs]
    if len(mine) == len(theirs) and all(isinstance(one, Mapping) for one in items):
        return [agreed(*pair) for pair in zip(mine, theirs, strict=True)]
    return [one for one in theirs if one in mine]
