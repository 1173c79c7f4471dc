"""Steps of a round: each one runs, whatever happened to those before it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from casebus.errors import CasebusError
from casebus.words import in_words


class Steps:
    """Runs steps. If one file, folder or broker fails, the others still get their turn."""

    def __init__(self) -> None:
        self._first: CasebusError | None = None

    @contextmanager
    def step(self) -> Iterator[None]:
        """Run one step.

        A folder or file that cannot be read or written counts as `ferry_folder`.
        """
        try:
            yield
        except CasebusError as error:
            self._first = self._first or error
        except OSError as error:
            self._first = self._first or CasebusError("ferry_folder", in_words(error))

    def end(self) -> None:
        """Raise the first CasebusError of the steps."""
        if self._first is not None:
            raise self._first
