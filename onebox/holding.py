"""Finds the process that holds a backend's data.

Clears the rest of a crash, names a living process.
"""

from __future__ import annotations

import fcntl
import logging
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from casebus.errors import CasebusError

log = logging.getLogger(__name__)

#: A server's children end a moment after it.
ENDING_SECONDS = 5.0
_LOOK_SECONDS = 0.1
_SERVER = "postgres"


def require_unused_cluster(data: Path) -> None:
    """Raises CasebusError `data_in_use` while a PostgreSQL process works in this folder.

    `postmaster.pid` alone proves nothing: after a crash its number may belong to any process, and
    PostgreSQL would not start as long as that process lives.
    """
    stale = data / "postmaster.pid"
    _require_none(data, lambda: _working_in(data) or _server_named_in(stale))
    if stale.is_file():
        log.warning("%s is left from a crash, and removed", stale)
        stale.unlink()


def require_unused_log(folder: Path) -> None:
    """Raises CasebusError `data_in_use` while another process holds Kafka's lock on this folder.

    The file outlives its process, but the lock does not. So we try to take it.
    """
    lock = folder / ".lock"
    _require_none(folder, lambda: _holders(lock))


def _require_none(folder: Path, find: Callable[[], Sequence[psutil.Process | None]]) -> None:
    deadline = time.monotonic() + ENDING_SECONDS
    while found := find():
        if time.monotonic() > deadline:
            says = f"{_named(found[0])} uses {folder}: end it, or choose another home"
            raise CasebusError("data_in_use", says)
        time.sleep(_LOOK_SECONDS)


def _named(process: psutil.Process | None) -> str:
    if process is None:
        return "a process that cannot be seen from here"
    with suppress(psutil.Error):
        return f"process {process.pid} ({process.name()})"
    return f"process {process.pid}"


def _working_in(data: Path) -> list[psutil.Process]:
    """The server and all its children have their folder as working directory."""
    return [
        one
        for one in psutil.process_iter(["name"])
        if one.info["name"] == _SERVER and _is_in(one, data)
    ]


def _server_named_in(stale: Path) -> list[psutil.Process]:
    """A server of another account, of which only the name can be seen."""
    with suppress(OSError, ValueError, IndexError, psutil.Error):
        named = psutil.Process(int(stale.read_text("utf-8").split()[0]))
        if named.name() == _SERVER and _folder(named) is None:
            return [named]
    return []


def _holders(lock: Path) -> list[psutil.Process | None]:
    if not lock.is_file() or _can_be_locked(lock):
        return []
    # Held, but no process is seen: it belongs to another account, or to another machine on this
    # disk.
    return [one for one in psutil.process_iter() if str(lock) in _open_files(one)] or [None]


def _can_be_locked(lock: Path) -> bool:
    with lock.open("r+b") as handle:
        try:
            fcntl.lockf(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
    return True


def _is_in(process: psutil.Process, data: Path) -> bool:
    """True for the same folder by any way: links, and mounts of one folder in two places."""
    folder = _folder(process)
    with suppress(OSError):
        return folder is not None and data.samefile(folder)
    return False


def _folder(process: psutil.Process) -> str | None:
    try:
        return process.cwd()
    except psutil.Error:
        return None


def _open_files(process: psutil.Process) -> set[str]:
    try:
        return {one.path for one in process.open_files()}
    except psutil.Error:
        return set()
