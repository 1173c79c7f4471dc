"""Our own files: each changes whole or not at all, and one process at a time holds a folder."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from casebus.errors import CasebusError
from casebus.files import NEW


def write_whole(path: Path, raw: bytes, beside: Path) -> None:
    """Replace the file at `path`, flushed to the disk; `beside` is its temporary name.

    Others may be able to write into the folder.
    """
    # A leftover of our own write that was killed, or a link that somebody planted there.
    beside.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(beside, NEW, 0o666), "wb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
    flush_folder(path.parent)


def flush_folder(folder: Path) -> None:
    """Flush the folder: a file's name is on the disk only then."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def locked(path: Path, code: str, detail: str) -> Iterator[None]:
    """Hold the file; raises CasebusError `code` if another process holds it."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CasebusError(code, detail) from error
        yield
