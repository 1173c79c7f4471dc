"""Files of a backup: compressed, readable only by the account, each known by its SHA-256."""

from __future__ import annotations

import gzip
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from casebus.errors import CasebusError
from casebus.files import naming

_LEVEL = 1
_AT_ONCE = 1 << 20


@dataclass(frozen=True, slots=True)
class BackupFile:
    """One file that a manifest names; `name` is its path below the backup's folder."""

    name: str
    sha256: str
    bytes: int
    #: The number of records or rows in it.
    count: int = 0
    #: Its content: a topic's partition and the first offset, or a table of `own`.
    partition: int | None = None
    first: int | None = None
    table: str | None = None
    columns: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, given: dict[str, Any]) -> BackupFile:
        return cls(**{**given, "columns": tuple(given["columns"])})

    def path(self, folder: Path) -> Path:
        """The file's path.

        Raises CasebusError `backup_unreadable` for a name that leads out of the folder.
        """
        path = folder / self.name
        if not path.resolve().is_relative_to(folder.resolve()):
            raise CasebusError("backup_unreadable", f"{self.name} lies outside the backup")
        return path


PackKeys = Callable[[Path, int], BackupFile]
"""Packs secrets into the folder of a backup, under the backup's number."""


@contextmanager
def created(folder: Path, name: str) -> Iterator[BinaryIO]:
    """A file to write to. It gets its name only when it is whole and on the disk."""
    path = folder / name
    with naming(path):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # One name, unlike `files.appearing`: the next run overwrites the remains of a killed one.
        fresh = path.with_name(f".{path.name}.new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        try:
            with os.fdopen(descriptor, "wb") as raw:
                yield raw
                raw.flush()
                os.fsync(raw.fileno())
            fresh.replace(path)
        finally:
            fresh.unlink(missing_ok=True)


@contextmanager
def packed(folder: Path, name: str) -> Iterator[BinaryIO]:
    """The same, compressed. The same content gives the same bytes: it holds no name and no time."""
    with created(folder, name) as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as output:
        yield cast("BinaryIO", output)


@contextmanager
def unpacked(folder: Path, part: BackupFile) -> Iterator[BinaryIO]:
    with gzip.open(part.path(folder)) as source:
        yield cast("BinaryIO", source)


def sealed(folder: Path, name: str, **what: Any) -> BackupFile:
    """The part for a finished file."""
    path = folder / name
    return BackupFile(name, digest_of(path), path.stat().st_size, **what)


def digest_of(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(_AT_ONCE):
            digest.update(chunk)
    return digest.hexdigest()


def check(folder: Path, part: BackupFile) -> None:
    """Raises CasebusError `backup_incomplete` or `backup_altered`."""
    path = part.path(folder)
    size = path.stat().st_size if path.is_file() else -1
    if size < part.bytes:
        said = "is missing" if size < 0 else f"has {size} of {part.bytes} bytes"
        raise CasebusError("backup_incomplete", f"{part.name} {said}")
    if digest_of(path) != part.sha256:
        raise CasebusError("backup_altered", f"{part.name} is not as it was written")
