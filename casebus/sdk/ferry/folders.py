"""The two folders that a carrier moves files between, and the one for what is not taken.

A file appears whole or not at all: written under another name, flushed, renamed, and the folder
flushed after. A file is taken away only when it is kept somewhere else.
"""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from casebus.sdk.files import flush_folder, write_whole

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
        flush_folder(self.outbox)

    def came(self) -> Iterator[Path]:
        """Files of the inbox that nobody seems to write any more, by name."""
        for path in sorted(self.inbox.iterdir()):
            hidden = path.name.startswith((".", "~")) or path.name.lower().endswith(_UNFINISHED)
            if not hidden and not path.is_symlink() and path.is_file():
                yield path

    def read(self, path: Path, most: int) -> bytes:
        """Of the inbox: a file and nothing that stands for one, up to `most` bytes."""
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "it is no file any more", str(path))
            return file.read(most)

    def remove(self, path: Path) -> None:
        """Of the inbox: what is in it is kept, or was before."""
        path.unlink(missing_ok=True)
        flush_folder(path.parent)

    def put_away(self, path: Path, raw: bytes) -> Path:
        """From the inbox into the quarantine."""
        kept = self.keep(raw)
        self.remove(path)
        return kept

    def put_away_unread(self, path: Path) -> Path:
        """The same of a file that nobody wants in memory, under a digest of what it is called."""
        found = path.lstat()
        name = f"{path.name}/{found.st_size}/{found.st_mtime_ns}"
        kept = self.quarantine / hashlib.sha256(os.fsencode(name)).hexdigest()
        shutil.move(path, kept)
        return kept

    def keep(self, raw: bytes) -> Path:
        """In the quarantine, under its digest: a copy that comes again takes no second place."""
        kept = self.quarantine / hashlib.sha256(raw).hexdigest()
        _write(kept, raw)
        return kept


def _write(path: Path, raw: bytes) -> None:
    # Hidden: a mover that takes all files leaves it alone.
    write_whole(path, raw, path.with_name(f".{path.name}{_WRITING}"))
