"""SQLite files: each failure is an error with a code, at the call that met it."""

from __future__ import annotations

import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from casebus.errors import AwayError, CasebusError
from casebus.words import in_words

_BUSY_SECONDS = 30.0
#: Faults of the caller, not of the file.
_OURS = (sqlite3.ProgrammingError, sqlite3.IntegrityError, sqlite3.NotSupportedError)
_HELD = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
#: The low byte of SQLite's extended codes is the plain one.
_PLAIN = 0xFF
_OTHERS = 0o007
_CALLS = ("execute", "executemany", "executescript")
_READS = ("__next__", "fetchone", "fetchmany", "fetchall")


def open_file(path: Path | str, **options: Any) -> sqlite3.Connection:
    """As sqlite3.connect; raises CasebusError `store_unusable`, as each later call does.

    If another process holds the file for half a minute, raises AwayError `store_locked`.
    """
    name = Path(path).name or "a temporary file"
    try:
        _keep_from_others(path)
        return sqlite3.connect(path, timeout=_BUSY_SECONDS, factory=_connection(name), **options)
    except sqlite3.Error as error:
        raise _clear(error, name) from error


def _keep_from_others(path: Path | str) -> None:
    """Signed records that are not sent belong to the account, whatever the umask.

    SQLite gives the files beside it the same rights, and reports itself a file that cannot be
    opened.
    """
    if not str(path):
        return
    with suppress(OSError):
        Path(path).touch(0o600)
        if (mode := stat.S_IMODE(Path(path).stat().st_mode)) & _OTHERS:
            Path(path).chmod(mode & ~_OTHERS)


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """All or nothing; other processes that write wait meanwhile."""
    db.execute("begin immediate")
    try:
        yield
        db.execute("commit")
    except BaseException:
        # A full disk ends the transaction by itself.
        if db.in_transaction:
            db.execute("rollback")
        raise


def _clear(error: sqlite3.Error, name: str) -> CasebusError:
    code = getattr(error, "sqlite_errorcode", 0) & _PLAIN
    if code in _HELD:
        return AwayError("store_locked", f"another process holds {name}")
    return CasebusError("store_unusable", f"{name}: {in_words(error)}")


def _connection(name: str) -> type[sqlite3.Connection]:
    """A connection, and its cursors, whose errors name the file."""

    def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Any, *given: Any) -> Any:
            try:
                return method(self, *given)
            except _OURS:
                raise
            except sqlite3.Error as error:
                raise _clear(error, name) from error

        return call

    calls = {one: guarded(getattr(sqlite3.Cursor, one)) for one in (*_CALLS, *_READS)}
    cursor: type[sqlite3.Cursor] = type("Cursor", (sqlite3.Cursor,), calls)

    class Connection(sqlite3.Connection):
        def execute(self, *given: Any) -> sqlite3.Cursor:
            return self._cursor().execute(*given)

        def executemany(self, *given: Any) -> sqlite3.Cursor:
            return self._cursor().executemany(*given)

        def executescript(self, *given: Any) -> sqlite3.Cursor:
            return self._cursor().executescript(*given)

        def _cursor(self) -> sqlite3.Cursor:
            return self.cursor(cursor)

    return Connection
