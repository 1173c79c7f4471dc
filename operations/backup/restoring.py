"""Brings an installation back: from a backup, or from its tables if only Kafka was lost.

Either way the journal is written in order and with its first times, under a new epoch (design rule
5, each record is a leaf). So nobody can take a place of the new journal for a place beyond the end
of the old one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import asyncpg

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY, JOURNAL, REJECTED
from casebus.settings import Settings
from operations.backup import epochs, files, manifest, sources
from operations.backup.brokers import Brokers
from operations.backup.chosen import Chosen
from storage import beside, dumping, journal, restoring
from storage.beside import BEFORE
from storage.handles import Connection
from storage.migrate import migrate
from storage.restoring import JournalIdentities, Resent

Advance = Callable[[int, int], None]
"""Called with how many records are written by now, and of how many."""


@dataclass(frozen=True, slots=True)
class Restored:
    """The records that were written back, and those that the bus sends again, byte for byte."""

    records: int
    directory_entries: int
    #: The journal's epoch from now on.
    epoch: int
    sent_again: int
    #: The moment of the backup; empty when the journal comes from the tables.
    taken_at: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Target:
    """Brokers and a database to restore into; `settings` are the admin's and the owner's."""

    settings: Settings
    #: Called before anything is written, so that a half-done restore is recognised. It gets the
    #: epoch of the tables when their journal is written back, and 0 when everything is restored.
    mark: Callable[[int], None]


async def from_backup(target: Target, backup: Chosen, advance: Advance) -> Restored:
    """Fill empty brokers and an empty database. Provisioning comes afterwards.

    Raises CasebusError `home_not_empty`, `journal_not_empty` or `journal_not_written`.
    """
    return await _FromBackup(target, backup, advance).run()


async def from_tables(
    target: Target, directory: Chosen | None, advance: Advance, *, unfinished: int | None
) -> Restored:
    """Fill empty brokers from the tables; the directory from there too, or from a backup.

    `unfinished` is the epoch that an earlier, interrupted run was given to mark. Raises
    CasebusError `journal_altered`, `directory_incomplete`, `rebuild_kept`, `nothing_recorded`,
    `journal_not_empty` or `journal_not_written`.
    """
    return await _FromTables(target, directory, advance, unfinished).run()


class _Restoring:
    """The common part of both ways: Kafka filled, then `own` told."""

    def __init__(self, target: Target, advance: Advance) -> None:
        self._target, self._advance = target, advance
        self._settings = target.settings
        self._url = self._settings.database_url
        self._schemas = Schemas.load(self._settings.schemas_dir)
        self._doors = sources.DoorPositions()
        self._done = self._all = 0

    async def _write(
        self, brokers: Brokers, journaled: JournalIdentities, partition: int, records: Any
    ) -> int:
        noted = sources.noted(records, journaled, self._doors)
        return await brokers.write(JOURNAL, partition, self._counted(noted))

    async def _counted(self, records: Any) -> Any:
        async for record in records:
            yield record
            self._done += 1
            if self._done % 1000 == 0 or self._done == self._all:
                self._advance(self._done, self._all)


class _FromBackup(_Restoring):
    def __init__(self, target: Target, backup: Chosen, advance: Advance) -> None:
        super().__init__(target, advance)
        self._folder, self._found = backup
        self._all = self._found.records()

    async def run(self) -> Restored:
        async with Brokers(self._settings) as brokers:
            await brokers.require_empty()
            await self._require_no_tables()
            self._target.mark(0)
            await self._tables()
            async with restoring.owner(self._url) as connection:
                return await self._fill(brokers, connection)

    async def _require_no_tables(self) -> None:
        async with restoring.owner(self._url) as connection:
            if await dumping.has_own(connection):
                raise CasebusError("home_not_empty", "the database holds an installation")

    async def _tables(self) -> None:
        """Schema `own` by the migrations of the backup's release, then by this one's."""
        await migrate(self._url, only=self._found.migrations)
        async with restoring.owner(self._url) as owner:
            await dumping.empty(owner, [part.table or "" for part in self._found.own])
            for part in self._found.own:
                with files.unpacked(self._folder, part) as source:
                    table = dumping.OwnTable(part.table or "", part.columns)
                    await dumping.read(owner, table, source)
            await dumping.go_on_counting(owner)
        await migrate(self._url)

    async def _fill(self, brokers: Brokers, connection: Connection) -> Restored:
        found, folder = self._found, self._folder
        journaled = JournalIdentities(connection)
        await journaled.begin()
        await brokers.open()
        entries = sources.kept(folder, found.directory)
        directory = await brokers.write(DIRECTORY, 0, entries)
        carried = {}
        for partition in range(found.partitions):
            records = sources.kept(folder, found.stretches(partition))
            carried[partition] = await self._write(brokers, journaled, partition, records)
        await brokers.close()
        again = await journaled.send_again()
        rejected = await restoring.rejected_from(connection, found.ends.get(REJECTED, {}))
        doors = {name: ends for name, ends in found.ends.items() if name != REJECTED}
        places = sources.union(doors, self._doors.ends, {REJECTED: rejected})
        await brokers.begin_at(places)
        await brokers.route_again()
        newest = manifest.newest(folder) or found
        epoch = epochs.begin(folder, max(newest.epoch, await journal.current_epoch(connection)))
        await restoring.begin_epoch(connection, epoch, carried, directory)
        return _restored(carried, directory, epoch, again, found.taken_at)


class _FromTables(_Restoring):
    def __init__(
        self, target: Target, backup: Chosen | None, advance: Advance, unfinished: int | None
    ) -> None:
        super().__init__(target, advance)
        self._backup, self._unfinished = backup, unfinished

    async def run(self) -> Restored:
        before = self._unfinished
        connection: Connection = await asyncpg.connect(self._url)
        try:
            if not await dumping.has_own(connection):
                raise CasebusError("nothing_recorded", "the database holds no installation")
            await migrate(self._url)
            epoch = await journal.current_epoch(connection)
            if before and before < epoch:
                # It was cut off after everything was written: only the rest is left to do.
                carried = await restoring.carried(connection, epoch)
                return _restored(carried, 0, epoch, Resent(0, 0))
            await self._make_beside(connection)
            return await self._write_back(epoch, again=bool(before))
        finally:
            await connection.close()

    async def _make_beside(self, connection: Connection) -> None:
        if await beside.exists(connection, BEFORE):
            raise CasebusError("rebuild_kept", f"drop {BEFORE} first: casebus rebuild --drop-old")
        await beside.make(connection)

    async def _write_back(self, epoch: int, *, again: bool) -> Restored:
        async with Brokers(self._settings) as brokers:
            if again:
                await brokers.clear()
            await brokers.require_empty()
            self._target.mark(epoch)
            async with restoring.owner(self._url) as connection:
                return await self._fill(brokers, connection)

    async def _fill(self, brokers: Brokers, connection: Connection) -> Restored:
        """Nothing in the database changes unless all is written."""
        await beside.fence(connection)
        epoch = await journal.current_epoch(connection)
        counts = {at: n for at, (n, _) in (await restoring.positions(connection, epoch)).items()}
        self._all = sum(counts.values())
        entries = await self._directory(connection, epoch)
        journaled = JournalIdentities(connection)
        await journaled.begin()
        await brokers.open()
        directory = await brokers.write(DIRECTORY, 0, entries)
        carried = {}
        for partition in counts:
            records = sources.recorded(connection, self._schemas, epoch, partition)
            carried[partition] = await self._write(brokers, journaled, partition, records)
        await brokers.close()
        async for headers in restoring.rejected_headers(connection):
            self._doors.note(headers)
        again = await journaled.send_again()
        partitions = range(self._settings.installation_partitions)
        rejected = await restoring.rejected_from(connection, dict.fromkeys(partitions, 0))
        await brokers.begin_at(sources.union(self._doors.ends, {REJECTED: rejected}))
        await brokers.route_again()
        epoch = epochs.following(epoch)
        await restoring.begin_epoch(connection, epoch, carried, directory)
        # Casework derives its tables again; the old ones, records too, stay beside them.
        await beside.switch(connection, differs=True)
        return _restored(carried, directory, epoch, again)

    async def _directory(self, connection: Connection, epoch: int) -> Any:
        if self._backup is not None:
            return sources.kept(self._backup.folder, self._backup.manifest.directory)
        root = self._settings.root_digest
        return sources.listed(await sources.directory_of(connection, self._schemas, epoch, root))


def _restored(
    carried: Mapping[int, int], directory: int, epoch: int, again: Resent, taken_at: str = ""
) -> Restored:
    sent_again = again.outbox + again.submissions
    return Restored(sum(carried.values()), directory, epoch, sent_again, taken_at)
