"""The owner of an open connection: a forked process has only a copy of one that its parent uses.

Two processes on one socket get each other's answers. A client's own thread is not copied at all, so
a caller that waits for it waits for ever. So each call checks the owner first.
"""

from __future__ import annotations

import os
import threading

from casebus.errors import CasebusError


class OwnerProcess:
    """The process that opened something and, if only one thread may use it, that thread."""

    def __init__(self, what: str, *, one_thread: bool = False) -> None:
        self._what = what
        self._process = os.getpid()
        self._thread = threading.get_ident() if one_thread else None

    def is_here(self) -> bool:
        """True if this is its process: a copy is neither used nor closed."""
        return os.getpid() == self._process

    def require(self) -> None:
        """Raises CasebusError `after_fork` or `other_thread`."""
        if not self.is_here():
            says = f"{self._what} was opened before this process was forked: open one in it"
            raise CasebusError("after_fork", says)
        if self._thread not in (None, threading.get_ident()):
            says = f"{self._what} is for the thread that opened it: open one in each thread"
            raise CasebusError("other_thread", says)
