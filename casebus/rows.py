"""A row of a table as its readers see it, whatever library brought it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol


class RowLike(Protocol):
    """A row by the names of its columns: the database's, or one that was put together from it."""

    def __getitem__(self, name: str, /) -> Any: ...

    def get(self, name: str, /) -> Any: ...

    def keys(self) -> Iterable[str]: ...
