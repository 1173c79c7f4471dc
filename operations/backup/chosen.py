"""Finds the backup to restore: whole, and of a release and a size that fit."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from casebus.errors import CasebusError
from casebus.settings import Settings
from operations.backup import files, manifest
from operations.backup.manifest import Manifest
from storage.migrate import migrations


class Chosen(NamedTuple):
    """A backup that was found whole, and its place."""

    folder: Path
    manifest: Manifest


def chosen(folder: Path, number: int | None = None) -> Chosen:
    """The newest backup or that of the number, every part of it checked.

    Raises CasebusError `backup_missing`, `backup_unreadable`, `backup_incomplete`,
    `backup_altered` or `release_is_older`.
    """
    found = manifest.newest(folder, number)
    if found is None:
        which = "no finished backup" if number is None else f"no backup {number}"
        raise CasebusError("backup_missing", f"{folder} holds {which}")
    for part in found.parts():
        files.check(folder, part)
    _require_known(folder, found)
    return Chosen(folder, found)


def _require_known(folder: Path, found: Manifest) -> None:
    """Raises CasebusError `release_is_older` if this release is older than the backup's."""
    with files.unpacked(folder, found.schemas) as source:
        theirs = orjson.loads(orjson.loads(source.read())["ids.json"])
    ours = orjson.loads((Settings().schemas_dir / "ids.json").read_bytes())
    known = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in migrations().items()}
    if not found.migrations.items() <= known.items() or not _within(theirs, ours):
        raise CasebusError("release_is_older", f"{found.name} is of release {found.release}")


def _within(theirs: Any, ours: Any) -> bool:
    """True if the other has all that the one lists."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return all(name in ours and _within(each, ours[name]) for name, each in theirs.items())
    return bool(theirs == ours)


def require_partitions(found: Manifest) -> None:
    """The number is fixed for an installation's life. Raises CasebusError `partitions_differ`."""
    here = Settings().installation_partitions
    if found.partitions != here:
        raise CasebusError("partitions_differ", f"{found.partitions}, and {here} by the settings")
