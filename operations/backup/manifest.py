"""The parts of one backup. It is written last, whole, and sealed by its own digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any

import orjson

from casebus.errors import CasebusError
from operations.backup.files import BackupFile, created

FORM = 1
_SORTED = orjson.OPT_SORT_KEYS
_NAME = re.compile(r"backup-(\d{6})\.json")


@dataclass(frozen=True, slots=True)
class Manifest:
    """One backup. Parts of the journal and the directory may be those of earlier ones."""

    number: int
    taken_at: str
    release: str
    #: SHA-256 of the directory's entry 0, which is pinned: it identifies the installation.
    installation: str
    epoch: int
    partitions: int
    migrations: dict[str, str]
    #: The law adopted last, and the law files in the checkout at that time.
    law: dict[str, str]
    #: Topic, partition → the offset at which it goes on, for topics whose records are not kept.
    ends: dict[str, dict[int, int]]
    own: list[BackupFile]
    journal: list[BackupFile]
    directory: list[BackupFile]
    schemas: BackupFile
    keys: BackupFile | None = None
    form: int = field(default=FORM)

    @property
    def name(self) -> str:
        return f"backup-{self.number:06}.json"

    def parts(self) -> Iterator[BackupFile]:
        single = [one for one in (self.schemas, self.keys) if one is not None]
        return chain(self.own, self.directory, self.journal, single)

    def stretches(self, partition: int) -> list[BackupFile]:
        """The parts of one partition of the journal, in order."""
        return [one for one in self.journal if one.partition == partition]

    def until(self, partition: int) -> int:
        """The offset after the last kept record of the journal."""
        parts = self.stretches(partition)
        return (parts[-1].first or 0) + parts[-1].count if parts else 0

    def records(self) -> int:
        return sum(one.count for one in self.journal)


def numbers(folder: Path) -> list[int]:
    """The finished backups in this folder, oldest first."""
    found = (_NAME.fullmatch(path.name) for path in folder.glob("backup-*.json"))
    return sorted(int(one[1]) for one in found if one)


def newest(folder: Path, number: int | None = None) -> Manifest | None:
    """The last backup, or the one of this number; None if there is none."""
    known = numbers(folder)
    if number is not None:
        return read(folder / f"backup-{number:06}.json") if number in known else None
    return read(folder / f"backup-{known[-1]:06}.json") if known else None


def write(folder: Path, manifest: Manifest) -> str:
    """Write it whole; returns its digest, by which a keeper elsewhere recognises it."""
    said = asdict(manifest)
    # JSON has only text as names.
    said["ends"] = {
        topic: {str(partition): end for partition, end in each.items()}
        for topic, each in manifest.ends.items()
    }
    body = orjson.dumps(said, option=_SORTED)
    digest = hashlib.sha256(body).hexdigest()
    with created(folder, manifest.name) as output:
        output.write(b'{"sha256": "%b", "backup": %b}\n' % (digest.encode(), body))
    return digest


def read(path: Path) -> Manifest:
    """Raises CasebusError `backup_unreadable`, `backup_altered` or `release_is_older`."""
    try:
        sealed = orjson.loads(path.read_bytes())
        given: dict[str, Any] = sealed["backup"]
        if hashlib.sha256(orjson.dumps(given, option=_SORTED)).hexdigest() != sealed["sha256"]:
            raise CasebusError("backup_altered", f"{path.name} is not as it was written")
        if given["form"] > FORM:
            raise CasebusError("release_is_older", f"{path.name} is of a newer release's form")
        return _of(given)
    except (KeyError, TypeError, ValueError) as error:
        raise CasebusError("backup_unreadable", f"{path.name} is no manifest") from error


def _of(given: dict[str, Any]) -> Manifest:
    lists = {
        name: [BackupFile.from_json(one) for one in given[name]]
        for name in ("own", "journal", "directory")
    }
    ends = {
        topic: {int(partition): end for partition, end in each.items()}
        for topic, each in given["ends"].items()
    }
    keys = BackupFile.from_json(given["keys"]) if given["keys"] else None
    schemas = BackupFile.from_json(given["schemas"])
    return Manifest(**{**given, **lists, "ends": ends, "keys": keys, "schemas": schemas})
