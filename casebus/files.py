"""A file that somebody asked for: under its name when it is whole, or not at all."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from casebus.errors import CasebusError

#: To open: a new file, and none that a link of somebody else leads to.
NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
#: The mode, as far as the umask allows.
_EVERYBODY = 0o666


@contextmanager
def appearing(path: Path, mode: int = _EVERYBODY, *, durable: bool = True) -> Iterator[BinaryIO]:
    """A file to write to; the old file stays until the new one is whole.

    `durable` forces it to the disk first: a power cut would leave an empty file in its place.
    Raises CasebusError `file_not_written`, which names it, for every refusal of the system.
    """
    with naming(path):
        if path.exists() and not path.is_file():
            # A terminal, a pipe, /dev/null: a file in its place would be another thing.
            with path.open("wb") as there:
                yield there
        else:
            with _beside(path.resolve(), mode, durable=durable) as fresh:
                yield fresh


@contextmanager
def naming(path: Path) -> Iterator[None]:
    """Refusals of the system inside the block name this file, as CasebusError `file_not_written`.

    A connection that breaks is another matter, and passes through.
    """
    try:
        yield
    except (ConnectionError, TimeoutError):
        raise
    except OSError as error:
        says = (error.strerror or "the system refused it").lower()
        raise CasebusError("file_not_written", f"{path}: {says}") from error


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Replace the file; line breaks stay unchanged. Raises the errors of `appearing`."""
    with appearing(path, durable=durable) as file:
        file.write(text.encode())


@contextmanager
def _beside(target: Path, mode: int, *, durable: bool) -> Iterator[BinaryIO]:
    before = target.stat().st_mode & 0o777 if target.exists() else None
    if before is not None and not os.access(target, os.W_OK):
        raise PermissionError(0, "it is there, and read-only")
    # Short, whatever the file's own name takes of the room for one.
    fresh = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with os.fdopen(os.open(fresh, NEW, mode), "wb") as file:
            if before is not None:
                # A file that only its owner may read stays so, whatever was there before.
                os.fchmod(file.fileno(), before & mode)
            yield file
            file.flush()
            if durable:
                os.fsync(file.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
