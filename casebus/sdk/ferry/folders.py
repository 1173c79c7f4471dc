"""The two folders that a carrier moves files between, and the one for what is not taken.

A file appears whole or not at all: written under another name, flushed, renamed, and the folder
flushed after. What is taken away is gone only when it is kept somewhere else.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: How files are called that somebody is still writing: ours, and those of common movers.
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".writing")
_WRITING = ".writing"


@dataclass(frozen=True, slots=True)
class Folders:
    outbox: Path
    inbox: Path
    quarantine: Path

    def put(self, name: str, raw: bytes) -> None:
        """Into the outbox, in place of one of the same name."""
        _write(self.outbox / name, raw)

    def withdraw(self, name: str) -> None:
        """From the outbox, where it still lies there."""
        (self.outbox / name).unlink(missing_ok=True)
        _flush(self.outbox)

    def came(self) -> Iterator[Path]:
        """Files of the inbox that nobody seems to write any more, by name."""
        for path in sorted(self.inbox.iterdir()):
            hidden = path.name.startswith((".", "~")) or path.name.lower().endswith(_UNFINISHED)
            if not hidden and not path.is_symlink() and path.is_file():
                yield path

    def remove(self, path: Path) -> None:
        """Of the inbox: what is in it is kept, or was before."""
        path.unlink(missing_ok=True)
        _flush(path.parent)

    def put_away(self, path: Path, raw: bytes) -> Path:
        """From the inbox into the quarantine."""
        kept = self.keep(raw)
        self.remove(path)
        return kept

    def keep(self, raw: bytes) -> Path:
        """In the quarantine, under its digest: a copy that comes again takes no second place."""
        kept = self.quarantine / hashlib.sha256(raw).hexdigest()
        _write(kept, raw)
        return kept


def _write(path: Path, raw: bytes) -> None:
    # Hidden: a mover that takes all files leaves it alone.
    writing = path.with_name(f".{path.name}{_WRITING}")
    with writing.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    writing.replace(path)
    _flush(path.parent)


def _flush(folder: Path) -> None:
    """A name is on the disk when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
