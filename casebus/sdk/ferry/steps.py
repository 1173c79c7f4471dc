"""Steps of a round: each is done, whatever became of those before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from casebus.errors import CasebusError
from casebus.words import in_words


class Steps:
    """One file, folder or broker that fails keeps nothing else from its turn."""

    def __init__(self) -> None:
        self._first: CasebusError | None = None

    @contextmanager
    def step(self) -> Iterator[None]:
        """`ferry_folder` where a folder or a file of it cannot be read or written."""
        try:
            yield
        except CasebusError as error:
            self._first = self._first or error
        except OSError as error:
            self._first = self._first or CasebusError("ferry_folder", in_words(error))

    def end(self) -> None:
        """Raises the first CasebusError of them."""
        if self._first is not None:
            raise self._first
