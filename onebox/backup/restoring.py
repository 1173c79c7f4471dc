"""Brings an installation back: from a backup, or, where only Kafka was lost, from its tables.

Either way the journal is written in order with its first times, under a new epoch (design rule 5):
what the old one's places said beyond its end nobody can say of the new one's.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import asyncpg
import orjson

from casebus.errors import CasebusError
from casebus.events.schemas import Schemas
from casebus.events.topics import DIRECTORY, JOURNAL, REJECTED
from casebus.settings import Settings
from onebox import environment, launch
from onebox.backup import epochs, files, keys, manifest, sources
from onebox.backup.brokers import Brokers
from onebox.backup.manifest import Manifest
from onebox.credentials import load, write_private
from onebox.options import Options
from onebox.places import OPERATOR, Home
from onebox.provision.installation import Installation, make_tables
from onebox.stack import Stack
from storage import beside, dumping, journal, restoring
from storage.beside import BEFORE
from storage.handles import Connection
from storage.migrate import migrate, migrations
from storage.restoring import JournalIdentities, Resent

Advance = Callable[[int, int], None]
"""Called with how many records are written by now, and of how many."""


@dataclass(frozen=True, slots=True)
class Restored:
    """What was written back, and what the bus sends once more, byte for byte."""

    records: int
    directory_entries: int
    #: The journal's from now on.
    epoch: int
    sent_again: int
    #: Of which moment; empty where it is the tables' own.
    taken_at: str = ""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


class Chosen(NamedTuple):
    """A backup that was found whole, and where it lies."""

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
    """Raises CasebusError `release_is_older` than the release that backed up."""
    with files.unpacked(folder, found.schemas) as source:
        theirs = orjson.loads(orjson.loads(source.read())["ids.json"])
    ours = orjson.loads((Settings().schemas_dir / "ids.json").read_bytes())
    known = {name: hashlib.sha256(text.encode()).hexdigest() for name, text in migrations().items()}
    if not found.migrations.items() <= known.items() or not _within(theirs, ours):
        raise CasebusError("release_is_older", f"{found.name} is of release {found.release}")


def _within(theirs: Any, ours: Any) -> bool:
    """Whether all that the one lists the other has too."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return all(name in ours and _within(each, ours[name]) for name, each in theirs.items())
    return bool(theirs == ours)


def require_empty(options: Options) -> None:
    """Raises CasebusError `home_not_empty`, or as `launch.require_startable` does."""
    launch.require_startable(options)
    place = options.place
    for part in (place.kafka, place.postgres):
        if part.exists():
            raise CasebusError("home_not_empty", f"{part} is there: restore into a new home")


def _require_partitions(found: Manifest) -> None:
    """The number is fixed for an installation's life. Raises CasebusError `partitions_differ`."""
    here = Settings().installation_partitions
    if found.partitions != here:
        raise CasebusError("partitions_differ", f"{found.partitions}, and {here} by the settings")


def bring_keys(options: Options, backup: Chosen) -> None:
    """Raises CasebusError `keys_missing` or `backup_of_another`."""
    home, found = options.place, backup.manifest
    if found.keys is not None and not home.credentials.is_file():
        home.make()
        keys.unpack(backup.folder, found.keys, home)
    root = load(home).root_digest or Settings().root_digest
    can_sign = home.root_key.is_file() or home.bus_key(OPERATOR).is_file()
    if not root or not can_sign:
        said = f"put keys, processes, root.pem and credentials.json of it into {home.path}"
        raise CasebusError("keys_missing", said)
    if root != found.installation:
        raise CasebusError("backup_of_another", f"{found.name} is of another installation")


def _mark(home: Home, epoch: int = 0) -> None:
    """Let what ends from here on not be started before it is removed or restored anew.

    `epoch` is that of the tables whose journal is written back; 0 where all is restored.
    """
    write_private(home.restoring, str(epoch).encode())


def _left_unfinished(home: Home) -> int | None:
    """The epoch whose journal an earlier run was writing back, if one was cut off."""
    return int(home.restoring.read_bytes()) if home.restoring.is_file() else None


async def restore(
    options: Options, backup: Chosen, advance: Advance = lambda _done, _all: None
) -> Restored:
    """Fill an empty home from a backup that was `chosen`; nothing of it runs afterwards.

    Raises CasebusError `home_not_empty`, `keys_missing`, `backup_of_another`,
    `journal_not_empty` or `journal_not_written`.
    """
    require_empty(options)
    _require_partitions(backup.manifest)
    bring_keys(options, backup)
    stack = Stack(options)
    restored = await stack.with_backends(_FromBackup(stack, backup, advance).run)
    stack.home.restoring.unlink()
    return restored


async def restore_journal(
    options: Options,
    backup: Chosen | None = None,
    advance: Advance = lambda _done, _all: None,
) -> Restored:
    """Write the journal back to empty brokers from the tables; the directory too, or a backup's.

    Raises CasebusError `journal_altered`, `directory_incomplete`, `rebuild_kept`,
    `nothing_recorded`, `journal_not_empty` or `journal_not_written`.
    """
    # What a restore of everything left has no tables to read from.
    launch.require_startable(options, finishing=bool(_left_unfinished(options.place)))
    stack = Stack(options)
    restored = await stack.with_backends(_FromTables(stack, backup, advance).run)
    stack.home.restoring.unlink()
    return restored


class _Restoring:
    """What both ways have in common: Kafka filled, then `own` told."""

    def __init__(self, stack: Stack, advance: Advance) -> None:
        self._stack, self._advance = stack, advance
        self._settings = environment.admin_settings(stack.options, stack.credentials)
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

    async def _provision(self) -> Installation:
        """The rest of the topics, users and roles: nothing of an earlier cluster is trusted."""
        stack = self._stack
        await make_tables(self._url, stack.credentials)
        installation = Installation(stack.home, self._settings, stack.credentials)
        installation.stamp.unlink(missing_ok=True)
        await asyncio.to_thread(installation.provision_kafka)
        stack.save_credentials()
        return installation


class _FromBackup(_Restoring):
    def __init__(self, stack: Stack, backup: Chosen, advance: Advance) -> None:
        super().__init__(stack, advance)
        self._folder, self._found = backup
        self._all = self._found.records()

    async def run(self) -> Restored:
        async with Brokers(self._settings) as brokers:
            await brokers.require_empty()
            await self._require_no_tables()
            _mark(self._stack.home)
            await self._tables()
            async with restoring.owner(self._url) as connection:
                restored = await self._fill(brokers, connection)
        installation = await self._provision()
        installation.note_known_law(self._found.law)
        return restored

    async def _require_no_tables(self) -> None:
        async with restoring.owner(self._url) as connection:
            if await dumping.has_own(connection):
                raise CasebusError("home_not_empty", "the database holds an installation")

    async def _tables(self) -> None:
        """Schema `own` as the migrations of the backup's release made it, then this one's."""
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
    def __init__(self, stack: Stack, backup: Chosen | None, advance: Advance) -> None:
        super().__init__(stack, advance)
        self._backup = backup

    async def run(self) -> Restored:
        before = _left_unfinished(self._stack.home)
        connection: Connection = await asyncpg.connect(self._url)
        try:
            if not await dumping.has_own(connection):
                raise CasebusError("nothing_recorded", "the database holds no installation")
            await migrate(self._url)
            epoch = await journal.current_epoch(connection)
            if before and before < epoch:
                # Cut off when everything was written: only the rest is left to do.
                carried = await restoring.carried(connection, epoch)
                restored = _restored(carried, 0, epoch, Resent(0, 0))
            else:
                await self._make_beside(connection)
                restored = await self._write_back(epoch, again=bool(before))
        finally:
            await connection.close()
        installation = await self._provision()
        installation.note_known_law(installation.known_law())
        return restored

    async def _make_beside(self, connection: Connection) -> None:
        if await beside.exists(connection, BEFORE):
            raise CasebusError("rebuild_kept", f"drop {BEFORE} first: casebus rebuild --drop-old")
        await beside.make(connection)

    async def _write_back(self, epoch: int, *, again: bool) -> Restored:
        async with Brokers(self._settings) as brokers:
            if again:
                await brokers.clear()
            await brokers.require_empty()
            _mark(self._stack.home, epoch)
            async with restoring.owner(self._url) as connection:
                return await self._fill(brokers, connection)

    async def _fill(self, brokers: Brokers, connection: Connection) -> Restored:
        """Nothing in the database has changed unless all is written."""
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
        # Casework derives anew what it then reads; what was read, the records too, stays beside.
        await beside.switch(connection, differs=True)
        return _restored(carried, directory, epoch, again)

    async def _directory(self, connection: Connection, epoch: int) -> Any:
        if self._backup is not None:
            return sources.kept(self._backup.folder, self._backup.manifest.directory)
        root = self._stack.credentials.root_digest or Settings().root_digest
        return sources.listed(await sources.directory_of(connection, self._schemas, epoch, root))


def _restored(
    carried: Mapping[int, int], directory: int, epoch: int, again: Resent, taken_at: str = ""
) -> Restored:
    sent_again = again.outbox + again.submissions
    return Restored(sum(carried.values()), directory, epoch, sent_again, taken_at)
