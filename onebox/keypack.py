"""The keys and secrets of a home, packed on demand: their holder can sign as anybody here."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

from casebus.errors import CasebusError
from onebox.places import Home
from operations.backup import files
from operations.backup.files import BackupFile

#: Below the home; files that a later start makes again are left out.
_KEPT = ("keys", "processes", "root.pem", "credentials.json")


def pack(folder: Path, number: int, home: Home) -> BackupFile:
    """Private keys, passwords and API keys, in a file of the account alone."""
    name = f"own-{number:06}/keys.tar.gz"
    with files.packed(folder, name) as output, tarfile.open(fileobj=output, mode="w") as tar:
        for path in _files(home.path):
            content = path.read_bytes()
            entry = tarfile.TarInfo(str(path.relative_to(home.path)))
            entry.size, entry.mode = len(content), 0o600
            tar.addfile(entry, io.BytesIO(content))
    return files.sealed(folder, name, count=len(_files(home.path)))


def unpack(folder: Path, part: BackupFile, home: Home) -> None:
    """Put them back in their places. Raises CasebusError `backup_unreadable`."""
    with files.unpacked(folder, part) as source, tarfile.open(fileobj=source) as tar:
        for entry in tar:
            path = home.path / entry.name
            if not path.resolve().is_relative_to(home.path.resolve()) or not entry.isfile():
                raise CasebusError("backup_unreadable", f"{entry.name} is no file of a home")
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            content = tar.extractfile(entry)
            path.touch(mode=0o600)
            path.chmod(0o600)
            path.write_bytes(content.read() if content else b"")


def _files(home: Path) -> list[Path]:
    found = [each for name in _KEPT for each in (home / name, *(home / name).rglob("*"))]
    return sorted(path for path in found if path.is_file() and not path.is_symlink())
