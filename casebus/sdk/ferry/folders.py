"""The two folders between which a carrier moves files, and the one for refused files.

A file appears whole or not at all: it is written under another name, flushed and renamed, and then
the folder is flushed. A file is removed only after it is kept somewhere else.
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

#: Names of files that somebody is still writing: ours, and those of common movers.
_UNFINISHED = (".tmp", ".part", ".partial", ".filepart", ".crdownload", ".writing")
_WRITING = ".writing"


@dataclass(frozen=True, slots=True)
class Folders:
    outbox: Path
    inbox: Path
    quarantine: Path

    def put(self, name: str, raw: bytes) -> None:
        """Put a file into the outbox, in place of one with the same name."""
        _write(self.outbox / name, raw)

    def withdraw(self, name: str) -> None:
        """Remove a file from the outbox, if it is still there."""
        (self.outbox / name).unlink(missing_ok=True)
        flush_folder(self.outbox)

    def came(self) -> Iterator[Path]:
        """Names of the inbox's files that nobody seems to write any more, sorted."""
        for path in sorted(self.inbox.iterdir()):
            hidden = path.name.startswith((".", "~")) or path.name.lower().endswith(_UNFINISHED)
            if not hidden and not path.is_symlink() and path.is_file():
                yield path

    def read(self, path: Path, most: int) -> bytes:
        """Up to `most` bytes of a plain file in the inbox; links and devices are refused."""
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as file:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise OSError(errno.EINVAL, "it is no file any more", str(path))
            return file.read(most)

    def remove(self, path: Path) -> None:
        """Remove a file from the inbox, because its content is kept by now."""
        path.unlink(missing_ok=True)
        flush_folder(path.parent)

    def put_away(self, path: Path, raw: bytes) -> Path:
        """Move a file from the inbox into the quarantine."""
        kept = self.keep(raw)
        self.remove(path)
        return kept

    def put_away_unread(self, path: Path) -> Path:
        """Move a file that must not be read into memory, under a digest of its name."""
        found = path.lstat()
        name = f"{path.name}/{found.st_size}/{found.st_mtime_ns}"
        kept = self.quarantine / hashlib.sha256(os.fsencode(name)).hexdigest()
        shutil.move(path, kept)
        return kept

    def keep(self, raw: bytes) -> Path:
        """Keep a content in the quarantine under its digest.

        A second copy takes no second place.
        """
        kept = self.quarantine / hashlib.sha256(raw).hexdigest()
        _write(kept, raw)
        return kept


def _write(path: Path, raw: bytes) -> None:
    # Hidden: a mover that takes all files leaves it alone.
    write_whole(path, raw, path.with_name(f".{path.name}{_WRITING}"))
