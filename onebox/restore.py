"""Brings a home back: its keys, then what `operations.backup` writes to its backends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial

from casebus.errors import CasebusError
from casebus.settings import Settings
from onebox import environment, keypack, launch
from onebox.credentials import load, write_private
from onebox.installation import Installation
from onebox.options import Options
from onebox.places import Home
from onebox.stack import Stack
from operations.backup.chosen import Chosen, require_partitions
from operations.backup.restoring import Advance, Restored, Target, from_backup, from_tables
from operations.provision.tables import make_tables
from operations.speakers import OPERATOR


def require_empty(options: Options) -> None:
    """Raises CasebusError `home_not_empty`, or the errors of `launch.require_startable`."""
    launch.require_startable(options)
    place = options.place
    for part in (place.kafka, place.postgres):
        if part.exists():
            raise CasebusError("home_not_empty", f"{part} is there: restore into a new home")


def bring_keys(options: Options, backup: Chosen) -> None:
    """Raises CasebusError `keys_missing` or `backup_of_another`."""
    home, found = options.place, backup.manifest
    if found.keys is not None and not home.credentials.is_file():
        home.make()
        keypack.unpack(backup.folder, found.keys, home)
    root = load(home).root_digest or Settings().root_digest
    can_sign = home.root_key.is_file() or home.bus_key(OPERATOR).is_file()
    if not root or not can_sign:
        said = f"put keys, processes, root.pem and credentials.json of it into {home.path}"
        raise CasebusError("keys_missing", said)
    if root != found.installation:
        raise CasebusError("backup_of_another", f"{found.name} is of another installation")


async def restore(
    options: Options, backup: Chosen, advance: Advance = lambda _done, _all: None
) -> Restored:
    """Fill an empty home from a backup that was `chosen`; nothing of it runs afterwards.

    Raises CasebusError `home_not_empty`, `keys_missing`, `backup_of_another`,
    `journal_not_empty` or `journal_not_written`.
    """
    require_empty(options)
    require_partitions(backup.manifest)
    bring_keys(options, backup)
    stack = Stack(options)
    target, law = _target(stack), backup.manifest.law
    return await _filled(stack, partial(from_backup, target, backup, advance), lambda _: law)


async def restore_journal(
    options: Options,
    backup: Chosen | None = None,
    advance: Advance = lambda _done, _all: None,
) -> Restored:
    """Write the journal back to empty brokers from the tables; the directory too, or a backup's.

    Raises CasebusError `journal_altered`, `directory_incomplete`, `rebuild_kept`,
    `nothing_recorded`, `journal_not_empty` or `journal_not_written`.
    """
    unfinished = _left_unfinished(options.place)
    # The home of an unfinished full restore has no tables to read from.
    launch.require_startable(options, finishing=bool(unfinished))
    stack = Stack(options)
    work = partial(from_tables, _target(stack), backup, advance, unfinished=unfinished)
    return await _filled(stack, work, Installation.known_law)


async def _filled(
    stack: Stack,
    work: Callable[[], Awaitable[Restored]],
    law: Callable[[Installation], dict[str, str]],
) -> Restored:
    async def fill() -> Restored:
        restored = await work()
        installation = await _provision(stack)
        installation.note_known_law(law(installation))
        return restored

    restored = await stack.with_backends(fill)
    stack.home.restoring.unlink()
    return restored


def _target(stack: Stack) -> Target:
    settings = environment.admin_settings(stack.options, stack.credentials)
    return Target(settings, partial(_mark, stack.home))


def _mark(home: Home, epoch: int) -> None:
    """Mark the home: after an early end it is not started until it is removed or restored."""
    write_private(home.restoring, str(epoch).encode())


def _left_unfinished(home: Home) -> int | None:
    """The epoch whose journal an earlier run was writing back, if one was interrupted."""
    return int(home.restoring.read_bytes()) if home.restoring.is_file() else None


async def _provision(stack: Stack) -> Installation:
    """The remaining topics, users and roles: nothing of an earlier cluster is trusted."""
    settings = environment.admin_settings(stack.options, stack.credentials)
    await make_tables(settings.database_url, stack.credentials)
    installation = Installation(stack.home, settings, stack.credentials)
    installation.stamp.unlink(missing_ok=True)
    await asyncio.to_thread(installation.provision_kafka)
    stack.save_credentials()
    return installation
