"""Takes one backup while the system runs: `own` first, then the journal that it refers to.

So every record that `own` says is journaled is in the kept journal. The restore recognises newer
records from the journal (ADR 49).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from casebus.errors import CasebusError
from casebus.events.doors import is_door
from casebus.events.topics import DIRECTORY, JOURNAL, REJECTED
from casebus.files import naming
from casebus.settings import Settings
from operations.backup import files, manifest
from operations.backup.files import BackupFile, PackKeys
from operations.backup.manifest import Manifest
from operations.backup.records import pack, unpack, written
from operations.rebuild.reading import JournalReader
from storage import dumping

#: The number of records in one file.
_IN_ONE_FILE = 100_000

Advance = Callable[[int, int], None]
"""Called with how many records are written by now, and of how many."""


@dataclass(frozen=True, slots=True)
class TakenBackup:
    """One finished backup, and the new parts in it."""

    manifest: Manifest
    #: The digest of the manifest. Kept elsewhere, it shows any later change of the backup.
    sha256: str
    new_records: int


@dataclass(frozen=True, slots=True)
class Source:
    """The thing to back up; `settings` are the admin's and the owner's."""

    settings: Settings
    #: The pinned digest of the directory's entry 0.
    root_digest: str
    law: dict[str, str]
    #: Packs private keys, passwords and API keys, if their keeper adds them.
    pack_keys: PackKeys | None = None


async def backup(
    source: Source,
    folder: Path,
    advance: Advance = lambda _done, _all: None,
) -> TakenBackup:
    """Write the data that nothing else holds.

    A later backup into the same folder adds the new data.

    Raises CasebusError `backup_runs`, `backup_of_another`, `backup_altered` or `journal_shorter`.
    """
    with _alone(folder):
        before = manifest.newest(folder)
        if before is not None and before.installation != source.root_digest:
            raise CasebusError("backup_of_another", f"{folder} has another installation's backups")
        return await _Taking(source, folder, before, advance).run()


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Until the end nobody else backs up into this folder, which belongs to the account alone."""
    with naming(folder):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / ".lock", os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError as error:
        raise CasebusError("backup_runs", f"another backup into {folder} is under way") from error
    finally:
        os.close(descriptor)


class _Taking:
    """One run; `before` is the last backup in the folder."""

    def __init__(
        self, source: Source, folder: Path, before: Manifest | None, advance: Advance
    ) -> None:
        self._source, self._folder, self._advance = source, folder, advance
        self._settings = source.settings
        self._before = before
        self._number = (before.number if before else 0) + 1
        self._done = self._all = 0

    async def run(self) -> TakenBackup:
        taken_at = datetime.now(UTC).isoformat(timespec="seconds")
        own, migrations, epoch = await self._own()
        kept = self._before if self._before is not None and self._before.epoch == epoch else None
        partitions = self._settings.installation_partitions
        journal = await self._topic(
            JOURNAL, f"journal-{epoch}", partitions, kept.journal if kept else []
        )
        directory = await self._topic(
            DIRECTORY, f"directory-{epoch}", 1, kept.directory if kept else []
        )
        pack_keys = self._source.pack_keys
        made = Manifest(
            number=self._number,
            taken_at=taken_at,
            release=version("casebus"),
            installation=self._source.root_digest,
            epoch=epoch,
            partitions=partitions,
            migrations=migrations,
            law=self._source.law,
            ends=await self._ends(),
            own=own,
            journal=journal,
            directory=directory,
            schemas=self._schemas(),
            keys=pack_keys(self._folder, self._number) if pack_keys else None,
        )
        return TakenBackup(made, manifest.write(self._folder, made), self._all)

    async def _own(self) -> tuple[list[BackupFile], dict[str, str], int]:
        """Schema `own` as of one moment, its migrations, and the journal's epoch."""
        parts = []
        async with dumping.snapshot(self._settings.database_url) as connection:
            for table in await dumping.tables(connection):
                name = f"own-{self._number:06}/{table.name}.gz"
                with files.packed(self._folder, name) as output:
                    count = await dumping.write(connection, table, output)
                what = {"table": table.name, "columns": table.columns, "count": count}
                parts.append(files.sealed(self._folder, name, **what))
            epoch = await connection.fetchval("select epoch from own.installation")
            return parts, await dumping.applied(connection), epoch

    async def _topic(
        self, topic: str, name: str, partitions: int, before: list[BackupFile]
    ) -> list[BackupFile]:
        """All parts of a topic: the earlier ones, and the new records."""
        parts = list(before)
        async with JournalReader(self._settings, topic) as journal:
            bounds = await journal.bounds(partitions)
            begins = {
                partition: await self._begin(journal, partition, bounds[partition], before)
                for partition in bounds
            }
            self._all += sum(end - begins[partition] for partition, (_, end) in bounds.items())
            for partition, (_, end) in bounds.items():
                places = [*range(begins[partition], end, _IN_ONE_FILE), end]
                for first, until in pairwise(places):
                    parts.append(await self._part(journal, name, partition, first, until))
        return sorted(parts, key=lambda one: (one.partition or 0, one.first or 0))

    async def _begin(
        self,
        journal: JournalReader,
        partition: int,
        bounds: tuple[int, int],
        before: list[BackupFile],
    ) -> int:
        """The beginning of the new part. Kafka must still have the last kept record."""
        first, end = bounds
        mine = [one for one in before if one.partition == partition]
        if not mine:
            if first:
                said = f"partition {partition} begins at {first}: its first records are gone"
                raise CasebusError("journal_shorter", said)
            return 0
        last = mine[-1]
        place = (last.first or 0) + last.count - 1
        files.check(self._folder, last)
        with files.unpacked(self._folder, last) as source:
            *_, (_, record) = unpack(source)
        if end > place:
            [there, *_] = await journal.read(partition, place, end)
            if there.offset == place and pack(place, written(there)) == pack(place, record):
                return place + 1
        said = f"partition {partition} of Kafka does not go on at {place}: take a new folder"
        raise CasebusError("backup_of_another", said)

    async def _part(
        self, journal: JournalReader, name: str, partition: int, first: int, until: int
    ) -> BackupFile:
        path = f"{name}/{partition}-{first:012}.gz"
        with files.packed(self._folder, path) as output:
            async for some in _records(journal, partition, first, until):
                output.write(b"".join(some))
                self._done += len(some)
                self._advance(self._done, self._all)
        what = {"partition": partition, "first": first, "count": until - first}
        return files.sealed(self._folder, path, **what)

    def _schemas(self) -> BackupFile:
        """The schemas of all values in the journal.

        The release that restores must know all of them.
        """
        name = f"own-{self._number:06}/schemas.json.gz"
        folder = self._settings.schemas_dir
        texts = {
            str(path.relative_to(folder)): path.read_text(encoding="utf-8")
            for path in sorted(folder.rglob("*"))
            if path.is_file()
        }
        with files.packed(self._folder, name) as output:
            output.write(orjson.dumps(texts))
        return files.sealed(self._folder, name, count=len(texts))

    async def _ends(self) -> dict[str, dict[int, int]]:
        """The ends of the doors and of `rejected`, after everything kept was read."""
        async with _consumer(self._settings) as consumer:
            names = [*filter(is_door, sorted(await consumer.topics())), REJECTED]
            count = self._settings.installation_partitions
            places = [TopicPartition(name, one) for name in names for one in range(count)]
            ends = await consumer.end_offsets(places)
        found: dict[str, dict[int, int]] = {}
        for place, end in ends.items():
            found.setdefault(place.topic, {})[place.partition] = end
        return found


@asynccontextmanager
async def _consumer(settings: Settings) -> AsyncIterator[AIOKafkaConsumer]:
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **settings.kafka_client())
    await consumer.start()
    try:
        yield consumer
    finally:
        await consumer.stop()


async def _records(
    journal: JournalReader, partition: int, first: int, until: int
) -> AsyncIterator[list[bytes]]:
    """Every record of the stretch, packed. Raises CasebusError `journal_gap`."""
    at = first
    while at < until:
        records = await journal.read(partition, at, until)
        for offset, record in enumerate(records, at):
            if record.offset != offset:
                raise CasebusError("journal_gap", f"partition {partition} lacks offset {offset}")
        yield [pack(record.offset, written(record)) for record in records]
        at += len(records)
